"""Jobs that harm themselves, their workspace or who carries them out.

``tests/integration/test_forks.py`` has those that leave processes behind, ``test_processes.py`` and
``test_logs.py`` those that are rude with their output.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration


class Rude(NamedTuple):
    """What a job does, how its run ends, and what is said of it."""

    script: str
    end: tuple[str, str]
    code: int
    said: str
    log: bytes
    """What it had written when it did so."""


SAID = 'until grep -q begun "$LOG"; do sleep 0.02; done'
JOBS = {
    "its own process group": Rude(
        f"echo begun; {SAID}; kill -9 0; echo never",
        ("failed", "signal"), 137, "the job was ended by SIGKILL", b"begun\n",
    ),
    "its supervisor": Rude(
        f"echo begun; {SAID}; kill -9 $PPID; sleep 600",
        ("lost", "supervisor_died"), 71, "wf was killed while the run was running", b"begun\n",
    ),
    "its supervisor, and itself": Rude(
        f"echo begun; {SAID}; (sleep 600 &); kill -9 $PPID 0",
        ("lost", "supervisor_died"), 71, "how the job ended is not known", b"begun\n",
    ),
    "its workspace": Rude(
        'echo begun; w=$PWD; cd /; rm -rf "$w"; echo gone',
        ("succeeded", "exit_code"), 0, "the artifact `model` is empty", b"begun\ngone\n",
    ),
    "its workspace, and fails": Rude(
        'echo begun; w=$PWD; cd /; rm -rf "$w"; exit 4',
        ("failed", "exit_code"), 4, "the job exited with 4", b"begun\n",
    ),
    "itself for a while": Rude(
        "echo begun; (until test -e woken; do sleep 0.3; kill -CONT $$; done) & "
        "kill -STOP $$; touch woken; wait; echo whole",
        ("succeeded", "exit_code"), 0, "succeeded", b"begun\nwhole\n",
    ),
    "its record": Rude(
        'echo begun; rm "$RUN"/state.json "$RUN"/events.jsonl "$WF_HOME"/index.sqlite*; echo gone',
        ("succeeded", "exit_code"), 0, "", b"begun\ngone\n",
    ),
    "its environment's marks": Rude(
        'echo begun; for f in 3 4 5 6 7 8 9; do eval "exec $f>&-"; done; '
        "exec -c bash -c 'echo whole'",
        ("succeeded", "exit_code"), 0, "succeeded", b"begun\nwhole\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("whom", JOBS)
def test_a_job_that_harms(trial: Trial, whom: str) -> None:
    rude = JOBS[whom]
    trial.job('RUN=$(echo "$WF_HOME"/runs/*); LOG=$RUN/log', rude.script)
    done = trial.world.wf("run", "job")
    assert done.code == rude.code, done.err
    assert rude.said in done.err
    assert "Traceback" not in done.err
    assert trial.end() == rude.end
    trial.sound(rude.log)


CHILDREN = """\
import os, signal
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
for _ in range(500):
    if os.fork() == 0:
        os.setsid()
        signal.pause()
print("forked", flush=True)
if os.environ["THEN"] == "stay":
    open(os.environ["GATE"] + ".there", "w").close()
    signal.pause()
os._exit(int(os.environ["THEN"]))
"""


@pytest.mark.parametrize(
    ("then", "end", "code"),
    [
        ("0", ("succeeded", "exit_code"), 0),
        ("3", ("failed", "exit_code"), 3),
        ("stay", ("cancelled", "aborted"), 143),
    ],
)
def test_500_children_that_heed_no_signal(
    trial: Trial, then: str, end: tuple[str, str], code: int
) -> None:
    """They are sessions of their own, and neither ask nor end by themselves."""
    trial.world.write("fork.py", CHILDREN)
    trial.job('exec "$PYTHON" -I -S fork.py')
    trial.world.variables.update(PYTHON=sys.executable, THEN=then)
    if then == "stay":
        wf = trial.at_gate()
        assert trial.world.wf("stop", "--abort", "last").code == 0
        assert wf.wait(60) == code
    else:
        done = trial.world.wf("run", "job")
        assert done.code == code
        assert "500 processes of the job outlived it and were ended" in done.err
    assert trial.end() == end
    trial.sound(b"forked\n")
