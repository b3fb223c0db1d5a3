"""SIGSTOP and SIGCONT: who stands still is not lost, and nothing happens twice.

``tests/integration/test_detach.py`` has a supervisor that stands still while its job goes on,
``test_stop.py`` what `wf stop` makes of one.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import children, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration

WHO: dict[str, Callable[[Trial, subprocess.Popen[bytes]], list[int]]] = {
    "supervisor": lambda _, wf: children(wf.pid),
    "command": lambda _, wf: [wf.pid],
    "job": lambda trial, _: [int((trial.world.home / "pid").read_text())],
    "all": lambda trial, wf: [
        wf.pid,
        *children(wf.pid),
        int((trial.world.home / "pid").read_text()),
    ],
}


@pytest.mark.parametrize("who", WHO)
def test_who_stands_still_goes_on(trial: Trial, who: str) -> None:
    trial.job(
        "echo once >> $HOME/started; echo $$ > $HOME/pid",
        "echo begun; echo one > model/a",
        "gate",
        "for i in 1 2 3; do echo line $i; done",
    )
    wf = trial.at_gate()
    stopped = WHO[who](trial, wf)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    trial.let_go()
    if who == "command":  # it only watches
        run = trial.run
        until(lambda: trial.world.record(run)["status"] == "succeeded", "the end of the run")
    else:
        assert trial.end() == ("running", None)
        (row,) = trial.world.wf("ps", "--json").json()
        assert row["status"] == "running"
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    assert wf.wait(60) == 0
    assert trial.end() == ("succeeded", "exit_code")
    assert (trial.world.home / "started").read_text() == "once\n"
    trial.sound(b"begun\nline 1\nline 2\nline 3\n")


@pytest.mark.parametrize("point", ["created", "leased", "started", "collected", "end-written"])
def test_a_supervisor_that_stands_still_on_its_way(trial: Trial, point: str) -> None:
    """Whoever looks meanwhile neither ends nor repeats anything."""
    trial.job("echo once >> $HOME/started; echo begun; echo one > model/a")
    wf, supervisor = trial.at_point(point)
    for _ in range(2):
        (row,) = trial.world.wf("ps", "-a", "--json").json()
        assert row["status"] in {"pending", "provisioning", "running", "collecting", "succeeded"}
    trial.go_on(supervisor)
    assert wf.wait(60) == 0
    assert trial.end() == ("succeeded", "exit_code")
    assert (trial.world.home / "started").read_text() == "once\n"
    trial.sound(b"begun\n")
