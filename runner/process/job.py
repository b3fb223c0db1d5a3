"""The job itself: its processes from start to end, and its output on the way to the log."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.process.tree import Tree, own_children
from runner.process.usage import Meter
from runner.terminal import WindowSize, open_output, roomy, set_window, window_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.process.signals import Signals
    from runner.process.usage import Reading

# what is left in the pipe after the job's first process has ended is waited for this long, as a
# background child may hold the other end open for ever
DRAIN_SECONDS = 2.0
# between asking a job to stop and ending it
GRACE_SECONDS = 30.0
# between two looks at what a job uses
TICK_SECONDS = 1.0
_CHUNK = 1 << 20
_LOOK_AGAIN_SECONDS = 0.05
# a job that says little at a time is read this often; fewer switches between it and us leave it
# more of its processor
_REST_SECONDS = 0.005
_LITTLE = 1 << 15
# poll(2) counts milliseconds in an int
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class JobCommand:
    """How a job's first process is started.

    ``cpus`` are the cores it may run on (``None``: all). ``inherit`` are descriptors it and its
    children keep open. With ``terminal`` its output is a pseudo-terminal of that size. After
    ``max_duration`` seconds it is asked to end (SIGTERM); ``grace`` is how many seconds it has to
    end, whoever asked. ``memory`` is how many bytes all its processes may have together.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    cpus: frozenset[int] | None = None
    inherit: tuple[int, ...] = ()
    terminal: WindowSize | None = None
    grace: float = GRACE_SECONDS
    max_duration: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a job ended.

    ``code`` or ``signal`` is set, never both. ``asked`` are the signals it was sent by us, in
    order. ``cpu_seconds`` is the processor time of all its processes, ``peak_memory`` the most
    bytes that any one of them had.
    ``left_behind``: processes of the job outlived its first one and were ended. ``log_error``:
    the log is incomplete, and why. ``limit`` is the ``max_duration`` it ran into, in seconds.
    """

    code: int | None
    signal: int | None
    asked: tuple[int, ...] = ()
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    left_behind: bool = False
    log_error: str | None = None
    limit: float | None = None


class JobProcess:
    """A job's process group, from start to end. Its output goes to ``log``, every byte in order."""

    def __init__(self, command: JobCommand, log: int) -> None:
        """Start it.

        Raises:
            OSError: the program cannot be executed; nothing is left running.
        """
        self._log = log
        self._log_error: str | None = None
        self._asked: list[int] = []
        self._deadline: float | None = None
        self._grace = command.grace
        self._limit = command.max_duration
        self._limit_reached = False
        self._has_terminal = command.terminal is not None
        # one buffer for good: memory that is taken anew for each chunk costs more than the copying
        self._buffer = memoryview(bytearray(_CHUNK))
        self._output, child_end = open_output(command.terminal)
        # what the job says while we rest must fit in, or the job would wait
        self._may_rest = roomy(self._output)
        before = own_children()
        try:
            self._process = _spawn(command, child_end)
        except OSError:
            os.close(self._output)
            raise
        finally:
            os.close(child_end)
        self.pid = self._process.pid
        self._tree = Tree(self.pid, before)
        self._meter = Meter(self._tree.processes)
        self._time_is_up = time.monotonic() + (self._limit or 0.0)
        self._next_tick = time.monotonic() + TICK_SECONDS

    def processes(self) -> set[int]:
        """Its processes now; see :meth:`runner.process.tree.Tree.processes`."""
        return self._tree.processes()

    def used(self) -> Reading | None:
        """What they use of the machine now; see :meth:`runner.process.usage.Meter.read`."""
        return self._meter.read()

    def wait(
        self,
        signals: Signals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None = None,
    ) -> Exit:
        """Carry output to the log until the job has ended; nothing of its group lives afterwards.

        ``on_output`` is called after the log has grown, ``on_stop`` with every signal sent on
        request, and ``on_tick`` about once a second while the job runs. The first request is passed
        on as it came, the second one kills, and so does the end of the command's grace.
        """
        ended = _EndWatch(self._process)
        others, poller = select.poll(), select.poll()
        poller.register(self._output, select.POLLIN | select.POLLHUP)
        for each in (others, poller):
            each.register(signals, select.POLLIN)
            if ended.descriptor is not None:
                each.register(ended.descriptor, select.POLLIN)
        output_open = True
        try:
            while not ended.reached():
                ready = {
                    found
                    for found, _ in poller.poll(self._timeout(ended, ticking=on_tick is not None))
                }
                if self._output in ready:
                    length = self._carry(on_output)
                    if not length:
                        poller.unregister(self._output)
                        output_open = False
                    elif length < _LITTLE and self._may_rest:
                        others.poll(_REST_SECONDS * 1000)
                for number in signals.take():
                    self._arrived(number, on_stop)
                self._enforce(on_stop)
                self._tick(on_tick)
            left_behind = self._drain(on_output) if output_open else False
            left_behind = self._end_group() or left_behind
            if left_behind and output_open:
                self._drain(on_output)
        finally:
            self._end_group()
            ended.close()
            os.close(self._output)
        return Exit(
            code=None if ended.code < 0 else ended.code,
            signal=-ended.code if ended.code < 0 else None,
            asked=tuple(self._asked),
            cpu_seconds=max(ended.cpu_seconds, self._meter.ended()),
            peak_memory=ended.peak_memory,
            left_behind=left_behind,
            log_error=self._log_error,
            limit=self._limit if self._limit_reached else None,
        )

    def _resize(self) -> None:
        """Give the job's terminal the size that ours has now."""
        size = window_size()
        if size is not None and self._has_terminal:
            set_window(self._output, size)
            self._signal(signal.SIGWINCH)

    def _timeout(self, ended: _EndWatch, *, ticking: bool) -> float | None:
        """Milliseconds until something must be looked at without being told."""
        if ended.descriptor is None:
            return _LOOK_AGAIN_SECONDS * 1000
        moments = [self._next_tick] if ticking else []
        if self._deadline is not None:
            moments.append(self._deadline)
        elif self._limit is not None and not self._asked:
            moments.append(self._time_is_up)
        if not moments:
            return None
        left = min(moments) - time.monotonic()
        return min(max(0.0, left), _LONGEST_WAIT_SECONDS) * 1000

    def _tick(self, on_tick: Callable[[], None] | None) -> None:
        now = time.monotonic()
        if on_tick is not None and now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            on_tick()

    def _carry(self, on_output: Callable[[], None]) -> int:
        """Move one chunk from the job to the log; its bytes, 0 when there will be no more."""
        try:
            length = os.readv(self._output, [self._buffer])
        except OSError:  # a pseudo-terminal whose other end is closed answers EIO
            return 0
        if length:
            self._write(self._buffer[:length])
            on_output()
        return length

    def _write(self, view: memoryview) -> None:
        """The job is never held up by a log that cannot be written."""
        if self._log_error is not None:
            return
        try:
            while view:
                view = view[os.write(self._log, view) :]
        except OSError as error:
            self._log_error = error.strerror or str(error)

    def _drain(self, on_output: Callable[[], None]) -> bool:
        """What is left of the output; whether somebody still holds the other end."""
        deadline = time.monotonic() + DRAIN_SECONDS
        poller = select.poll()
        poller.register(self._output, select.POLLIN | select.POLLHUP)
        while (left := deadline - time.monotonic()) > 0:
            if poller.poll(left * 1000) and not self._carry(on_output):
                return False
        return True

    def _arrived(self, number: int, on_stop: Callable[[int], None]) -> None:
        if number == signal.SIGWINCH:
            self._resize()
        elif self._asked:
            self._deadline = time.monotonic()
        else:
            self._ask(number, on_stop)

    def _ask(self, number: int, on_stop: Callable[[int], None]) -> None:
        self._send(number, on_stop)
        self._deadline = time.monotonic() + self._grace

    def _enforce(self, on_stop: Callable[[int], None]) -> None:
        now = time.monotonic()
        if self._limit is not None and not self._asked and now >= self._time_is_up:
            self._limit_reached = True
            self._ask(signal.SIGTERM, on_stop)
        elif self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._send(signal.SIGKILL, on_stop)

    def _send(self, number: int, on_stop: Callable[[int], None]) -> None:
        self._asked.append(number)
        self._signal(number)
        on_stop(number)

    def _signal(self, number: int) -> bool:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for zombies
            return False
        return True

    def _end_group(self) -> bool:
        """Kill what is left of the process group; whether anything was."""
        return self._signal(signal.SIGKILL)


class _EndWatch:
    """Notices the end of a job's first process and keeps what it used."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            try:
                self.descriptor = os.pidfd_open(process.pid)
            except OSError:  # a kernel before 5.3, or a sandbox that hides it
                self.descriptor = None
        self.code = 0
        self.cpu_seconds = 0.0
        self.peak_memory = 0

    def reached(self) -> bool:
        """Whether the process has ended; collects it then."""
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.code
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        # getrusage(2): kilobytes on Linux, bytes on macOS
        self.peak_memory = usage.ru_maxrss * (1024 if hasattr(os, "sched_getaffinity") else 1)
        return True

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


def _spawn(command: JobCommand, output: int) -> subprocess.Popen[bytes]:
    """Start the first process in a session of its own, on its cores from its first instruction.

    A child inherits the affinity of the thread that starts it; setting it here for the moment of
    the start needs no code between fork and exec.
    """
    before = None
    if command.cpus is not None and hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, command.cpus)
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=command.inherit,
        )
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)
