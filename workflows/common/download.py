"""Fetching a data set, or saying in a few words why it cannot be had."""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
import zlib
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NETWORK_TIMEOUT_S = 5.0


def fetch(root: Path, name: str, download: Callable[[str], object]) -> str | None:
    """Have ``download`` write a data set; return None, or in a few words why that failed.

    ``download`` is given a folder and leaves ``name`` in it. That is moved to ``root / name`` when
    it is complete, so that an interrupted download is never taken for a finished one.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as staging:
        try:
            with network_timeout():
                download(staging)
        except (RuntimeError, OSError, HTTPException, EOFError, zlib.error) as error:
            return brief_reason(error)
        shutil.rmtree(root / name, ignore_errors=True)
        Path(staging, name).replace(root / name)
    return None


@contextmanager
def network_timeout() -> Iterator[None]:
    """Give up on a silent server soon; torchvision sets no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def brief_reason(error: Exception) -> str:
    """The first cause that a download error names, without URLs, wrappers and errno numbers."""
    lines = [line for line in str(error).splitlines() if not line.startswith(("Error ", "Tried "))]
    text = lines[0] if lines else type(error).__name__
    text = re.sub(r"^<urlopen error (.*)>$", r"\1", text.strip())
    text = re.sub(r"^\[Errno -?\d+\] ", "", text).rstrip(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
