"""A job in its container, from the start to the end of it.

The container is the daemon's, not a child of this process: it goes on when the connection is cut,
when the daemon is away (if that lets it), and when this process is killed. So how it ended is asked
for, and never taken from the end of a stream.
"""

from __future__ import annotations

import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.containers.faults import Gone, Refused, Unreachable
from runner.containers.values import State
from runner.errors import SIGNAL_BASE
from runner.executors.docker.handing import take_back
from runner.executors.docker.inside import Inside
from runner.executors.docker.outage import Outage
from runner.process.confinement.interface import MemoryUse
from runner.process.framed import Stream
from runner.process.holding import Held
from runner.process.noticing import give_notice
from runner.process.passage import End, Passage
from runner.process.stopping import NOTICE, Stopping
from runner.process.values import Exit
from runner.terminal import left_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.containers.container import Container
    from runner.containers.daemon import Daemon
    from runner.containers.values import ContainerSpec
    from runner.executors.docker.command import JobContainer
    from runner.executors.interface import Relief
    from runner.process.signals import Arrivals
    from runner.process.sink import Sink
    from runner.process.usage import Reading

TICK_SECONDS = 1.0
_SOCKET = "unix://"
# the daemon knows of an end a moment after the output has ended
_LOOK_AGAIN_SECONDS = 0.005
_LONGEST_SECONDS = 0.05
# a job that closes its output may go on; what it has started may still write
_CLOSED_SECONDS = 1.0
# that it ran out of memory reaches the daemon by another way than its end
_NOTICE_SECONDS = 0.5
_AWAY = "the daemon does not answer; it is asked again, and the job may go on meanwhile"
_FAULTS = (Refused, Unreachable, Gone)


class ContainerExecution:
    """A job's container, from :meth:`begin` on. Its output goes to ``log``."""

    def __init__(
        self, daemon: Daemon, command: JobContainer, log: Sink, relief: Relief | None = None
    ) -> None:
        """Nothing is begun yet.

        Raises:
            Unreachable: the daemon does not answer.
        """
        self._daemon, self._command, self._log, self._relief = daemon, command, log, relief
        now = time.monotonic()
        self._stopping = Stopping(now, command.grace, command.max_duration, notice=command.notice)
        self._next_tick = now + TICK_SECONDS
        self._look_at = now
        self._pause = _LOOK_AGAIN_SECONDS
        self._closed_at = float("-inf")
        self._over_at = float("inf")
        self._outage: Outage | None = None
        self._unsent: int | None = None
        self._stream: Stream | None = None
        self._whole = False
        self._end: State | None = None
        self._lost: str | None = None
        self._untold: str | None = None
        self._missing: str | None = None
        self._passage = Passage(log, relief.book if relief else None)
        self._listener = daemon.listener()

    def begin(self, container: Container, spec: ContainerSpec) -> None:
        """Start it, or go on with one that another process was killed over.

        ``spec`` is how it was asked for.

        Raises:
            Refused, Unreachable, Gone: it cannot be started.
        """
        self._container, self._spec = container, spec
        self._inside = Inside(container.id)
        if self._relief is not None and self._relief.stand_by(container.id):
            self._take_over(self._relief)
            return
        self._stream = Stream(container.attach(), self._passage, terminal=self._has_terminal)
        try:
            started = container.starting()
            if self._relief is not None:
                self._relief.meanwhile()
            started()
        except _FAULTS:
            self._stream.close()
            raise
        try:
            self._know(container.state())
        except _FAULTS:  # its job runs all the same: what becomes of it is seen later
            self._stream.close()
            self._stream = None

    def _take_over(self, relief: Relief) -> None:
        """The process that started it was killed, or was about to start it."""
        self._daemon.forget()
        if not self._passage.resume():
            relief.warn("the log may lack some of what the job wrote when wf was killed")
        with suppress(Unreachable, Gone):
            state = self._container.state()
            if state.status == "created":
                self._container.start()
                state = self._container.state()
            self._know(state)
            self._follow()

    def _know(self, state: State) -> None:
        self._inside.began(state.pid)
        self.pid = state.pid

    pid = 0

    @property
    def _has_terminal(self) -> bool:
        return self._command.terminal is not None

    @property
    def held(self) -> Held:
        """A container is a group of its own, which the daemon holds to its memory."""
        spec, address = self._spec, self._daemon.address
        keeper = group = None
        if address.startswith(_SOCKET):
            keeper = f"container:{address.removeprefix(_SOCKET)}#{self._container.id}"
        else:  # a port that a claim names is asked by nobody else; they could not, by TLS
            group = self._inside.group
        return Held(
            None if spec.memory is None else "container",
            "container",
            group,
            keeper=keeper,
            cpus=None if spec.cores is None else "cpuset",
            gpus=spec.gpus.way if spec.gpus.uuids else None,
        )

    def processes(self) -> set[int]:
        """All that are in it now, by their ids outside of it."""
        return self._inside.processes()

    def used(self) -> Reading | None:
        """What they use of the machine now."""
        return self._inside.used()

    def wait(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None = None,
    ) -> Exit:
        """Carry output to the log until the container has ended; it is discarded then.

        One to be kept is not: whoever fetches its files removes it.
        """
        try:
            while self._end is None and self._lost is None:
                self._once(signals, on_output, on_stop, on_tick)
        finally:
            if self._stream is not None:
                self._stream.close()
            self._log.finish()
            if self._end is None and self._lost is None:
                # whatever went wrong: none of its processes is left
                with suppress(Refused, Unreachable):
                    self._container.remove()
            elif not self._command.keep:
                with suppress(Unreachable):
                    self._daemon.discard(self._container)
            take_back(self._daemon, self._command)
        return self._exit()

    def _once(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None,
    ) -> None:
        """Wait until there is something to do, and do it."""
        poller = select.poll()
        poller.register(signals, select.POLLIN)
        if self._stream is not None:
            poller.register(self._stream, select.POLLIN | select.POLLHUP)
        ready = {found for found, _ in poller.poll(self._timeout())}
        if self._stream is not None and self._stream.fileno() in ready:
            self._stream.carry(on_output)
            if not self._stream.open:
                self._cut()
        for number in signals.take():
            if number == signal.SIGWINCH:
                self._resize()
            else:
                self._stopping.arrived(number, time.monotonic())
        while due := self._stopping.due(time.monotonic()):
            self._send(due, on_stop)
        now = time.monotonic()
        if self._stream is None and now >= self._look_at:
            self._look(now)
        if now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            if on_tick is not None:
                on_tick()

    def _timeout(self) -> float:
        soonest = min(self._next_tick, self._stopping.next)
        if self._stream is None:
            soonest = min(soonest, self._look_at)
        return max(0.0, soonest - time.monotonic()) * 1000

    def _resize(self) -> None:
        size = None if self._command.window is None else left_size(self._command.window)
        if size is not None and self._has_terminal:
            with suppress(*_FAULTS):
                self._container.resize(size.rows, size.columns)

    def _send(self, number: int, on_stop: Callable[[int], None]) -> None:
        if number == NOTICE:
            # through the daemon it would reach, and end, those that have no handler for it
            if not give_notice(self.processes(), number):
                self._stopping.unheard(time.monotonic())
                return
        else:
            self._ask_to_end(number)
        on_stop(number)

    def _ask_to_end(self, number: int) -> None:
        try:
            self._container.send(number)
            if number != signal.SIGKILL:
                # who was halted can do nothing about it otherwise
                self._container.send(signal.SIGCONT)
        except Unreachable:
            if not self._inside.send(number):
                self._unsent = number
        except (Refused, Gone):  # it has ended
            pass

    def _cut(self) -> None:
        """Nothing more comes: it has ended, has closed its output, or the daemon is away."""
        assert self._stream is not None  # noqa: S101 - it has just been read from
        self._stream.close()
        self._stream = None
        self._whole = True
        self._closed_at = self._look_at = time.monotonic()
        self._pause = _LOOK_AGAIN_SECONDS
        self._inside.used()

    def _look(self, now: float) -> None:
        """See what has become of it."""
        self._look_at = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_SECONDS)
        try:
            # in this order: who stops does not listen any more before it ends its containers
            state = self._container.state()
            self._found(state, now, self._daemon.listener())
        except Gone:
            known = self._passage.end
            if known is None:
                self._lost = self._untold or "its container was removed while it ran"
            else:
                self._end = State("exited", 0, *known, "")
        except (Unreachable, Refused) as error:
            self._away(now, str(error))

    def _found(self, state: State, now: float, listener: str) -> None:
        away = self._outage is not None
        restarted = listener != self._listener or (not listener and away)
        if restarted or away:
            # what was written meanwhile has not come through the stream
            self._whole = False
            if state.over:
                # nobody has read what it wrote then
                self._missing = "the daemon was away when the job ended"
            if state.over and restarted:
                self._untold = self._untold or self._why_untold(state)
            self._listener, self._outage = listener, None
        if self._unsent is not None:
            number, self._unsent = self._unsent, None
            self._ask_to_end(number)
        if state.over and self._whole:
            if self._untold is None:
                self._passage.end = End(state.code, state.out_of_memory)
                if self._may_be_told_more(state, now):
                    return
            self._end, self._lost = state, self._untold
        elif state.over or restarted or away or now - self._closed_at > _CLOSED_SECONDS:
            self._know(state)
            self._follow()
        elif not listener:
            # it may be another daemon than the one that was read from: what the job still says
            # has not come through the stream
            self._whole = False

    def _may_be_told_more(self, state: State, now: float) -> bool:
        """Whether the daemon may not know yet why the kernel has killed it."""
        if state.out_of_memory or state.code != SIGNAL_BASE + signal.SIGKILL:
            return False
        if self._command.spec.memory is None or signal.SIGKILL in self._stopping.asked:
            return False
        self._over_at = min(self._over_at, now)
        return now < self._over_at + _NOTICE_SECONDS

    def _why_untold(self, state: State) -> str | None:
        """What hides how the job ended, where its daemon was started anew meanwhile."""
        if not self._daemon.keeps_containers():
            return "the daemon that ran it was stopped, and so was the job"
        if state.doubtful:
            return "its daemon was away when it did, and cannot tell"
        return None

    def _follow(self) -> None:
        """Read what it has written from the start, and hand on what has not been yet."""
        source = self._container.follow()
        self._stream = Stream(
            source, self._passage, terminal=self._has_terminal, known=self._passage.handed
        )

    def _away(self, now: float, why: str) -> None:
        if self._outage is None:
            self._outage = Outage(now)
            if self._relief is not None:
                self._relief.warn(f"{_AWAY}: {why}")
        if self._outage.hopeless(now, lives=self._inside.lives):
            self._lost = "the daemon that ran it does not answer any more"
        self._look_at = now + self._outage.pause()

    def _exit(self) -> Exit:
        state = self._end
        code = 0 if state is None else state.code
        asked = tuple(self._stopping.asked)
        ended_by = code - SIGNAL_BASE if code > SIGNAL_BASE else None
        signalled = ended_by is not None and ended_by in {*asked, signal.SIGKILL}
        return Exit(
            code=None if signalled else code,
            signal=ended_by if signalled else None,
            asked=asked,
            cpu_seconds=self._inside.cpu_seconds,
            peak_memory=self._inside.peak,
            log_error=self._log.error or self._missing,
            limit=self._command.max_duration if self._stopping.limit_reached else None,
            memory=self._memory(),
            lost=self._lost,
        )

    def _memory(self) -> MemoryUse | None:
        limit = self._command.spec.memory
        if limit is None:
            return None
        killed = self._end is not None and self._end.out_of_memory
        # what was seen now and then is less than what it ran into
        return MemoryUse(limit, None if killed else self._inside.peak or None, int(killed))
