"""``wf show --samples``: the series of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.errors import USAGE
from tests.conftest import until

if TYPE_CHECKING:
    from tests.conftest import World

HEADER = "seconds,cpu,memory"


@pytest.fixture
def short(world: World) -> World:
    """A run that was over before anybody looked."""
    world.workflows("workflows: [{name: short, provider: bash, commands: 'true'}]")
    assert world.wf("run", "short").code == 0
    return world


def test_a_run_too_short_for_a_sample_has_none(short: World) -> None:
    (short.folder(short.record()["name"]) / "samples.csv").unlink(missing_ok=True)
    shown = short.wf("show", "last", "--samples")
    assert (shown.code, shown.out) == (0, HEADER + "\n")
    told = short.wf("show", "last", "--samples", "--json").json()
    assert told == {"run": short.record()["name"], "samples": []}


def test_a_series_that_a_job_has_spoilt_hides_nothing_else(short: World) -> None:
    path = short.folder(short.record()["name"]) / "samples.csv"
    for text in (f"{HEADER}\n1,1e999,-1\n-5,nan,\n2,,5\n2,3,5\n1,3,5\n", "\0" * 4096, HEADER):
        path.write_text(text)
        shown = short.wf("show", "last")
        assert (shown.code, shown.err) == (0, "")
        assert "processor time" in shown.out or "of memory" in shown.out or "memory " in shown.out
        assert short.wf("show", "last", "--samples").code == 0


def test_a_run_that_goes_on_is_shown_as_far_as_it_has_come(world: World) -> None:
    world.workflows("workflows: [{name: long, provider: bash, commands: sleep 60}]")
    world.start("run", "long")
    world.running()
    lines = until(
        lambda: world.wf("show", "last", "--samples").out.splitlines()[2:], "a second line"
    )
    assert len(lines[0].split(",")) == len(HEADER.split(","))
    assert world.record()["usage"] is None


def test_a_run_that_is_not_there(world: World) -> None:
    assert world.wf("show", "nobody-1", "--samples").code == USAGE
