"""How far something is that is done many times: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO, TypeVar

from runner.cli.render.style import style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

T = TypeVar("T")
_EVERY_SECONDS = 0.1
# to the line's beginning, and empty it (ECMA-48: CR, EL)
_AGAIN = "\r\x1b[K"


class Counted:
    """``with Counted("removing run", 12, err, variables) as counted:``: shows the count."""

    def __init__(self, what: str, of: int, stream: TextIO, variables: Mapping[str, str]) -> None:
        self._what = what
        self._of = of
        self._stream = stream
        self._shown = style(stream, variables).terminal
        self._next = time.monotonic() + _EVERY_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        if self._shown:
            self._stream.write(_AGAIN)
            self._stream.flush()

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """The same things, counted as they pass."""
        for number, thing in enumerate(things, 1):
            if self._shown and time.monotonic() >= self._next:
                self._next = time.monotonic() + _EVERY_SECONDS
                self._stream.write(f"{_AGAIN}{self._what} {number:,} of {self._of:,}")
                self._stream.flush()
            yield thing
