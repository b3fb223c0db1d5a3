"""Where a job's output goes: its log, and whatever is to happen to the bytes on their way there."""

from __future__ import annotations

import os
from typing import Protocol


class Sink(Protocol):
    """Takes a job's output, piece by piece; never in the job's way."""

    @property
    def error(self) -> str | None:
        """The log is incomplete, and why; ``None`` while it is whole."""
        ...

    def write(self, piece: memoryview, /) -> None:
        """Take the next piece. It is another one after the call. Must not raise."""
        ...

    def finish(self) -> None:
        """Nothing more comes. Must not raise."""
        ...


class LogFile:
    """A file that is written as it comes."""

    def __init__(self, descriptor: int) -> None:
        """``descriptor`` is not closed."""
        self.error: str | None = None
        self._descriptor = descriptor

    def write(self, piece: memoryview) -> None:
        """The job is never held up by a log that cannot be written."""
        if self.error is not None:
            return
        try:
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError as error:
            self.error = error.strerror or str(error)

    def finish(self) -> None:
        """All is there."""
