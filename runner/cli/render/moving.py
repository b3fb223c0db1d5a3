"""What rich moves on a terminal, begun and taken away whatever becomes of it meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, TextIO

SHOWN, HIDDEN = "\x1b[?25h", "\x1b[?25l"
"""Have the cursor seen, or not (DECTCEM)."""


class Moving(Protocol):
    """A ``rich.live.Live``, or a ``rich.status.Status``."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and leave nothing on the screen."""


def begin(moving: Moving) -> None:
    """Begin; where the terminal is gone, nothing is seen of it."""
    with suppress(OSError):
        moving.start()


def take_away(moving: Moving, stream: TextIO) -> None:
    """End it, on the terminal that is ``stream``.

    A signal that ends the command may have come in the midst of a step of rich's, which does not
    find what it has not done yet (``IndexError``) or keeps to itself what it has to say. That is no
    bug to report; what is left to do then is to show the cursor.
    """
    with suppress(Exception):
        moving.stop()
    with suppress(OSError):
        stream.write(SHOWN)
        stream.flush()
