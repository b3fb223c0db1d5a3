"""The machine as one value: who is told what, and when those who wait start."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Holder, Standing, Waiter
from runner.allocation.inventory import Load
from runner.allocation.locks.who import user
from runner.engine.runners import Runners, look
from runner.paths import Home
from runner.records.store import Records
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import FakeInventory, gpu, machine
from tests.fakes.leases import FakeLeases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AT = datetime(2022, 5, 18, 9, 30, tzinfo=timezone.utc)
ME = user(os.geteuid())


class Told(FakeLeases):
    """Leases of which a given thing is told."""

    def __init__(self, told: Standing) -> None:
        super().__init__()
        self._told = told

    def standing(self) -> Standing:
        return self._told


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(Home(tmp_path / "state"), lambda: AT)


def looked(records: Records, standing: Standing, gpus: int = 4) -> Runners:
    def sample(uuids: Sequence[str]) -> dict[str, Load]:
        return {uuid: Load(0.5, None) for uuid in uuids}

    there = FakeInventory(machine(cores=8, gpus=gpus))
    return look(there, sample, Told(standing), records, AT)


def test_what_runs_is_told_of_ones_own_runs_only(records: Records) -> None:
    document = {"workflow": "train", "executor": "local", "plan": {"jobs": []}, "source": {}}
    run = records.create(document, lambda words: words[0])
    try:
        mine, theirs = Holder(run.name, ME), Holder(run.name, "somebody else")
        seen = looked(records, Standing((mine, theirs), (Waiter(run.name, ME, None),)))
    finally:
        run.close()
    assert [seen.workflow(held) for held in seen.standing.holders] == ["train", None]
    assert seen.workflow(seen.standing.queue[0]) == "train"


@pytest.mark.parametrize("name", ["nobody-knows-1", "", "..", "../x", "/etc/passwd"])
def test_a_name_that_is_no_run_leads_nowhere(records: Records, name: str) -> None:
    seen = looked(records, Standing((Holder(name, ME),)))
    assert seen.document()["holders"][0]["workflow"] is None


def test_looking_makes_no_state_folder(records: Records) -> None:
    looked(records, Standing((Holder("wet-mango-1", ME),)))
    assert not records.home.root.exists()


def test_who_waits_starts_when_what_it_needs_is_given_back(records: Records) -> None:
    gpus = tuple(gpu(index).uuid for index in range(4))
    held = Holder("a-b-1", "x", (0,), gpus[:3], None, 10.0, 60.0, 600.0)
    waits = (
        Waiter("c-d-1", "y", Resources(gpu=GpuRequest(2)), usual=100.0),
        Waiter("e-f-1", "z", None),
        Waiter("g-h-1", "y", Resources(gpu=GpuRequest(4))),
    )
    seen = looked(records, Standing((held,), waits))
    assert (seen.start(0).likely, seen.start(0).at_most) == (60.0, 600.0)
    assert seen.start(1).likely is None
    assert (seen.start(2).likely, seen.start(2).at_most) == (160.0, None)
    told = seen.document()["queue"]
    assert told[0]["likely_start"] == "2022-05-18T09:31:00.000Z"
    assert told[0]["latest_start"] == "2022-05-18T09:40:00.000Z"


def test_a_driver_is_not_asked_how_busy_nothing_is(records: Records) -> None:
    assert looked(records, Standing(), gpus=0).loads == {}


def test_only_what_somebody_would_want_to_hear_of_is_news(records: Records) -> None:
    before = looked(records, Standing((Holder("a-b-1", "x", since=1.0, likely=9.0),)))
    later = looked(records, Standing((Holder("a-b-1", "x", since=2.0, likely=8.0),)))
    other = looked(records, Standing((Holder("a-b-2", "x", since=2.0),)))
    assert before.facts == later.facts
    assert before.facts != other.facts
