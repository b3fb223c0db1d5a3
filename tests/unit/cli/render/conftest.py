"""Streams to render on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Stream(io.StringIO):
    """A stream of a given encoding, which may say that it is a terminal."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__()
        self._encoding = encoding
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def stream() -> Callable[..., io.StringIO]:
    """Make a stream: UTF-8 and no terminal, unless said otherwise."""

    def made(encoding: str = "utf-8", *, terminal: bool = False) -> io.StringIO:
        return Stream(encoding, terminal=terminal)

    return made
