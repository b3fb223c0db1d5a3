"""How far a command is with many files: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from runner.cli.render.style import ECHO, cut, style
from runner.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Self

# to the line's beginning, and empty it (ECMA-48: CR, EL)
_AGAIN = "\r\x1b[K"


class Transfer:
    """``with Transfer("verifying", err, variables) as transfer:``: shows how far that is.

    The line appears after half a second, and is gone when the ``with`` is left.
    """

    def __init__(
        self,
        verb: str,
        stream: TextIO,
        variables: Mapping[str, str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verb = verb
        self._stream = stream
        self._variables = variables
        self._terminal = style(stream, variables).terminal
        self._drawn = False
        self.tell = Pace(self._show, now)
        """To be told files and bytes so far: ``transfer.tell(files, bytes)``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self.close()

    def expect(self, files: int | None, size: int | None) -> None:
        """How much there will be in all, of what is known beforehand."""
        self.tell.expect(files, size)

    def say(self, line: str) -> None:
        """A line that stays, above the one that moves; written wherever the stream goes."""
        self.close()
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Take the line away. Safe to repeat."""
        if self._drawn:
            self._write(_AGAIN)
        self._drawn = False

    def _show(self, text: str) -> None:
        if self._terminal:
            # asked anew: the window may have another size now
            dress = style(self._stream, self._variables)
            shown = cut(dress.plain(f"{self._verb}  {text}"), dress.width - ECHO)
            self._write(f"{_AGAIN}{shown}")
            self._drawn = True

    def _write(self, code: str) -> None:
        # the work does not end because the terminal is gone
        with suppress(OSError):
            self._stream.write(code)
            self._stream.flush()
