r"""What a command that shows a run does about signals: the run's end is not its own.

A request for the end is passed on to whoever carries the run out. Ctrl-\ and a closed terminal mean
that nobody wants to watch any more. Handlers do all that themselves, at once: writing to a terminal
that stands still can wait for ever.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from runner.errors import OK, SIGNAL_BASE, WfError
from runner.records import asking
from runner.terminal import leave_size, window_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from runner.paths import RunPaths

_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_LEAVES = (signal.SIGQUIT, signal.SIGHUP)


class Leaving(BaseException):
    """The user wants to watch no more, but what is watched goes on. ``signal`` told so."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Shown(Protocol):
    """What is on the terminal, as far as signals matter to it."""

    def stand_aside(self) -> None:
        """Somebody else has the terminal for a while (Ctrl-Z)."""

    def come_back(self) -> None:
        """The terminal is ours again."""


class Hearing:
    """``with Hearing() as hearing:`` hears; :meth:`aim` says for whom."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        """What was asked for, by number."""
        self.shown: Shown | None = None
        self.window: Path | None = None
        """Where the size of the terminal is left for a job that has one."""
        self.kept_rows = 0
        """How many rows of the terminal are ours, and not the job's."""
        self._send: Callable[[int], object] | None = None
        self._early: list[int] = []
        self._left: int | None = None
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        handlers: dict[int, Callable[[int, object], None]] = {
            **dict.fromkeys(_PASSED_ON, self._pass_on),
            **dict.fromkeys(_LEAVES, self._leave),
            signal.SIGWINCH: self._resized,
            signal.SIGTSTP: self._suspend,
        }
        for number, handler in handlers.items():
            # nohup(1): it stays when the terminal is closed
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._send = None
        for number, handler in self._before.items():
            if kind is not Leaving or number not in _LEAVES:
                signal.signal(number, handler)

    def aim(self, send: Callable[[int], object]) -> None:
        """From now on requests are passed on by ``send``; those made before are so now."""
        self._send = send
        early, self._early = self._early, []
        for number in early:
            if number in _LEAVES:
                self._leave(number)
            send(number)

    def check(self) -> None:
        """To be called after each wait.

        Python drops what a handler raises while it calls back (``__del__``, a weak reference; each
        import has one of these).

        Raises:
            Leaving: the user wanted to before, and that was dropped.
        """
        if self._left is not None:
            raise Leaving(self._left)

    def tell_size(self) -> None:
        """The terminal has another size than the one that showed it before, maybe."""
        self._resized(signal.SIGWINCH)

    def _pass_on(self, number: int, _frame: object = None) -> None:
        self.asked.append(number)
        if self._send is None:
            self._early.append(number)
        else:
            self._send(number)

    def _leave(self, number: int, _frame: object = None) -> None:
        if self._send is None:
            self._early.append(number)
            return
        # once is enough: what is said last must not be cut off
        for each in _LEAVES:
            signal.signal(each, signal.SIG_IGN)
        self._left = number
        raise Leaving(number)

    def _resized(self, number: int, _frame: object = None) -> None:
        size = window_size(self.kept_rows)
        if self.window is None or size is None or self._send is None:
            return
        try:
            leave_size(self.window, size)
        except OSError:
            return  # the run has been removed, or the disk is full: the size is no reason to fail
        self._send(number)

    def _suspend(self, number: int, _frame: object = None) -> None:
        if self.shown is not None:
            self.shown.stand_aside()
        handler = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, handler)
        if self.shown is not None:
            self.shown.come_back()
        self.tell_size()


def ask(paths: RunPaths, number: int, now: datetime) -> None:
    """Write down who asks for the end of a run by that signal: it is the user."""
    by: Literal["interrupt", "stop"] = "interrupt" if number == signal.SIGINT else "stop"
    with suppress(WfError):
        asking.write(paths, asking.request(by, number, now), impatient=True)


def left(leaving: Leaving, err: TextIO, run: str | None) -> int:
    """What goes on now that nobody watches it, and how to come back; the exit code."""
    if leaving.signal == signal.SIGHUP:
        return SIGNAL_BASE + leaving.signal
    if run is None:
        said = "they go on in the background\n`wf ps` lists them, `wf stop -a` ends all"
    else:
        said = (
            f"{run} goes on in the background\n`wf attach {run}` shows it, `wf stop {run}` ends it"
        )
    with suppress(OSError):
        err.write(f"\n{said}\n")
    return OK
