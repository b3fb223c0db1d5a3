"""Streams of the command that are closed, full or read by nobody, and few open files.

The run is none of that: it succeeds, and its log is whole.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Result

if TYPE_CHECKING:
    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration

SAID = b"begun\nwhole\n"


def shell(trial: Trial, script: str) -> Result:
    """A shell script in which ``wf`` is the command."""
    command = f'wf() {{ {shlex.join(trial.world.argv())} "$@"; }}\n{script}'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=trial.world.project, env=trial.world.variables, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    "script",
    [
        "wf run job <&-",
        "wf run job >&-",
        "wf run job 2>&-",
        "wf run job <&- >&- 2>&-",
        "wf run -d job <&- >&- 2>&-; wf wait last >&- 2>&-",
        "wf run job | true; exit ${PIPESTATUS[0]}",
        "wf run job | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}",
        "wf run job 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}",
        "wf run job 2>/dev/full",
        "ulimit -n 64; wf run job",
    ],
)
def test_the_run_goes_on(trial: Trial, script: str) -> None:
    trial.job("echo begun; echo one > model/a; sleep 0.1; echo whole")
    done = shell(trial, script)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert trial.end() == ("succeeded", "exit_code")
    trial.sound(SAID)


def test_the_jobs_own_code_comes_through(trial: Trial) -> None:
    trial.job("echo begun; exit 9")
    assert shell(trial, "wf run job >&- 2>&- <&-").code == 9
    trial.sound(b"begun\n")


def test_a_file_on_a_full_disk(trial: Trial) -> None:
    """It lacks what the log has, and that is said; who only reads has failed."""
    trial.job("echo begun; echo one > model/a; echo whole")
    done = shell(trial, "wf run job >/dev/full")
    assert done.code == 0
    assert "warning: stdout: No space left on device; `wf logs` has all of it\n" in done.err
    for words in ("logs last", "logs --raw last", "artifacts tree last", "ps -a"):
        done = shell(trial, f"wf {words} >/dev/full")
        assert (done.code, done.err) == (
            73,
            "error: stdout cannot be written: No space left on device\n",
        )
    trial.sound(SAID)


@pytest.mark.parametrize("files", [10, 14, 17])
def test_too_few_files_to_go_on(trial: Trial, files: int) -> None:
    """It is said, with how more are had; nothing is left of it, and no run without an end."""
    trial.job("echo begun")
    done = shell(trial, f"ulimit -n {files}; wf run job")
    if done.code:
        assert done.code in {73, 78}, done.err
        assert "Too many open files" in done.err
        assert "hint: " in done.err
    for run in trial.world.runs():
        assert trial.world.record(run)["status"] in {"failed", "succeeded"}
    trial.sound()
