"""A storm: many runs of several processes and two users at once, and somebody kills at random.

What is asked for and who is killed comes from a seed, which a failure prints; ``WF_STORM_SEED``
tries another one and ``WF_STORM_TIMES`` several in a row. The audit reads nothing but the journal
that all runs wrote, and the lock folder afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.spec.workflow import GpuRequest, Resources
from tests.conftest import ROOT, until
from tests.fakes.observer import RecordingObserver
from tests.storm import audit, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

SEED = int(os.environ.get("WF_STORM_SEED", "20221"))
TIMES = int(os.environ.get("WF_STORM_TIMES", "1"))
RUNS = 200
SUBMITTERS = 4
NOBODY = 65534
# set in all processes of a storm, as nobody else has it
_MARK = "WF_TESTS_STORM"


def two_users() -> str | None:
    """An interpreter that another user can run too; ``None``: there is no other one to be."""
    if os.geteuid() != 0:
        return None
    for python in (getattr(sys, "_base_executable", sys.executable), "/usr/bin/python3"):
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        # by a shell, as root's rights are gone only once something of that user runs
        tried = subprocess.run(
            [*command, "sh", "-c", f"'{python}' -I -S -c pass"], capture_output=True, check=False
        )
        if tried.returncode == 0:
            return str(python)
    return None


class Storm:
    """Its folder, its processes, and what became of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.shared = two_users()
        self.locks, self.journal = folder / "locks", folder / "journal"
        self.folder, self._mark = folder, str(folder)
        self.blamed = False
        self.journal.touch()
        self.locks.mkdir()
        self.locks.chmod(0o1777)  # as an administrator makes it, for more than one user
        self._submitters: list[subprocess.Popen[bytes]] = []

    def rage(self) -> None:
        """All of it, to the end of its last process."""
        for number in range(SUBMITTERS):
            part = {
                "seed": self.seed,
                "runs": RUNS,
                "first": number,
                "every": SUBMITTERS,
                "user": NOBODY if self.shared and number % 2 else None,
                "python": self.shared or sys.executable,
                "locks": str(self.locks),
                "journal": str(self.journal),
            }
            with (self.folder / f"said-{number}").open("wb") as said:
                self._submitters.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.storm.submit", json.dumps(part)],
                        cwd=ROOT,
                        env={**os.environ, _MARK: self._mark},
                        stdin=subprocess.DEVNULL,
                        stdout=said,
                        stderr=said,
                    )
                )
        for submitter in self._submitters:
            assert submitter.wait() == 0, self.said()
        until(lambda: not self.living(), "the end of all jobs")

    def living(self) -> list[int]:
        """The processes of the storm."""
        found = []
        mark = f"{_MARK}={self._mark}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in variables:
                found.append(int(process.name))
        return found

    def end(self) -> None:
        """Whatever happened, nothing of it is left; all of these are children of this process."""
        for submitter in self._submitters:
            submitter.kill()
            submitter.wait()
        for pid in self.living():
            descriptor = os.pidfd_open(pid)
            if pid in self.living():  # still the same one
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)

    def said(self) -> str:
        """What the submitters said, above all where those stand who hang."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("said-*")))

    def stories(self) -> dict[str, audit.Story]:
        """What happened to each run."""
        return audit.read(self.journal.read_text())

    def report(self, faults: list[str]) -> str:
        """What to print when something is wrong: how to repeat it, and what those concerned did."""
        self.blamed = True
        stories = self.stories()
        words = set(" ".join(faults).replace(",", " ").replace(":", " ").split())
        lines = [f"WF_STORM_SEED={self.seed}; journal in {self.journal}", *faults]
        for name in [name for name in stories if name in words][:8]:
            shown = [entry for entry in stories[name].entries if entry["what"] != "alive"]
            lines += [f"--- {name}", *(json.dumps(entry) for entry in shown[-12:])]
        return "\n".join([*lines, self.said()])


@pytest.fixture(params=range(TIMES))
def storm(request: pytest.FixtureRequest) -> Iterator[Storm]:
    # pytest's own folders cannot be entered by anybody else; this one stays when a test fails
    folder = Path(tempfile.mkdtemp(prefix="wf-storm-"))
    folder.chmod(0o755)
    made = Storm(folder, SEED + request.param)
    yield made
    made.end()
    if not made.blamed:
        shutil.rmtree(folder)


def test_a_storm_leaves_every_device_with_one_holder_and_nobody_unserved(storm: Storm) -> None:
    storm.rage()
    expected = [run.name for run in plan.runs(storm.seed, RUNS)]
    stories = storm.stories()
    faults = audit.faults(stories, expected)
    assert not faults, storm.report(faults)
    # it was one: somebody waited, somebody was killed at each point, both users got devices
    assert sum(bool(story.waiting) for story in stories.values()) > RUNS // 10
    assert {story.killed for story in stories.values()} == {None, "supervisor", "job"}
    served = {story.user for story in stories.values() if story.granted is not None}
    assert served == ({0, NOBODY} if storm.shared else {os.geteuid()})
    leaves_nothing(storm)


def leaves_nothing(storm: Storm) -> None:
    """Nothing is held, nobody waits, and the next one gets everything and sweeps the files."""
    leases = FileLeases(storm.locks)
    standing = leases.standing()
    assert standing.holders == (), storm.report([])
    assert standing.queue == (), storm.report([])
    everything = Resources(cpu=plan.CORES, memory=plan.MEMORY, gpu=GpuRequest(plan.GPUS))
    lease = leases.acquire(
        everything, lambda _: plan.machine(), Claim("all"), RecordingObserver(), wait=False
    )
    leases.release(lease)
