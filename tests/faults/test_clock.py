"""The clock is set while a run goes on: its history has an order, its times make sense."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, program, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that shifts the time of day."""
    require("gcc", program("gcc"))
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = ROOT / "tests/fakes/set_clock.c"
    command = ["gcc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.mark.parametrize("seconds", [-86400, 86400])
def test_the_clock_is_set(trial: Trial, clock: Path, seconds: int) -> None:
    shift = trial.world.home / "shift"
    shift.write_text("0")
    trial.world.variables.update(LD_PRELOAD=str(clock), JUMP=str(shift))
    trial.job("echo begun; echo one > model/a", "gate", "echo whole")
    wf = trial.at_gate("--max-duration", "1h")
    run = trial.run
    shift.write_text(str(seconds))
    until(lambda: trial.world.record(run)["status"] == "running", "a look at it")
    trial.let_go()
    assert wf.wait(60) == 0
    record = trial.world.record(run)
    times = [entry["at"] for entry in record["history"]]
    assert times == sorted(times)
    assert 0 <= record["usage"]["wall_seconds"] < 3600
    assert trial.end() == ("succeeded", "exit_code")
    assert trial.world.wf("logs", "--since", "1h", run).code == 0
    trial.sound(b"begun\nwhole\n")
