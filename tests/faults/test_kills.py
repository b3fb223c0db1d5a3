"""``kill -9`` of everybody, everywhere: the next command knows how it ended and leaves nothing.

Held against rows F1, F2, F8, F10, F23, F30 and F58 of the faults asked for, by the audit beside
this file.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from runner.failpoints import POINTS
from runner.paths import Home, RunPaths
from runner.records import supervision
from tests.conftest import carriers, children, commands, program, require, until
from tests.fakes import packages
from tests.faults.audit import Audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

SAID = b"begun\nhalf\nwhole\n"
WORKFLOW = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model, more/deep]
    commands:
      - echo begun; echo one > model/first.ckpt; echo $$ > "$GATE.pid"
      - test ! -e "$GATE.wait" || until test -e "$GATE"; do sleep 0.02; done
      - echo half; echo two > more/deep/second.ckpt; echo whole
    resources: {cpu: 1, memory: 200MB}
"""
LOST = ("lost", "supervisor_died")
DONE = ("succeeded", "exit_code")
# how a run ends that was killed there: what it was then, and what the next command makes of it
ENDS: dict[str, tuple[str | None, tuple[str, str] | None]] = {
    "made": (None, None),
    **dict.fromkeys(("created", "code-placed", "inputs-placed"), ("pending", LOST)),
    **dict.fromkeys(("environment-ready", "leased"), ("provisioning", LOST)),
    **dict.fromkeys(("before-start", "started", "ended"), ("running", LOST)),
    **dict.fromkeys(("verdict-written", "released"), ("running", DONE)),
    **dict.fromkeys(("collecting", "opened", "noted", "listed", "collected"), ("collecting", DONE)),
    "manifest-written": ("collecting", DONE),
    "cleared": ("collecting", DONE),
    "end-written": ("succeeded", DONE),
}
# those of who brings such a run to its end, and of who removes one
SETTLING = ("orphans-ended", "recollected", "cleared", "end-written")
REMOVING = ("out-of-sight", "artifacts-removed")
# tried where files of several runs are made one: tests/unit/artifacts/test_store.py and
# test_afterwards.py
SHARING = ("staged", "sharing", "locked")
# those of a workspace that lies over large inputs: tests/integration/test_layer.py
LAYER = ("laid", "settling", "settled")
# those of a container that is about to start: tests/integration/test_docker_life.py
CONTAINER = ("container-asked-for", "container-made")


class Scene:
    """A world with a job, looked at before and after."""

    def __init__(self, world: World) -> None:
        world.workflows(WORKFLOW)
        self.world = world
        self.gate = world.home / "gate"
        world.variables["GATE"] = str(self.gate)
        self.audit = Audit(world)

    def hold_up(self) -> None:
        """From now on the job waits in its middle."""
        self.gate.with_suffix(".wait").touch()

    def let_go(self) -> None:
        self.gate.touch()

    def start(self) -> subprocess.Popen[bytes]:
        """A run whose job waits in its middle."""
        self.hold_up()
        wf = self.world.start("run", "job")
        until(self.gate.with_suffix(".pid").exists, "a job")
        return wf

    def crash(self, point: str) -> None:
        """A run that is killed there, and with it whoever watches it, before they do anything."""
        self.world.wf("run", "job", WF_FAILPOINTS=f"{point}=kill;orphans-ended=kill")

    @property
    def paths(self) -> RunPaths:
        """Those of the only run."""
        (run,) = self.world.runs()
        return Home(self.world.folder(run).parent.parent).run(run)

    def supervisor(self) -> int:
        """Who carries the only run out."""
        return until(lambda: supervision.supervisor(self.paths), "a supervisor")

    def status(self) -> tuple[str, str | None] | None:
        """That of the only run, as the next command tells it."""
        rows = self.world.wf("ps", "-a", "--json").json()
        assert len(rows) <= 1
        return (rows[0]["status"], rows[0]["reason"]) if rows else None

    def clean(self, *, whole: bool = False) -> None:
        """Nothing is left behind, and the same again succeeds."""
        self.over()
        assert self.audit.faults() == []
        for run in self.world.runs():
            assert self.audit.log_faults(run, SAID, whole=whole) == []
        self.let_go()
        done = self.world.wf("run", "job")
        assert (done.code, done.out.encode()) == (0, SAID), done.err
        self.over()
        assert self.audit.faults() == []

    def over(self) -> None:
        """Wait until who carried runs out is gone: a run may be seen to end, or shown, before."""
        until(lambda: not carriers(self.world.home), "the end of whoever carried it out")


@pytest.fixture
def scene(world: World, shared_cache: Path) -> Scene:
    world.variables["WF_CACHE"] = str(shared_cache)
    return Scene(world)


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_every_named_point_is_tried() -> None:
    assert {*ENDS, *SETTLING, *REMOVING, *SHARING, *LAYER, *CONTAINER} == set(POINTS)


@pytest.mark.parametrize("point", ENDS)
def test_killed_at(scene: Scene, point: str) -> None:
    was, end = ENDS[point]
    scene.crash(point)
    assert scene.status() == end
    if end is None:
        assert scene.world.runs() == []
    else:
        record = scene.world.record()
        statuses = [entry["status"] for entry in record["history"]]
        assert was in statuses
        assert "collecting" not in statuses or end == DONE
        if end == DONE:
            assert [one["files"] for one in record["artifacts"]] == [1, 1]
            assert record["exit_code"] == 0
        else:
            assert str(was) in record["message"]
    scene.clean(whole=end == DONE)


@pytest.mark.parametrize(
    ("point", "code"), [("made", 71), ("leased", 71), ("started", 71), ("collected", 0)]
)
def test_who_watches_knows_at_once(scene: Scene, point: str, code: int) -> None:
    done = scene.world.wf("run", "job", WF_FAILPOINTS=f"{point}=kill")
    assert done.code == code
    assert "Traceback" not in done.err
    scene.clean(whole=code == 0)


@pytest.mark.parametrize("first", ["started", "verdict-written"])
@pytest.mark.parametrize("second", SETTLING)
def test_who_settles_is_killed_as_well(scene: Scene, first: str, second: str) -> None:
    scene.crash(first)
    assert scene.world.wf("ps", WF_FAILPOINTS=f"{second}=kill").code == -signal.SIGKILL
    end = ENDS[first][1]
    assert scene.status() == end
    if end == DONE:
        assert [one["files"] for one in scene.world.record()["artifacts"]] == [1, 1]
    scene.clean(whole=end == DONE)


def test_killed_in_the_middle_of_collecting_twice(scene: Scene) -> None:
    """One artifact is in its place and the other is not."""
    scene.crash("collecting")
    folder = scene.paths
    (folder.workspace / "model").rename(folder.artifacts / "model")
    assert scene.status() == DONE
    assert [one["files"] for one in scene.world.record()["artifacts"]] == [1, 1]
    scene.clean(whole=True)


WHO: dict[str, Callable[[Scene, Any], list[int]]] = {
    "supervisor": lambda scene, _: [scene.supervisor()],
    "command": lambda _, wf: [wf.pid],
    "job": lambda scene, _: [_job(scene)],
    "all": lambda scene, wf: [wf.pid, scene.supervisor(), _job(scene)],
}


def _job(scene: Scene) -> int:
    return int(until(scene.gate.with_suffix(".pid").read_text, "the job's id"))


@pytest.mark.parametrize("who", WHO)
def test_killed_while_the_job_runs(scene: Scene, who: str) -> None:
    wf = scene.start()
    kill(*WHO[who](scene, wf))
    if who == "command":  # it only watched
        wf.wait()
        assert scene.status() == ("running", None)
        scene.let_go()
        assert until(lambda: _over(scene), "the end of the run") == DONE
        scene.clean(whole=True)
        return
    wf.wait()
    assert scene.status() == (("failed", "signal") if who == "job" else LOST)
    (model, _) = scene.world.record()["artifacts"]
    assert model["files"] == 1
    scene.clean()


RETRIED = """\
type: task
name: again
commands:
  - test $WF_ATTEMPT = 2 || kill -KILL $$
  - echo $$ > "$GATE.pid"
  - until test -e "$GATE"; do sleep 0.02; done
retry: true
"""


def test_killed_in_the_second_attempt(scene: Scene) -> None:
    scene.world.write("again.dstack.yml", RETRIED)
    wf = scene.world.start("run", "again")
    until(scene.gate.with_suffix(".pid").exists, "the second attempt")
    kill(scene.supervisor())
    wf.wait()
    assert scene.status() == LOST
    record = scene.world.record()
    first, second = record["attempts"]
    assert (first["reason"], first["exit_code"]) == ("signal", 137)
    assert (second["reason"], second["exit_code"]) == ("supervisor_died", None)
    assert second["started_at"] <= second["finished_at"] <= record["finished_at"]
    assert second["message"] == record["message"]
    assert scene.audit.faults() == []


def _over(scene: Scene) -> tuple[str, str | None] | None:
    found = scene.status()
    return found if found and found[0] not in {"running", "collecting"} else None


def test_killed_while_it_collects(scene: Scene) -> None:
    wf = scene.world.start("run", "job", WF_FAILPOINTS="collecting=stop")
    until(lambda: scene.world.runs() and scene.paths.verdict.exists(), "a job that has ended")
    supervisor = scene.supervisor()
    until(lambda: _stopped(supervisor), "a supervisor that stands still")
    # while it stands still it is no more than that
    assert scene.status() == ("collecting", None)
    kill(supervisor)
    wf.wait()
    assert scene.status() == DONE
    scene.clean(whole=True)


def _stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def test_killed_while_it_waits_for_devices(scene: Scene) -> None:
    """Who waits behind it goes on, and who has the devices keeps them."""
    cores = len(os.sched_getaffinity(0))
    holder = scene.world.start("run", "job", "--cpus", str(cores))
    scene.hold_up()
    until(scene.gate.with_suffix(".pid").exists, "a job")
    first = scene.world.runs()
    waiting = scene.world.start("run", "job")
    (run,) = until(lambda: set(scene.world.runs()) - set(first), "a second run")
    paths = Home(scene.world.folder(run).parent.parent).run(run)
    until(paths.waiting.exists, "one that waits")
    behind = scene.world.start("run", "job")
    kill(until(lambda: supervision.supervisor(paths), "its supervisor"))
    waiting.wait()
    assert scene.world.record(run)["status"] == "lost"
    assert "provisioning" in scene.world.record(run)["message"]
    scene.let_go()
    assert [holder.wait(60), behind.wait(60)] == [0, 0]
    assert scene.audit.faults() == []


def test_killed_while_the_environment_is_built(scene: Scene, tmp_path: Path) -> None:
    """uv and what it has started end as well; half an environment stands in nobody's way."""
    world, links = scene.world, tmp_path / "links"
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    world.variables.update(packages.index(links), WF_CACHE=str(tmp_path / "cache"))
    world.workflows(packages.WORKFLOW)
    world.write("requirements.txt", "held\n")
    world.write("train.py", "print('trained')\n")
    installing = world.start("run", "train")
    until(began.exists, "the middle of the installation")
    kill(scene.supervisor())
    installing.wait()
    assert scene.status() == LOST
    assert "provisioning" in world.record()["message"]
    assert scene.audit.faults() == []
    gate.touch()
    assert world.wf("run", "train").out == "trained\n"
    assert scene.audit.faults() == []


DAEMONS = """\
workflows:
  - name: job
    provider: bash
    commands:
      - for i in 1 2 3 4 5; do (setsid setsid sleep 600 {closed} &); done
      - echo $$ > "$GATE.pid"; {end}
"""


@pytest.mark.parametrize("closed", ["", "{a}>&- {b}>&-"], ids=["inherit", "close"])
def test_daemons_of_a_killed_run_are_ended(scene: Scene, closed: str) -> None:
    """Out of the session, out of the family; some have closed all that they inherited."""
    every = " ".join(f"{number}>&-" for number in range(3, 20)) if closed else ""
    scene.world.workflows(DAEMONS.format(closed=every, end="sleep 600"))
    wf = scene.start()
    supervisor = scene.supervisor()
    until(lambda: _below(supervisor) == [[b"sleep", b"600"]] * 6, "the daemons and the job alone")
    kill(supervisor)
    wf.wait()
    assert scene.status() == LOST
    assert scene.audit.faults() == []
    assert "6 processes of it were ended" in scene.world.record()["message"]


def _below(pid: int) -> list[list[bytes]]:
    """The command lines of all processes below one."""
    said = dict(commands())
    below, found = children(pid), []
    while below:
        one = below.pop()
        below += children(one)
        found.append(said.get(one, [])[:-1])
    return found


def test_a_run_of_before_the_machine_was_restarted(scene: Scene, tmp_path: Path) -> None:
    require("unshare", program("unshare"))
    scene.crash("ended")
    other = tmp_path / "boot_id"
    other.write_text("00000000-0000-4000-8000-000000000000\n")
    bind = f'mount --bind {other} /proc/sys/kernel/random/boot_id && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", bind, "sh", *scene.world.argv("ps")],
        cwd=scene.world.project, env=scene.world.variables, capture_output=True, check=False,
    )  # fmt: skip
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip("no mount can be made here (root can)")
    assert scene.status() == ("lost", "machine_restarted")
    assert "restarted" in scene.world.record()["message"]
    scene.clean(whole=True)


@pytest.mark.parametrize("point", ["made", "created", "started", "end-written"])
def test_whatever_was_left_can_be_removed(scene: Scene, point: str) -> None:
    scene.crash(point)
    runs = scene.world.runs()
    if runs:
        assert scene.world.wf("rm", *runs, WF_FAILPOINTS="out-of-sight=kill").code != 0
    assert scene.status() is None
    scene.clean()


@pytest.mark.parametrize("left", [(), ("lock",), ("lock", "supervisor", "submitted.json")])
def test_half_a_run_can_be_removed(scene: Scene, left: tuple[str, ...]) -> None:
    """As older versions could leave it."""
    folder = scene.world.folder("wet-mango-1")
    folder.mkdir(parents=True)
    for name in left:
        (folder / name).touch()
    assert scene.world.wf("ps").code == 0
    assert scene.world.wf("show", "wet-mango-1").code == 73
    assert scene.world.wf("rm", "wet-mango-1").code == 0
    scene.clean()
