r"""A line of ours below a job's output, which scrolls above it untouched.

The terminal is told to scroll all its rows but the last (DECSTBM), which is where the line stands;
the job's own terminal has a row less. The sequences are those of the VT100 and all that came after:
DECSC and DECRC keep the cursor, CUP places it, IND and CUU move it out of the last row.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from runner import envvars
from runner.cli.render.style import columns, cut, style
from runner.terminal import window_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.cli.render.style import Style
    from runner.terminal import WindowSize

TAIL = 4096
"""How much of what was written is looked at before the line is drawn, in bytes."""

_FEWEST_ROWS = 5
_KEEP, _BACK = "\x1b7", "\x1b8"
_ALL_ROWS = f"{_KEEP}\x1b[r{_BACK}"
# out of the last row: down, where the screen scrolls if need be, and up again
_MAKE_ROOM = "\x1bD\x1b[A"
_EMPTY = "\x1b[2K"
_INVERSE, _PLAIN = "\x1b[7m", "\x1b[0m"
_WHOLE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])"
)


def possible(out: TextIO, variables: Mapping[str, str]) -> bool:
    """Whether there can be such a line on a stream, and is wanted."""
    wanted = variables.get(envvars.STATUS, "").lower() not in {"off", "0", "no", "false"}
    return wanted and style(out, variables).terminal and room(window_size())


def room(size: WindowSize | None) -> bool:
    """Whether a terminal is large enough to lose a row."""
    return size is not None and size.rows >= _FEWEST_ROWS


def settled(tail: bytes) -> bool:
    """Whether something else may be written behind ``tail``: it ends with no part of a whole.

    That is a control sequence, or a character of several bytes (UTF-8).
    """
    start = tail.rfind(b"\x1b")
    if start > 0 and tail[start : start + 2] == b"\x1b\\":
        return True  # the end of a string
    if start >= 0 and _WHOLE.match(tail, start) is None:
        return False
    for back in range(1, min(4, len(tail) + 1)):
        byte = tail[-back]
        if byte < 0x80:  # noqa: PLR2004 - ASCII
            return True
        if byte >= 0xC0:  # noqa: PLR2004 - the first byte of several
            return back >= (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)  # noqa: PLR2004
    return True


class StatusLine:
    """The line, on one terminal. What cannot be written is left out."""

    def __init__(self, out: TextIO, dress: Style) -> None:
        self._out = out
        self._dress = dress
        self._size: WindowSize | None = None
        self._shown = ""

    @property
    def there(self) -> bool:
        """Whether it is on the screen."""
        return self._size is not None

    def show(self, text: str, size: WindowSize) -> None:
        """Put the line there, or another text into it; the terminal may have another size now."""
        before, code = self._size, ""
        if before != size:
            if before is not None:
                code += self._gone(before, size)
            code += f"{_ALL_ROWS}{_MAKE_ROOM}"
        shown = self._line(text, size)
        if before == size and shown == self._shown:
            return
        self._size, self._shown = size, shown
        # the job may have told the terminal something else meanwhile
        scrolling = f"{_KEEP}\x1b[1;{size.rows - 1}r{_BACK}"
        self._write(f"{code}{scrolling}{_KEEP}\x1b[{size.rows};1H{shown}{_BACK}")

    def hide(self) -> None:
        """Take it away; the terminal is as it was. Safe to repeat."""
        size, self._size = self._size, None
        if size is not None:
            self._write(f"{_ALL_ROWS}{_KEEP}\x1b[{size.rows};1H{_EMPTY}{_BACK}")

    def _gone(self, before: WindowSize, now: WindowSize) -> str:
        """What takes the line away from where it stood, if that is still to be seen."""
        if before.rows > now.rows:
            return ""
        return f"{_KEEP}\x1b[{before.rows};1H{_EMPTY}{_BACK}"

    def _line(self, text: str, size: WindowSize) -> str:
        # the last column stays free: some terminals begin another line there
        width = size.columns - 1
        said = cut(f" {self._dress.plain(text)}", width)
        said += " " * (width - columns(said))
        return f"{_PLAIN}{_EMPTY}{_INVERSE}{said}{_PLAIN}"

    def _write(self, code: str) -> None:
        with suppress(OSError):
            self._out.flush()
            left = code.encode(self._out.encoding or "utf-8", "replace")
            while left:
                left = left[os.write(self._out.fileno(), left) :]
