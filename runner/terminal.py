"""Terminals and the pipes that stand in for them: where a job's output goes first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PIPE_BYTES = 1 << 20
# fcntl(2); names in the module fcntl on Linux alone
_F_SETPIPE_SZ = 1031
_F_GETPIPE_SZ = 1032


@dataclass(frozen=True, slots=True)
class WindowSize:
    """A terminal's size in characters."""

    rows: int
    columns: int


def window_size(kept_rows: int = 0) -> WindowSize | None:
    """The size of the terminal that stdout is, if it is one, without so many of its rows."""
    try:
        found = os.get_terminal_size(1)
    except OSError:
        return None
    return WindowSize(max(found.lines - kept_rows, 1), found.columns)


def leave_size(path: Path, size: WindowSize) -> None:
    """Write the size down for whoever has the job's terminal, in place of what stood there.

    Raises:
        OSError: it cannot be written.
    """
    staged = path.with_name(f"{path.name}.new")
    staged.write_text(f"{size.rows} {size.columns}\n", "ascii")
    staged.replace(path)


def left_size(path: Path) -> WindowSize | None:
    """The size that was written down; ``None`` if there is none."""
    try:
        rows, columns = map(int, path.read_text("ascii").split())
    except (OSError, ValueError):
        return None
    return WindowSize(rows, columns)


def open_output(terminal: WindowSize | None) -> tuple[int, int]:
    """Our end and the job's end of its output."""
    if terminal is None:
        ours, theirs = os.pipe()
        _enlarge(ours)
        return ours, theirs
    import pty
    import termios

    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    # the terminal that shows the bytes turns line feeds into new lines; were it done here too,
    # the log would hold carriage returns that the job never wrote
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    set_window(ours, terminal)
    return ours, theirs


def _enlarge(pipe: int) -> None:
    """A pipe of a MiB: fewer switches between a job that prints a lot and us."""
    import fcntl

    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        return  # more than this user may have; 64 KiB do as well


def roomy(output: int) -> bool:
    """Whether a job can write a lot into ``output`` before it has to wait for its reader."""
    import fcntl

    try:
        return fcntl.fcntl(output, _F_GETPIPE_SZ) >= _PIPE_BYTES
    except OSError:
        return False  # a terminal, or not Linux


def set_window(terminal: int, size: WindowSize) -> None:
    """Give a terminal another size."""
    import fcntl
    import struct
    import termios

    packed = struct.pack("HHHH", size.rows, size.columns, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)
