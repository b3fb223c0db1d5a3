"""``wf stop`` and ``wf wait``, from another terminal than the run's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.paths import RunPaths
from runner.process import tree
from runner.records import supervision
from tests.conftest import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

POLITE = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - trap 'echo cleaning up; until test -e "$GO"; do sleep 0.02; done; exit 7' TERM
      - echo weights > model/last.ckpt
      - echo $$ > "$PID_FILE"
      - while true; do sleep 0.05; done
"""
# its helper has left its process group, and ignores all that can be ignored
STUBBORN = """\
type: task
name: job
commands:
  - trap '' INT TERM HUP
  - setsid bash -c 'trap "" INT TERM HUP; echo $$ > "$PID_FILE.far"; while true; do sleep 9; done' &
  - until test -s "$PID_FILE.far"; do sleep 0.02; done
  - echo weights > model/last.ckpt
  - echo $$ > "$PID_FILE"
  - while true; do sleep 0.05; done
artifacts: [model]
stop_duration: 1
"""
QUICK = """\
workflows:
  - {name: good, provider: bash, commands: [exit 0]}
  - {name: bad, provider: bash, commands: [exit 3]}
"""


@pytest.fixture
def pid_file(world: World) -> Path:
    """Where the job says which process it is; it ends as soon as ``go`` is there."""
    path = world.home / "pid"
    world.variables["PID_FILE"] = str(path)
    world.variables["GO"] = str(world.home / "go")
    return path


def polite(world: World, pid_file: Path) -> subprocess.Popen[bytes]:
    world.workflows(POLITE)
    run = world.start("run", "job")
    until(lambda: pid_file.exists() and pid_file.read_text(), "the job")
    return run


def stubborn(world: World, pid_file: Path) -> subprocess.Popen[bytes]:
    world.write("job.dstack.yml", STUBBORN)
    run = world.start("run", "job")
    until(lambda: pid_file.exists() and pid_file.read_text(), "the job")
    return run


def gone(*files: Path) -> bool:
    """Whether all of these processes have ended."""
    return not any(tree.alive(int(file.read_text())) for file in files)


def go(world: World) -> None:
    Path(world.variables["GO"]).touch()


def asked(world: World) -> bool:
    (name,) = world.runs()
    return (world.folder(name) / "asked.json").exists()


def ended(process: subprocess.Popen[bytes]) -> int:
    process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode


def test_a_job_is_asked_to_end_and_what_it_made_is_kept(world: World, pid_file: Path) -> None:
    run = polite(world, pid_file)
    go(world)
    stopped = world.wf("stop", "last")
    assert stopped.code == 0
    (name,) = world.runs()
    assert f"{name} cancelled · stopped by the user (SIGTERM)" in stopped.err
    assert stopped.out == ""
    assert ended(run) == 143
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "stopped")
    assert record["exit_code"] == 7
    assert record["artifacts"][0]["files"] == 1
    assert gone(pid_file)


def test_a_job_that_ignores_everything_is_killed_with_all_of_it(
    world: World, pid_file: Path
) -> None:
    run = stubborn(world, pid_file)
    assert world.wf("stop", "last").code == 0
    assert ended(run) == 143
    record = world.record()
    assert record["reason"] == "stopped"
    assert "SIGTERM" in record["message"]
    assert "had to be killed (SIGKILL)" in record["message"]
    assert record["artifacts"][0]["files"] == 1
    assert gone(pid_file, pid_file.with_name("pid.far"))


def test_an_abort_kills_at_once_and_keeps_nothing(world: World, pid_file: Path) -> None:
    run = polite(world, pid_file)  # it would not end before `go`
    stopped = world.wf("stop", "--abort", "last", "--json")
    assert stopped.code == 0
    assert ended(run) == 143
    (record,) = stopped.json()
    assert record == world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "aborted")
    assert record["exit_code"] == 137
    assert record["artifacts"] == []
    assert not (world.folder(record["name"]) / "artifacts").exists()
    assert gone(pid_file)


def test_an_abort_overtakes_a_stop(world: World, pid_file: Path) -> None:
    run = polite(world, pid_file)
    stopping = world.start("stop", "last")
    until(lambda: asked(world), "the request")
    assert world.wf("stop", "-x", "-y", "last").code == 0
    assert ended(stopping) == 0
    assert ended(run) == 143
    assert world.record()["reason"] == "aborted"


def test_two_who_stop_the_same_run_wait_for_the_same_end(world: World, pid_file: Path) -> None:
    """Neither is impatient: a second request must not kill what the first one asked."""
    run = polite(world, pid_file)
    both = [world.start("stop", "last") for _ in range(2)]
    until(lambda: "cleaning up" in world.wf("logs", "last").out, "the job to be asked")
    both.append(world.start("stop", "last"))
    both.append(world.start("wait", "last"))
    assert run.poll() is None
    go(world)
    assert [ended(one) for one in both] == [0, 0, 0, 143]
    assert ended(run) == 143
    record = world.record()
    assert record["message"] == "stopped by the user (SIGTERM)"
    assert record["exit_code"] == 7


@pytest.mark.parametrize("point", ["created", "code-placed", "inputs-placed", "leased"])
def test_a_run_is_stopped_wherever_it_is(world: World, pid_file: Path, point: str) -> None:
    world.workflows(POLITE)
    run = world.start("run", "job", WF_FAILPOINTS=f"{point}=delay(600000)")
    until(world.runs, "the run")
    assert world.wf("stop", "last").code == 0
    assert ended(run) == 143
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "stopped")
    assert "before the job started" in record["message"]
    assert record["exit_code"] is None
    assert not pid_file.exists()


def test_a_run_that_waits_for_devices(world: World, pid_file: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    world.workflows(POLITE + f"    resources: {{cpu: {cores}}}\n")
    first = world.start("run", "job")
    until(pid_file.exists, "the first job")
    running = world.running()
    second = world.start("run", "job")
    until(lambda: len(world.runs()) == 2, "the second run")
    (waiting,) = set(world.runs()) - {running}
    until(lambda: world.record(waiting)["waiting"], "it to wait")
    assert world.wf("stop", waiting).code == 0
    assert ended(second) == 143
    assert world.record(waiting)["reason"] == "stopped"
    assert first.poll() is None
    assert world.record(running)["status"] == "running"
    go(world)
    assert world.wf("stop", "-a").code == 0
    assert ended(first) == 143


def test_only_an_abort_gives_up_a_collection(world: World, pid_file: Path) -> None:
    go(world)
    world.workflows(POLITE.replace("while true; do sleep 0.05; done", "exit 0"))
    run = world.start("run", "job", WF_FAILPOINTS="collecting=delay(600000)")
    until(lambda: world.runs() and world.record()["status"] == "collecting", "the collection")
    polite_stop = world.start("stop", "last")
    until(lambda: asked(world), "the request")
    assert world.record()["status"] == "collecting"
    assert world.wf("stop", "last", "--abort").code == 0
    assert ended(polite_stop) == 0
    assert ended(run) == 143
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "aborted")
    assert "while it was collecting (the job exited with 0)" in record["message"]
    assert record["exit_code"] == 0
    assert record["artifacts"] == []
    assert not (world.folder(record["name"]) / "artifacts").exists()
    assert not (world.folder(record["name"]) / "workspace").exists()
    assert pid_file.exists()


def test_a_wf_that_stands_still_is_named_and_an_abort_ends_it(world: World, pid_file: Path) -> None:
    run = stubborn(world, pid_file)
    (name,) = world.runs()
    pid = supervision.supervisor(RunPaths(world.folder(name)))
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    stopped = world.wf("stop", name)
    assert stopped.code == 75
    assert f"process {pid}, SIGSTOP" in stopped.err
    assert f"kill -CONT {pid}" in stopped.err
    assert not gone(pid_file)
    assert world.wf("stop", "--abort", name).code == 0
    ended(run)
    assert gone(pid_file, pid_file.with_name("pid.far"))
    record = world.record(name)
    assert (record["status"], record["reason"]) == ("cancelled", "aborted")
    assert f"process {pid}" in record["message"]
    assert record["artifacts"] == []


def test_a_request_reaches_a_wf_that_goes_on_again(world: World, pid_file: Path) -> None:
    run = polite(world, pid_file)
    go(world)
    (name,) = world.runs()
    pid = supervision.supervisor(RunPaths(world.folder(name)))
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert world.wf("stop", name).code == 75
    os.kill(pid, signal.SIGCONT)
    assert world.wf("wait", name).code == 143
    ended(run)
    assert world.record(name)["reason"] == "stopped"


def test_what_is_over_is_not_ended_again(world: World) -> None:
    world.workflows(QUICK)
    assert world.wf("run", "good").code == 0
    before = world.record()
    stopped = world.wf("stop", "last", "--json")
    assert stopped.code == 0
    assert "had ended before: succeeded · the job exited with 0" in stopped.err
    assert stopped.json() == [before]
    assert world.wf("stop", "last", "--abort").code == 0
    assert world.record() == before


def test_what_goes_on_must_be_named(world: World) -> None:
    assert world.wf("stop").code == 64
    assert world.wf("stop", "-a", "last").code == 64
    assert world.wf("stop", "nothing-1").code == 64
    nothing = world.wf("stop", "-a", "--json")
    assert (nothing.code, nothing.json()) == (0, [])
    assert "nothing is going on" in nothing.err


def test_one_run_of_a_batch(world: World, pid_file: Path) -> None:
    lines = POLITE.splitlines(keepends=True)[1:]
    other = "".join(lines).replace("name: job", "name: other").replace("PID_FILE", "OTHER")
    world.workflows(POLITE + other)
    world.variables["OTHER"] = str(world.home / "other")
    go(world)
    run = world.start("run", "--all", "--parallel", "2", "--keep-going")
    until(lambda: pid_file.exists() and (world.home / "other").exists(), "both jobs")
    names = {world.record(name)["workflow"]: name for name in world.runs()}
    assert world.wf("stop", names["job"]).code == 0
    assert world.record(names["job"])["reason"] == "stopped"
    assert world.record(names["other"])["status"] == "running"
    assert run.poll() is None
    assert world.wf("stop", "--all").code == 0
    assert world.record(names["other"])["reason"] == "stopped"
    assert ended(run) == 143


CHAIN = (
    POLITE
    + """\
  - {name: next, provider: bash, depends-on: [job], commands: [echo next]}
  - {name: last, provider: bash, depends-on: [next], commands: [echo last]}
"""
)


def left_over(world: World) -> list[Path]:
    return list((world.home / "state" / "submissions").iterdir())


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--all", "--parallel", "2"], "wf run --all"),
        (["last"], "wf run last"),
    ],
    ids=["a batch", "a chain"],
)
def test_all_that_was_left_behind_is_stopped_as_a_whole(
    world: World, pid_file: Path, words: list[str], command: str
) -> None:
    """Also what is not on the record yet: nothing of it is started."""
    world.workflows(CHAIN)
    go(world)
    assert world.wf("run", "-d", *words).code == 0
    until(lambda: pid_file.exists() and pid_file.read_text(), "the job")
    stopped = world.wf("stop", "-a")
    assert stopped.code == 0
    assert f"`{command}` has ended (process " in stopped.err
    assert "it starts nothing more" in stopped.err
    assert gone(pid_file)
    assert left_over(world) == []
    records = [world.record(name) for name in world.runs()]
    assert {(one["status"], one["reason"]) for one in records} == {("cancelled", "stopped")}
    assert all("killed" not in one["message"] for one in records)
    job = next(one for one in records if one["workflow"] == "job")
    assert (job["exit_code"], job["artifacts"][0]["files"]) == (7, 1)
    assert world.wf("stop", "-a").err == "nothing is going on\n"


def test_a_batch_whose_wf_stands_still(world: World, pid_file: Path) -> None:
    world.workflows(CHAIN)
    go(world)
    assert world.wf("run", "-d", "--all", "--parallel", "2").code == 0
    until(lambda: pid_file.exists() and pid_file.read_text(), "the job")
    (folder,) = left_over(world)
    pid = int(folder.name.split("-")[0])
    os.kill(pid, signal.SIGSTOP)
    stopped = world.wf("stop", "-a")
    assert stopped.code == 75
    assert f"process {pid}, SIGSTOP" in stopped.err
    assert world.record()["reason"] == "stopped"
    assert world.wf("stop", "-a", "--abort").code == 0
    assert not tree.alive(pid)
    assert len(world.runs()) == 1


def test_waiting_has_the_code_of_the_run(world: World) -> None:
    world.workflows(QUICK)
    for name in ("good", "bad"):
        world.wf("run", name)
    runs: list[Any] = sorted(
        world.wf("ps", "-a", "--json").json(), key=lambda run: str(run["workflow"])
    )
    bad, good = (run["name"] for run in runs)
    assert world.wf("wait", good).code == 0
    assert world.wf("wait", bad).code == 3
    both = world.wf("wait", good, bad, "--json")
    assert both.code == 3
    assert [record["name"] for record in json.loads(both.out)] == [good, bad]
    assert f"{good} succeeded" in both.err
    assert f"{bad} failed · the job exited with 3" in both.err


def test_waiting_ends_with_the_run_or_with_patience(world: World, pid_file: Path) -> None:
    run = polite(world, pid_file)
    late = world.wf("wait", "last", "--timeout", "1s")
    assert late.code == 124
    assert "is still running" in late.err
    assert run.poll() is None
    waiting = world.start("wait", "last")
    go(world)
    assert world.wf("stop", "last").code == 0
    assert ended(waiting) == 143
    assert world.wf("wait", "last", "--timeout", "soon").code == 64


INTERRUPTIBLE = """\
workflows:
  - name: job
    provider: python
    script: train.py
    artifacts: [model]
    resources: {interruptible: true}
"""
# what it does not handle ends it: without the notice nothing would be saved
TRAINING = """\
import multiprocessing, os, signal, sys, time

def save(*_):
    with open("model/last.ckpt", "a") as file:
        file.write(f"{os.getpid()}\\n")
    sys.exit()

signal.signal(signal.SIGUSR1, save)
if __name__ == "__main__":
    # a data loader's worker has a copy of the handler, and must not write the checkpoint too
    forked = multiprocessing.get_context("fork")
    loader = forked.Process(target=time.sleep, args=(600,), daemon=True)
    loader.start()
    with open(os.environ["PID_FILE"], "w") as file:
        file.write(f"{os.getpid()}\\n")
    while True:
        time.sleep(0.05)
"""


@pytest.mark.parametrize("words", [[], ["--max-duration", "8s"]], ids=["stopped", "time is up"])
def test_a_job_saves_what_it_has_at_the_notice(
    world: World, pid_file: Path, words: list[str]
) -> None:
    world.workflows(INTERRUPTIBLE)
    world.write("train.py", TRAINING)
    run = world.start("run", "job", *words)
    until(lambda: pid_file.exists() and pid_file.read_text(), "the job")
    if not words:
        assert world.wf("stop", "last").code == 0
    _, err = run.communicate(timeout=PATIENCE_SECONDS)
    assert b"given notice" in err
    record = world.record()
    assert record["plan"]["jobs"][0]["interruptible"] is True
    saved = world.folder(record["name"]) / "artifacts" / "model" / "last.ckpt"
    assert saved.read_text() == pid_file.read_text()
    assert gone(pid_file)


RETRIED = """\
type: task
name: job
commands:
  - echo attempt $WF_ATTEMPT
  - echo $WF_ATTEMPT >> model/steps
  - test $WF_ATTEMPT != 1 || kill -KILL $$
  - until test -e "$GO"; do sleep 0.02; done
  - test $WF_ATTEMPT = 3
artifacts: [model]
retry: true
"""


def test_a_job_that_was_taken_away_is_started_again(world: World, pid_file: Path) -> None:
    world.write("job.dstack.yml", RETRIED)
    run = world.start("run", "job", out=subprocess.PIPE)
    until(lambda: world.runs() and len(world.record()["attempts"]) == 2, "the second attempt")
    going = world.record()
    assert going["status"] == "running"
    assert going["attempts"][0]["reason"] == "signal"
    assert going["attempts"][1]["finished_at"] is None
    assert "is under way" in world.wf("show", "last").out
    go(world)
    out, err = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 0
    assert out == b"attempt 1\nattempt 2\nattempt 3\n"
    assert b"started again in 1.0s (attempt 2)" in err
    record = world.record()
    assert [one["exit_code"] for one in record["attempts"]] == [137, 1, 0]
    steps = world.folder(record["name"]) / "artifacts" / "model" / "steps"
    assert steps.read_text() == "1\n2\n3\n"
    assert not pid_file.exists()


def test_a_run_is_stopped_while_it_pauses(world: World) -> None:
    world.write("job.dstack.yml", RETRIED.replace("kill -KILL $$", "exit 4").replace("!= 1", "= 9"))
    world.variables["GO"] = str(world.project)
    run = world.start("run", "job")
    until(lambda: world.runs() and len(world.record()["attempts"]) >= 2, "two attempts")
    assert world.wf("stop", "last").code == 0
    assert ended(run) == 143
    assert world.record()["reason"] == "stopped"
