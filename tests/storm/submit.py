"""The submitting process of a storm: ``python -m tests.storm.submit`` with its part as JSON.

It forks a supervisor for each of its runs, which does what wf does: it takes devices, starts a job
that inherits the descriptors, waits for it, and lets go. An interpreter started anew for each would
take longer than all the rest. Everybody appends to one journal what happened to them; whoever kills
says so first. Processes are killed by their parents alone, so that no number can be anybody else's.
"""

from __future__ import annotations

import ctypes
import faulthandler
import heapq
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.errors import BUSY, WfError
from runner.events import PhaseProgress, Waiting
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.observer import RecordingObserver
from tests.storm import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.interface import Lease
    from runner.allocation.inventory import Inventory
    from runner.events import Event

# a supervisor that has not ended by then hangs
PATIENCE_SECONDS = 90.0
_LOOK_AGAIN_SECONDS = 0.005
_PR_SET_DUMPABLE = 4

# says that it lives until its time is over, and so does what it forks: [journal, run, seconds,
# seconds of a daemon]
_JOB = """
import os, sys, time
journal, run, seconds, daemon = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]
def live(seconds):
    over = time.monotonic() + seconds
    while True:
        now = time.monotonic()
        said = '{"what": "alive", "run": "%s", "pid": %d, "at": %.6f}\\n' % (run, os.getpid(), now)
        os.write(journal, said.encode())
        if now >= over:
            os._exit(0)
        time.sleep(min(0.01, over - now))
if daemon != "None" and os.fork() == 0:
    os.setsid()
    live(float(daemon))
live(seconds)
"""


class Journal:
    """What happened, one line each; a line arrives whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def write(self, what: str, run: str, **facts: Any) -> None:
        """Take note of it, at this moment on the machine's own clock."""
        said = {"what": what, "run": run, "pid": os.getpid(), "at": time.monotonic(), **facts}
        os.write(self.descriptor, json.dumps(said).encode() + b"\n")


class Part(NamedTuple):
    """Where a submitter's runs find the rest; ``python`` is one its user may run."""

    locks: Path
    journal: Journal
    python: str


class Supervisor:
    """One run, from asking to letting go; watches itself waiting."""

    def __init__(self, run: plan.Run, part: Part) -> None:
        self._run, self._journal, self._python = run, part.journal, part.python
        self._leases = FileLeases(part.locks)

    def notify(self, event: Event, /) -> None:
        """Waiting is worth a note; a victim dies of it."""
        if isinstance(event, Waiting):
            facts: dict[str, Any] = {"short_of": event.short_of, "place": event.place}
        elif isinstance(event, PhaseProgress) and event.waiting:
            facts = {"short_of": event.text}
        else:
            return
        self._journal.write("waiting", self._run.name, **facts)
        self._die_when("waiting")

    def look(self, _wanted: Resources) -> Inventory:
        """The machine, which is looked at while waiting and never once it is over."""
        self._journal.write("look", self._run.name)
        return plan.machine()

    def supervise(self) -> None:
        """All of it."""
        run, journal = self._run, self._journal
        journal.write("asked", run.name, user=os.geteuid(), asked=_document(run.asked))
        try:
            lease = self._leases.acquire(
                run.asked, self.look, Claim(run.name, limit=run.seconds), self, wait=run.wait
            )
        except WfError as error:
            busy = error.kind == BUSY and not run.wait
            journal.write("refused" if busy else "failed", run.name, said=str(error))
            return
        exclusive = list(lease.cores) if lease.exclusive else []
        granted = {**lease.document(), "cpus": exclusive, "descriptors": len(lease.descriptors)}
        journal.write("granted", run.name, **granted)
        self._die_when("granted")
        self._carry_out(lease)
        journal.write("releasing", run.name)
        self._leases.release(lease)
        journal.write("done", run.name)

    def _carry_out(self, lease: Lease) -> None:
        run, descriptor = self._run, self._journal.descriptor
        words = (str(descriptor), run.name, str(run.seconds), str(run.daemon))
        job = subprocess.Popen(
            [self._python, "-I", "-S", "-c", _JOB, *words],
            stdin=subprocess.DEVNULL,
            pass_fds=(*lease.descriptors, descriptor),
            start_new_session=True,
        )
        self._die_when("running")
        if run.killed == "job":
            with suppress(subprocess.TimeoutExpired):
                job.wait(run.seconds * min(run.after, 1))
            self._journal.write("kill", run.name, whom="job")
            job.kill()
        job.wait()

    def _die_when(self, point: plan.Killed) -> None:
        if self._run.killed == point:
            self._journal.write("kill", self._run.name, whom="supervisor")
            os.kill(os.getpid(), signal.SIGKILL)


class Submitter:
    """Starts runs at their times, kills some, and waits for the end of all."""

    def __init__(self, part: Part) -> None:
        self._part, self._journal = part, part.journal
        self._living: dict[int, str] = {}
        self._begun = time.monotonic()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def submit(self, runs: tuple[plan.Run, ...]) -> None:
        """All of these, at their times."""
        for run in runs:
            self._at(run.starts, lambda run=run: self._start(run))  # type: ignore[misc]
        while self._agenda or self._living:
            now = time.monotonic() - self._begun
            while self._agenda and self._agenda[0][0] <= now:
                heapq.heappop(self._agenda)[2]()
            self._collect()
            if now > PATIENCE_SECONDS:
                self._give_up()
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _at(self, moment: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, len(self._agenda) + id(work), work))

    def _start(self, run: plan.Run) -> None:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                Supervisor(run, self._part).supervise()
                code = 0
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                self._journal.write("failed", run.name, said=repr(error))
            finally:
                os._exit(code)
        self._living[pid] = run.name
        if run.killed == "at random":
            self._at(time.monotonic() - self._begun + run.after, lambda: self._kill(pid))

    def _kill(self, pid: int) -> None:
        """It has not been collected, or it is not killed: the number is still its own."""
        self._collect()
        if pid in self._living:
            self._journal.write("kill", self._living[pid], whom="supervisor")
            os.kill(pid, signal.SIGKILL)

    def _collect(self) -> None:
        for pid in list(self._living):
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                del self._living[pid]

    def _give_up(self) -> None:
        """Whoever has not ended says where it stands (on stderr), and is ended."""
        for pid, name in self._living.items():
            self._journal.write("failed", name, said=f"hangs, as process {pid}")
            os.kill(pid, signal.SIGUSR1)
        time.sleep(1)
        for pid in self._living:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._living.clear()


def _document(asked: Resources) -> dict[str, Any]:
    gpu = asked.gpu
    return {
        "cpu": asked.cpu,
        "memory": asked.memory,
        "gpu": gpu and {"count": gpu.count, "names": list(gpu.names), "memory": gpu.memory},
    }


def become(user: int) -> None:
    """Be this user from now on, as one who has logged in: others may look into the process."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def _warm_up() -> None:
    """Import all that a lease needs, as another user may not be able to read it."""
    with tempfile.TemporaryDirectory() as folder:
        leases = FileLeases(Path(folder))
        asked = Resources(cpu=1, memory=1 << 20, gpu=GpuRequest(1, "A100"))
        watched = RecordingObserver()
        everything = Resources(cpu=plan.CORES)
        lease = leases.acquire(asked, lambda _: plan.machine(), Claim("warm"), watched, wait=True)
        with suppress(WfError):
            leases.acquire(everything, lambda _: plan.machine(), Claim("busy"), watched, wait=False)
        leases.standing()
        leases.release(lease)


def main() -> None:
    """Read the part: seed, of how many runs, every which one from where, whose, and the folders."""
    told = json.loads(sys.argv[1])
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    journal = Journal(Path(told["journal"]))
    _warm_up()
    if told["user"] is not None:
        become(told["user"])
    own = plan.runs(told["seed"], told["runs"])[told["first"] :: told["every"]]
    Submitter(Part(Path(told["locks"]), journal, told["python"])).submit(own)


if __name__ == "__main__":
    main()
