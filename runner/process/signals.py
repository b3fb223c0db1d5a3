"""Signals on their way to a job, or to whoever would start one."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# a byte of which this bit is set was written by a handler, one without it by the kernel's
_HEARD = 0x80


class Interrupted(KeyboardInterrupt):
    """The user asked for the end while no job was running. ``signal`` is what arrived."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Arrivals(Protocol):
    """What arrives for a job. SIGKILL among it: its end is wanted at once."""

    def fileno(self) -> int:
        """Readable when something has arrived."""
        ...

    def take(self) -> list[int]:
        """The signals that arrived since the last time."""
        ...


class Signals:
    """What arrives for a job: from signal handlers to the loop that waits for it.

    Until :meth:`arm` is called nothing is running that could be asked to stop, and such a request
    raises :class:`Interrupted` where the program happens to be.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._armed = False
        self._aborts: Callable[[], bool] | None = None

    def fileno(self) -> int:
        """Readable when something has arrived."""
        return self._reading

    def listen(self, numbers: Iterable[int]) -> None:
        """Hear these from now on, in place of whoever did."""
        self.wake()
        for number in numbers:
            signal.signal(number, self.arrived)

    def wake(self) -> None:
        """Be readable for a moment after each signal, whoever hears it.

        A handler runs between two steps of the program. When a signal comes after the last step
        before a wait, the wait has to end for its handler to run: so the interpreter writes to the
        pipe, at once (docs.python.org, ``signal.set_wakeup_fd``).
        """
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def arm(self) -> None:
        """From now on signals are for the job."""
        self._armed = True
        self._aborts = None

    def disarm(self) -> None:
        """Nothing is running any more, or not yet: what arrives interrupts, or has arrived already.

        Raises:
            Interrupted: something has.
        """
        self._armed = False
        self._aborts = None
        for number in self.take():
            if number != signal.SIGWINCH:
                raise Interrupted(number)

    def only_abort(self, aborts: Callable[[], bool]) -> None:
        """From now on what arrives is kept, and interrupts only when ``aborts`` says so then."""
        self._armed = True
        self._aborts = aborts

    def arrived(self, number: int, _frame: object = None) -> None:
        """Take note of a signal; usable as a signal handler."""
        if self._armed:
            # a full pipe means that 64 KiB of requests are waiting already
            with contextlib.suppress(BlockingIOError):
                os.write(self._writing, bytes([number | _HEARD]))
            if self._aborts is not None and number != signal.SIGWINCH and self._aborts():
                self._aborts = None  # a second time would hit who cleans up after this one
                raise Interrupted(number)
        elif number != signal.SIGWINCH:
            raise Interrupted(number)

    def renew(self) -> None:
        """Have a pipe of its own in a process that was forked; the numbers stay what they were."""
        for own, old in zip(os.pipe(), (self._reading, self._writing), strict=True):
            os.dup2(own, old, inheritable=False)
            os.close(own)
            os.set_blocking(old, False)

    def take(self) -> list[int]:
        """The signals that arrived since the last time."""
        try:
            found = os.read(self._reading, 64)
        except BlockingIOError:
            return []
        return [number & ~_HEARD for number in found if number & _HEARD]
