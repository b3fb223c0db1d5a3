"""The job itself: its processes from start to end, and its output on the way to the log."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process.ending import EndWatch
from runner.process.holding import Hold
from runner.process.noticing import give_notice
from runner.process.output import REST_SECONDS, Output
from runner.process.start import start
from runner.process.stopping import NOTICE, Stopping
from runner.process.usage import Meter
from runner.process.values import Exit
from runner.terminal import left_size, open_output, set_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.process.confinement.interface import Confinement
    from runner.process.holding import Held
    from runner.process.signals import Arrivals
    from runner.process.sink import Sink
    from runner.process.usage import Reading
    from runner.process.values import JobCommand

# between two looks at what a job uses
TICK_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.05


class JobProcess:
    """A job's processes, from start to end. Its output goes to ``log``, every byte in order."""

    def __init__(
        self, command: JobCommand, log: Sink, confinement: Confinement | None = None
    ) -> None:
        """Start it, held to its memory by ``confinement``, or else by what is best here.

        Raises:
            OSError: the program cannot be executed; nothing is left running.
        """
        self._limit = command.max_duration
        self._has_terminal = command.terminal is not None
        self._window = command.window
        reading, child_end = open_output(command.terminal)
        self._hold = Hold(command, confinement)
        try:
            process = start(command, child_end, self._hold.confinement)
        except OSError:
            os.close(reading)
            self._hold.let_go()
            raise
        finally:
            os.close(child_end)
        self._log = log
        self._output = Output(reading, log)
        self.pid = process.pid
        self._ended = EndWatch(process)
        self._hold.began(self._ended)
        self._meter = Meter(self._hold.remains.members)
        now = time.monotonic()
        self._stopping = Stopping(now, command.grace, self._limit, notice=command.notice)
        self._next_tick = now + TICK_SECONDS

    @property
    def held(self) -> Held:
        """What holds it now. A job gets a group of its own once it has run for a while."""
        return self._hold.held

    def processes(self) -> set[int]:
        """Its processes now; see :meth:`runner.process.tree.Tree.processes`."""
        return self._hold.remains.processes()

    def used(self) -> Reading | None:
        """What they use of the machine now; see :meth:`runner.process.usage.Meter.read`."""
        return self._meter.read()

    def wait(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None = None,
    ) -> Exit:
        """Carry output to the log until the job has ended; nothing of it lives afterwards.

        ``on_output`` is called after the log has grown, ``on_stop`` with every signal sent on
        request, and ``on_tick`` about once a second while the job runs. The first request is passed
        on as it came, the second one kills, and so do SIGKILL and the end of the command's grace.
        """
        try:
            self._accompany(signals, on_output, on_stop, on_tick)
            self._output.drain(on_output)
            left = self._hold.end()
            self._output.drain(on_output)
            memory = self._hold.memory()
        except BaseException:
            self._hold.end()
            raise
        finally:
            self._hold.let_go()
            self._ended.close()
            self._output.close()
        code = self._ended.code
        return Exit(
            code=None if code < 0 else code,
            signal=-code if code < 0 else None,
            asked=tuple(self._stopping.asked),
            cpu_seconds=max(self._ended.cpu_seconds, self._meter.ended()),
            peak_memory=self._ended.peak_memory,
            left_behind=left.ended,
            stuck=left.stuck,
            log_error=self._log.error,
            limit=self._limit if self._stopping.limit_reached else None,
            memory=memory,
        )

    def _accompany(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None,
    ) -> None:
        """Do what there is to do until the first process has ended."""
        output, ended = self._output, self._ended
        others, poller = select.poll(), select.poll()
        poller.register(output.descriptor, select.POLLIN | select.POLLHUP)
        for each in (others, poller):
            each.register(signals, select.POLLIN)
            if ended.descriptor is not None:
                each.register(ended.descriptor, select.POLLIN)
        while not ended.reached():
            ready = {found for found, _ in poller.poll(self._timeout())}
            if output.descriptor in ready:
                rest = output.carry(on_output)
                if not output.open:
                    poller.unregister(output.descriptor)
                elif rest:
                    others.poll(REST_SECONDS * 1000)
            for number in signals.take():
                if number == signal.SIGWINCH:
                    self._resize()
                else:
                    self._stopping.arrived(number, time.monotonic())
            while due := self._stopping.due(time.monotonic()):
                self._send(due, on_stop)
            self._hold.look()
            self._tick(on_tick)

    def _resize(self) -> None:
        """Give the job's terminal the size of the one that shows it."""
        size = None if self._window is None else left_size(self._window)
        if size is not None and self._has_terminal:
            set_window(self._output.descriptor, size)
            self._signal(signal.SIGWINCH)

    def _timeout(self) -> float:
        """Milliseconds until something must be looked at without being told."""
        if self._ended.descriptor is None:
            return _LOOK_AGAIN_SECONDS * 1000
        soonest = min(self._next_tick, self._hold.next_look, self._stopping.next)
        return max(0.0, soonest - time.monotonic()) * 1000

    def _tick(self, on_tick: Callable[[], None] | None) -> None:
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + TICK_SECONDS
        self._hold.keep_together()
        if on_tick is not None:
            on_tick()

    def _send(self, number: int, on_stop: Callable[[int], None]) -> None:
        if number == NOTICE:
            if not give_notice(self.processes(), number):
                self._stopping.unheard(time.monotonic())
                return
        elif number == signal.SIGKILL:
            # all of them, also those that have left the group
            self._signal(number)
            self._hold.remains.kill()
        else:
            self._signal(number)
            self._signal(signal.SIGCONT)  # who was halted can do nothing about it otherwise
        on_stop(number)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for zombies
            os.killpg(self.pid, number)
