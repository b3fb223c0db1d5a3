"""Any order of taking, releasing and killing, on real locks: no device twice, none left held."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.allocation.matching.fitting import NOTHING_TAKEN, UNIT, Choice, Taken, choose
from runner.errors import BUSY, WfError
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import machine
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from runner.allocation.interface import Lease

_MACHINE = machine(cores=4, gpus=3, memory=8 * UNIT)
_REQUESTS = st.builds(
    Resources,
    cpu=st.none() | st.integers(1, 4),
    memory=st.none() | st.integers(1, 8 * UNIT),
    gpu=st.none() | st.builds(GpuRequest, st.integers(1, 3)),
)


@dataclass
class _Taken:
    """A lease, whose it is, and the process that has inherited it."""

    lease: Lease
    of: FileLeases
    choice: Choice
    child: subprocess.Popen[bytes] | None = None


class LeasesMachine(RuleBasedStateMachine):
    """Several users of one lock folder, and what they should be told."""

    live = Bundle("live")
    orphans = Bundle("orphans")

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="wf-locks-"))
        self._users = [FileLeases(self._folder) for _ in range(3)]
        self._held: list[_Taken] = []

    def _taken(self) -> Taken:
        taken = NOTHING_TAKEN
        for one in self._held:
            taken = taken.and_also(one.choice)
        return taken

    @rule(target=live, asked=_REQUESTS, who=st.integers(0, 2))
    def ask(self, asked: Resources, who: int) -> object:
        user = self._users[who]
        expected = choose(asked, _MACHINE, self._taken())
        try:
            lease = user.acquire(
                asked, lambda _: _MACHINE, Claim("wet-mango-1"), RecordingObserver(), wait=False
            )
        except WfError as error:
            if error.kind != BUSY or expected is not None:
                raise
            return multiple()
        assert expected is not None
        assert (lease.cores if lease.exclusive else None) == expected.cores
        assert lease.gpus == expected.gpus
        taken = _Taken(lease, user, expected)
        self._held.append(taken)
        return taken

    @rule(one=consumes(live))
    def release(self, one: _Taken) -> None:
        one.of.release(one.lease)
        self._held.remove(one)

    @rule(target=orphans, one=consumes(live))
    def release_while_the_job_lives(self, one: _Taken) -> _Taken:
        one.child = subprocess.Popen(["sleep", "600"], pass_fds=one.lease.descriptors)
        one.of.release(one.lease)
        return one

    @rule(one=consumes(orphans))
    def kill_the_job(self, one: _Taken) -> None:
        assert one.child is not None
        one.child.kill()
        one.child.wait()
        if one.lease.descriptors:
            self._held.remove(one)

    @rule(one=live)
    def release_twice(self, one: _Taken) -> None:
        """What is let go of again later was never somebody else's."""
        other = self._users[(self._users.index(one.of) + 1) % len(self._users)]
        other.release(one.lease)

    @invariant()
    def everybody_sees_what_is_held(self) -> None:
        told = self._users[0].standing().holders
        taken = self._taken()
        assert sorted(core for one in told for core in one.cores) == sorted(taken.cores)
        assert sorted(gpu for one in told for gpu in one.gpus) == sorted(taken.gpus)
        assert sum((one.memory or 0) // UNIT for one in told) == taken.memory

    def teardown(self) -> None:
        for one in self._held:
            if one.child is not None:
                one.child.kill()
                one.child.wait()
            one.of.release(one.lease)
        whole = Resources(cpu=4, memory=8 * UNIT, gpu=GpuRequest(3))
        last = self._users[1].acquire(
            whole, lambda _: _MACHINE, Claim("wet-mango-1"), RecordingObserver(), wait=False
        )
        self._users[1].release(last)
        assert [path.name for path in self._folder.iterdir()] == ["wf-devices"]
        shutil.rmtree(self._folder)


LeasesMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLeases = LeasesMachine.TestCase
