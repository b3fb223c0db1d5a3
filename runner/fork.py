"""A part of this very command as a process of its own: it costs no start of an interpreter.

A :class:`Nursery`'s child lives in a process group of its own, so that Ctrl-C on a terminal reaches
the parent alone, which passes it on. It takes orders through a pipe, and is asked to end (SIGTERM)
when its parent is gone. A :func:`detached` one stays when its parent and the terminal are gone.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HANDLED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGWINCH,
    signal.SIGQUIT,
    signal.SIGTSTP,
)
_FAILED = 70
_STREAMS = (0, 1, 2)


class Child(NamedTuple):
    """A child: its process id, and the descriptor that what it says is read from."""

    pid: int
    output: int
    deputy: int | None = None
    """Who took its place when it was killed; holds its end of the pipe as well."""

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.deputy or self.pid, number)

    def collect(self) -> int:
        """Wait for its end, which is at hand when its output has ended; its exit code."""
        os.close(self.output)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


class Worker(NamedTuple):
    """A child, and the descriptor that it is told through what to do."""

    child: Child
    orders: int

    def tell(self, order: bytes) -> bool:
        """Give it an order; whether it is there to take it."""
        view = memoryview(order)
        try:
            while view:
                view = view[os.write(self.orders, view) :]
        except BrokenPipeError:
            return False
        return True


class Nursery:
    """Makes children, none of which outlives the process it was made in."""

    def __init__(self) -> None:
        self._orders: set[int] = set()

    def close(self) -> None:
        """No more orders are given, and children that are not idle are asked to end."""
        for orders in self._orders:
            os.close(orders)
        self._orders.clear()

    def make(self, work: Callable[[int, int], None]) -> Worker:
        """Start a child that does ``work`` and ends with exit code 0, or 70 if that raises.

        ``work`` is given the descriptor that its orders come through, which end when its parent is
        gone or has no more, and the one that it can say something to its parent through.
        """
        taking, orders = os.pipe()

        def live(writing: int, mask: set[int]) -> None:
            os.setpgid(0, 0)
            # as long as another child could still write to it, a pipe would not end
            for mine in (orders, *self._orders):
                os.close(mine)
            for number in _HANDLED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            threading.Thread(target=_watch, args=(taking,), daemon=True).start()
            work(taking, writing)

        try:
            child = _fork(live)
        finally:
            os.close(taking)
        self._orders.add(orders)
        return Worker(child, orders)

    def dismiss(self, worker: Worker) -> int:
        """Give it no more orders, and wait for its end, which is at hand; its exit code."""
        if worker.orders in self._orders:
            self._orders.remove(worker.orders)
            os.close(worker.orders)
        return worker.child.collect()


def _watch(orders: int) -> None:
    """Ask this process to end when nobody can give it orders any more."""
    poller = select.poll()
    poller.register(orders, 0)  # the other end being closed is always told
    poller.poll()
    os.kill(os.getpid(), signal.SIGTERM)


def detached(work: Callable[[int], None], arrived: Callable[[int, object], None]) -> Child:
    """Start a child that does ``work``, whatever becomes of this process and its terminal.

    It has a session of its own and nothing of what its parent was started with: no stream, no other
    descriptor. ``arrived`` is its handler for SIGINT, SIGTERM and SIGWINCH from its first moment
    on; SIGHUP means nothing to it. ``work`` is given the descriptor that it can say something
    through; writing to that never waits.
    """

    def live(writing: int, mask: set[int]) -> None:
        os.setsid()
        _let_go()
        os.set_blocking(writing, False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH):
            signal.signal(number, arrived)
        for number in (signal.SIGQUIT, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        # not SIG_IGN, which the programs that it starts would inherit
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        work(writing)

    return _fork(live)


class Deputy(NamedTuple):
    """A copy of this process that does nothing as long as this one lives."""

    pid: int
    living: int

    def dismiss(self) -> None:
        """There is no need of it any more."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.living)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def deputy(take_over: Callable[[], None]) -> Deputy | None:
    """Fork a copy of this process; returns ``None`` in that one, once this one has ended.

    It hears no signal before it has done ``take_over``. Threads are not copied.

    Raises:
        OSError: there cannot be one more process.
    """
    waiting, living = os.pipe()
    with _signals_held():
        try:
            pid = os.fork()
        except OSError:
            os.close(waiting)
            os.close(living)
            raise
        if pid:
            os.close(waiting)
            return Deputy(pid, living)
        os.close(living)
        os.read(waiting, 1)  # nobody writes: it ends with who could
        os.close(waiting)
        take_over()
    return None


def _fork(live: Callable[[int, set[int]], None]) -> Child:
    """A child that does ``live``, given the pipe to its parent and the signals to unblock."""
    output, writing = os.pipe()
    with _signals_held() as before:
        pid = os.fork()
        if pid == 0:
            code = _FAILED
            try:
                signal.set_wakeup_fd(-1)  # what wakes up the parent
                os.close(output)
                live(writing, before)
                code = 0
            finally:
                # neither the parent's buffers nor its clean-up are ours
                os._exit(code)
    os.close(writing)
    return Child(pid, output)


@contextmanager
def _signals_held() -> Iterator[set[int]]:
    """A signal that arrives meanwhile belongs to the parent's handlers, not to their copies."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_go() -> None:
    """Hold nothing open that came from outside: whoever reads from a pipe waits for its end.

    What we have opened ourselves is closed when a program is executed, what was handed to us is
    not.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in _STREAMS:
        os.dup2(nothing, number)
    os.close(nothing)
    with suppress(FileNotFoundError):  # no Linux
        for name in os.listdir("/proc/self/fd"):
            number = int(name)
            with suppress(OSError):
                if number > max(_STREAMS) and not _ours(number):
                    os.close(number)


def _ours(descriptor: int) -> bool:
    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)
