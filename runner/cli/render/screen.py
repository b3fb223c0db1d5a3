"""The whole terminal for something that is looked at, and the terminal as it was afterwards."""

from __future__ import annotations

import errno
import os
import select
import signal
import termios
import time
import tty
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from runner.errors import OK, SIGNAL_BASE
from runner.process.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

# xterm's control sequences ("XTerm Control Sequences", private modes 1049, 25 and 7): another
# screen to draw on, no cursor, and lines that end at the edge
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _NEW_LINE, _END_SCREEN = "\x1b[H", "\x1b[2K", "\x1b[J"
_HEARD = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGWINCH,
    signal.SIGTSTP,
)
_STDIN = 0
_SECONDS = 1.0
_ENDS = (b"q", b"Q", b"\x04")
_HUNG_UP = SIGNAL_BASE + signal.SIGHUP


class Screen:
    """``with Screen(out) as screen:`` draws on a terminal, and listens to its keys.

    Signals are taken note of and heard in :meth:`rest`, so that whatever ends the screen, the
    terminal is restored. The keys are those of stdin, if that is a terminal.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._keys = _STDIN if os.isatty(_STDIN) else None
        self._before: list[Any] | None = None
        self._signals = Signals()
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._signals.arm()
        self._handlers = {number: signal.signal(number, self._signals.arrived) for number in _HEARD}
        self._take()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def draw(self, text: str, footer: str) -> None:
        """Show lines in place of those before; what is too long for the screen is left out."""
        rows = os.get_terminal_size(self._out.fileno()).lines or 24
        lines = text.splitlines()
        room = max(rows - 2, 1)
        if len(lines) > room:
            left = len(lines) - room + 1
            lines = [*lines[: room - 1], f"… {left} more lines"]
        # a line is emptied first: behind one that fills it, its last letter would go
        shown = "\n".join(f"{_NEW_LINE}{line}" for line in [*lines, "", footer])
        self._out.write(f"{_HOME}{shown}{_END_SCREEN}")
        self._out.flush()

    def rest(self, seconds: float) -> int | None:
        """Wait so long, less if the size changes; an exit code when it is to end."""
        watched = [self._signals.fileno()]
        if self._keys is not None:
            watched.append(self._keys)
        ready, _, _ = select.select(watched, [], [], seconds)
        for number in self._signals.take():
            if number == signal.SIGTSTP:
                self._stand_aside()
            elif number != signal.SIGWINCH:
                return SIGNAL_BASE + number
        if self._keys in ready:
            pressed = os.read(self._keys, 64)
            if not pressed:
                return _HUNG_UP
            if any(key in pressed for key in _ENDS):
                return OK
        return None

    def _take(self) -> None:
        if self._keys is not None:
            self._before = termios.tcgetattr(self._keys)
            tty.setcbreak(self._keys)
        self._out.write(_ENTER)
        self._out.flush()

    def _give_back(self) -> None:
        with suppress(OSError, termios.error):  # it is gone
            self._out.write(_LEAVE)
            self._out.flush()
            if self._keys is not None and self._before is not None:
                termios.tcsetattr(self._keys, termios.TCSAFLUSH, self._before)

    def _stand_aside(self) -> None:
        """Ctrl-Z: the shell gets its terminal, and we get it back when we go on."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._signals.arrived)
        self._take()


def watch(seen: Callable[[], tuple[object, str]], out: TextIO, *, terminal: bool) -> int:
    """Show something anew once a second until somebody has seen enough; the exit code.

    ``seen`` answers with what is the case, and its text. Where ``out`` is no terminal there is a
    block of text whenever something else is the case, until a signal ends it.
    """
    return _on_a_screen(seen, out) if terminal else _in_blocks(seen, out)


def _on_a_screen(seen: Callable[[], tuple[object, str]], out: TextIO) -> int:
    with Screen(out) as screen:
        while True:
            text = seen()[1]
            try:
                screen.draw(text, "q ends")
                code = screen.rest(_SECONDS)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return _HUNG_UP  # the signal that says so comes a little later
            if code is not None:
                return code


def _in_blocks(seen: Callable[[], tuple[object, str]], out: TextIO) -> NoReturn:
    told: object = None
    while True:
        facts, text = seen()
        if facts != told:
            out.write(text if told is None else f"\n{text}")
            out.flush()
            told = facts
        time.sleep(_SECONDS)
