"""A container goes on without the wf that started it, and without its daemon: what becomes of it.

The jobs write lines that are cut anywhere, and bytes that are no text: all of them, once each and
in order, must be in the log afterwards.
"""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from runner.process import tree
from tests.conftest import children, until
from tests.servers.images import BASE, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

CORES = len(os.sched_getaffinity(0))
# `go` is a file that the test makes, where the job is to come to its end
WORKFLOW = """\
workflows:
- name: job
  provider: docker
  image: {image}
  env: [GATES]
  artifacts: [out]
  resources: {{cpu: 1}}
  commands:
    - trap 'echo asked; exit 5' TERM
    - mkdir -p out; printf 'first \\377\\000'
    - echo begun; echo BEGUN >&2
    - printf 'half of a '
    - n=0; while [ ! -e go ]; do echo $n; echo E >&2; n=$((n+1)); sleep 0.05; done
    - echo line; echo $n > out/lines; echo $n
    - exit ${{CODE:-0}}
"""


def workflow(image: str, **variables: str) -> str:
    env = ", ".join(f'{name}: "{value}"' for name, value in {"A": "b", **variables}.items())
    return WORKFLOW.format(image=image).replace("env: [GATES]", f"env: {{{env}}}")


def began(world: World, *words: str) -> str:
    """A run whose job has written something."""
    world.start("run", "job", *words)
    (run,) = until(world.runs, "a run")
    log = world.folder(run) / "log"
    until(lambda: log.exists() and log.read_bytes().count(b"\n") > 5, "what it writes")
    return run


def go(world: World, run: str) -> None:
    """Have the job come to its end."""
    (world.folder(run) / "workspace" / "go").touch()


def supervisor(world: World, run: str) -> int:
    return int((world.folder(run) / "supervisor").read_text().split()[0])


def replaced(world: World, run: str) -> int:
    """Kill who carries it out; who does then."""
    before = supervisor(world, run)
    os.kill(before, signal.SIGKILL)
    now = until(lambda: (now := supervisor_or_none(world, run)) != before and now, "who takes over")
    until(lambda: children(now), "who stands by for it")
    return now


def supervisor_or_none(world: World, run: str) -> int | None:
    with suppress(IndexError):  # it is being written
        return supervisor(world, run)
    return None


def adrift(world: World, run: str) -> None:
    """Kill who carries it out, and who stands by."""
    pid = supervisor(world, run)
    standing = until(lambda: children(pid), "who stands by")
    for one in standing:
        os.kill(one, signal.SIGSTOP)  # it must not get as far as to take over
    for one in (pid, *standing):
        os.kill(one, signal.SIGKILL)
    until(lambda: not any(map(tree.alive, (pid, *standing))), "the end of both")


def whole(log: Path) -> bool:
    """Whether it has every line that the job has written, once each, to the end."""
    out, errors = apart(log)
    head, _, counted = out.partition(b"half of a ")
    *lines, line, last = counted.split()
    assert (head, line) == (b"first \377\0begun\n", b"line")
    assert errors == b"BEGUN\n" + b"E\n" * len(lines)
    return [*lines, last] == [b"%d" % n for n in range(len(lines) + 1)]


def apart(log: Path) -> tuple[bytes, bytes]:
    """Both streams, which come through the daemon each for itself: errors are in capitals."""
    said = log.read_bytes()
    errors = re.findall(rb"[A-Z]+\n", said)
    return re.sub(rb"[A-Z]+\n", b"", said), b"".join(errors)


def ended(world: World, run: str) -> Any:
    """The run's document, once it is over."""
    assert world.wf("wait", run).out is not None
    return world.record(run)


def events(world: World, run: str) -> list[str]:
    lines = (world.folder(run) / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_who_is_killed_is_taken_over(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL))
    run = began(docked)
    for _ in range(3):
        replaced(docked, run)
        listed = docked.wf("ps", "--json").json()
        assert [(one["name"], one["status"]) for one in listed] == [(run, "running")]
    busy = docked.wf("run", "job", "--no-wait", "--cpus", str(CORES))
    assert busy.code == 75, "its devices are still its own"
    go(docked, run)
    wf = docked.started[0]
    _, said = wf.communicate(timeout=60)
    assert wf.returncode == 0, said
    record = docked.record(run)
    assert (record["status"], record["message"]) == ("succeeded", "the job exited with 0")
    assert record["artifacts"][0]["files"] == 1
    assert whole(docked.folder(run) / "log")
    told = events(docked, run)
    assert (told.count("JobStarted"), told.count("TookOver"), told.count("JobEnded")) == (1, 3, 1)
    assert dockerd.containers(docked.home) == []


RETRIED = f"""\
type: task
name: job
image: {SMALL}
commands:
  - test $WF_ATTEMPT != 1 || {{ echo hello; exit 3; }}
  - touch again; while [ ! -e go ]; do sleep 0.05; done
  - echo world
retry: true
"""


def test_who_is_killed_in_a_second_attempt_is_taken_over_in_that(
    docked: World, dockerd: Dockerd
) -> None:
    """It has written nothing yet, and so nothing of it has been handed on."""
    run = silent_again(docked)
    replaced(docked, run)
    go(docked, run)
    record = ended(docked, run)
    assert [one["exit_code"] for one in record["attempts"]] == [3, 0]
    assert (docked.folder(run) / "log").read_bytes() == b"hello\nworld\n"
    assert not any("may lack" in line for line in warnings(docked, run))
    assert dockerd.containers(docked.home) == []


def test_a_second_attempt_that_somebody_removes_did_not_end_as_the_first(
    docked: World, dockerd: Dockerd
) -> None:
    run = silent_again(docked)
    adrift(docked, run)
    known = json.loads((docked.folder(run) / "container.json").read_text())
    dockerd.client.remove_container(known["id"], force=True)
    record = docked.record(run)
    assert (record["status"], record["reason"]) == ("lost", "supervisor_died")


def silent_again(world: World) -> str:
    """A run whose job was started again, and has not written anything since."""
    world.write("job.dstack.yml", RETRIED)
    world.start("run", "job", "--detach")
    (run,) = until(world.runs, "a run")
    until((world.folder(run) / "workspace" / "again").exists, "a second attempt")
    return run


def test_who_took_over_can_be_asked_to_stop(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL))
    run = began(docked)
    replaced(docked, run)
    done = docked.wf("stop", run)
    assert done.code == 0, done.err
    record = docked.record(run)
    assert (record["status"], record["reason"], record["exit_code"]) == ("cancelled", "stopped", 5)
    assert b"\nasked\n" in apart(docked.folder(run) / "log")[0]
    assert dockerd.containers(docked.home) == []


def test_ctrl_c_reaches_who_took_over(docked: World) -> None:
    docked.workflows(workflow(SMALL))
    run = began(docked)
    replaced(docked, run)
    until(lambda: "TookOver" in events(docked, run), "that it is told")
    docked.started[0].send_signal(signal.SIGINT)
    docked.started[0].communicate(timeout=60)
    assert docked.record(run)["reason"] == "interrupted"


def test_nobody_is_left(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL))
    run = began(docked, "--detach")
    adrift(docked, run)
    record = docked.record(run)
    assert (record["status"], record["reason"]) == ("lost", "supervisor_died")
    assert dockerd.containers(docked.home) == []
    said, _ = apart(docked.folder(run) / "log")
    *lines, last = said.partition(b"half of a ")[2].split()
    assert [*lines, last] == [b"%d" % n for n in range(len(lines) + 1)]


def test_nobody_is_left_and_the_job_ends_by_itself(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL, CODE="7"))
    run = began(docked, "--detach")
    adrift(docked, run)
    go(docked, run)
    until(
        lambda: dockerd.containers(docked.home)[0]["State"] == "exited", "the end of its container"
    )
    record = docked.record(run)
    assert (record["status"], record["exit_code"]) == ("failed", 7)
    assert record["message"] == "the job exited with 7"
    assert record["artifacts"][0]["files"] == 1
    assert whole(docked.folder(run) / "log")
    assert dockerd.containers(docked.home) == []


_NOT_STARTED = ("before-start", "container-asked-for", "container-made")


@pytest.mark.parametrize("point", [*_NOT_STARTED, "started", "ended"])
def test_killed_with_who_stands_by(docked: World, dockerd: Dockerd, point: str) -> None:
    """What takes over is killed at the same point, and so is what takes over from that."""
    docked.workflows(
        f"workflows:\n- {{name: job, provider: docker, image: '{SMALL}', commands: [echo hi]}}\n"
    )
    docked.wf("run", "job", WF_FAILPOINTS=f"{point}=kill")
    (run,) = docked.runs()
    record = docked.record(run)
    assert record["status"] == ("lost" if point in _NOT_STARTED else "succeeded"), record
    if record["status"] == "succeeded":
        assert (docked.folder(run) / "log").read_bytes() == b"hi\n"
    assert dockerd.containers(docked.home) == []


def test_killed_while_its_daemon_is_still_at_the_container(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    """The daemon, once it goes on, is asked for the run's containers while it makes the first."""
    server = dockerd_alone()
    world.variables |= server.variables
    world.workflows(
        f"workflows:\n- {{name: job, provider: docker, image: '{SMALL}', commands: [echo hi]}}\n"
    )
    points = "before-start=delay(3000);container-asked-for=kill"
    world.start("run", "job", WF_FAILPOINTS=points)
    (run,) = until(world.runs, "a run")
    until((world.folder(run) / "log").exists, "a job that is about to start")
    pid = supervisor(world, run)
    server.freeze()
    until(lambda: not tree.alive(pid), "the end of who carries it out")
    server.thaw()
    record = ended(world, run)
    assert (record["status"], record["reason"]) == ("lost", "supervisor_died")
    assert server.containers() == []


def alone(world: World, server: Dockerd, **variables: str) -> str:
    """A run in a daemon that may be ended."""
    world.variables |= server.variables
    world.workflows(workflow(SMALL, **variables))
    return began(world)


def test_a_daemon_that_is_killed_takes_its_containers_along(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    server = dockerd_alone()
    run = alone(world, server)
    server.kill()
    assert world.wf("ps", "--json").json()[0]["status"] == "running"
    go(world, run)
    server.start()
    record = ended(world, run)
    assert (record["status"], record["reason"]) == ("lost", "daemon_lost")
    assert "daemon" in record["message"]
    assert "live-restore" in record["hint"]
    assert server.containers(world.home) == []
    assert any("does not answer" in line for line in warnings(world, run))


def warnings(world: World, run: str) -> list[str]:
    lines = (world.folder(run) / "events.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    return [one["text"] for one in told if one["event"] == "Warned"]


@pytest.mark.parametrize("code", [0, 9])
def test_a_daemon_that_is_killed_and_keeps_its_containers(
    world: World, dockerd_alone: Callable[..., Dockerd], code: int
) -> None:
    server = dockerd_alone("--live-restore")
    run = alone(world, server, CODE=str(code))
    server.kill()
    until(lambda: warnings(world, run), "that it is noticed")
    server.start()
    go(world, run)
    record = ended(world, run)
    assert (record["exit_code"], record["reason"]) == (code, "exit_code")
    assert whole(world.folder(run) / "log")
    assert server.containers(world.home) == []


def forgets(server: Dockerd) -> bool:
    """Whether its containerd knows nothing of what ended while it was away: 1.7 and newer."""
    parts = {one["Name"]: one["Version"] for one in server.client.version()["Components"]}
    return tuple(map(int, parts["containerd"].split(".")[:2])) >= (1, 7)


def told(server: Dockerd, code: int) -> tuple[str, int | None]:
    """What a run comes to whose job ended with this code while its daemon was away."""
    return ("lost", None) if code == 255 or forgets(server) else ("failed", code)


def job_of(world: World, server: Dockerd, run: str) -> int:
    """The id of its first process."""
    known = json.loads((world.folder(run) / "container.json").read_text())
    return int(server.client.inspect_container(known["id"])["State"]["Pid"])


def ends_while_away(world: World, server: Dockerd, run: str) -> None:
    """Have the job come to its end while its daemon does not run."""
    pid = job_of(world, server, run)
    server.kill()
    go(world, run)
    until(lambda: not tree.alive(pid), "the end of the job")
    server.start()


@pytest.mark.parametrize("code", [9, 255])
def test_a_job_that_ends_while_its_daemon_is_away(
    world: World, dockerd_alone: Callable[..., Dockerd], code: int
) -> None:
    """Where its containerd forgets it, the daemon says 255: whatever has that code is lost."""
    server = dockerd_alone("--live-restore")
    run = alone(world, server, CODE=str(code))
    ends_while_away(world, server, run)
    record = ended(world, run)
    assert (record["status"], record["exit_code"]) == told(server, code)
    assert any("log is incomplete" in line for line in warnings(world, run))
    out, _ = apart(world.folder(run) / "log")
    lines = out.partition(b"half of a ")[2].split()
    assert lines == [b"%d" % n for n in range(len(lines))]


@pytest.mark.parametrize("code", [9, 255])
def test_nobody_is_left_when_its_daemon_comes_back(
    world: World, dockerd_alone: Callable[..., Dockerd], code: int
) -> None:
    server = dockerd_alone("--live-restore")
    run = alone(world, server, CODE=str(code))
    adrift(world, run)
    ends_while_away(world, server, run)
    record = world.record(run)
    assert (record["status"], record["exit_code"]) == told(server, code)
    assert server.containers(world.home) == []


def test_a_daemon_that_stands_still_holds_up_nobody(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    server = dockerd_alone()
    run = alone(world, server)
    pid = job_of(world, server, run)
    server.freeze()
    world.write(
        "other/.dstack/workflows.yaml",
        "workflows:\n- {name: b, provider: bash, commands: [echo hi]}\n",
    )
    other = world.wf("run", "b", "-f", "other/.dstack/workflows.yaml")
    assert (other.code, other.out) == (0, "hi\n"), other.err
    go(world, run)
    until(lambda: not tree.alive(pid), "the end of the job")
    # what it writes to stdout and to stderr is no matter of order here
    assert "first " in world.wf("logs", run).out
    assert world.record(run)["status"] == "running", "nobody has told of its end"
    server.thaw()
    assert ended(world, run)["status"] == "succeeded"
    assert whole(world.folder(run) / "log")


def test_a_container_that_somebody_removes(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL))
    run = began(docked)
    known = json.loads((docked.folder(run) / "container.json").read_text())
    dockerd.client.remove_container(known["id"], force=True)
    record = ended(docked, run)
    # the daemon kills it first; whether it can still tell of that is a matter of moments
    told = (record["status"], record["reason"], record["exit_code"])
    assert told in {("failed", "signal", 137), ("lost", "daemon_lost", None)}


def test_out_of_memory(docked: World) -> None:
    docked.workflows(
        f"workflows:\n- name: job\n  provider: docker\n  image: {BASE}\n"
        "  resources: {memory: 64MB}\n"
        "  commands: [\"python3 -c 'bytearray(200 << 20)'\"]\n"
    )
    assert docked.wf("run", "job").code == 137
    record = docked.record()
    assert (record["reason"], record["exit_code"]) == ("out_of_memory", 137)


def test_a_job_that_closes_its_output_is_waited_for(docked: World) -> None:
    docked.workflows(
        f"workflows:\n- name: job\n  provider: docker\n  image: {SMALL}\n"
        "  commands: ['echo before', 'exec >&- 2>&-', 'sleep 2', 'exit 7']\n"
    )
    assert docked.wf("run", "job").code == 7
    assert docked.record()["usage"]["wall_seconds"] >= 2


def test_what_it_uses_is_seen(docked: World) -> None:
    docked.workflows(
        f"workflows:\n- name: job\n  provider: docker\n  image: {BASE}\n"
        "  commands:\n"
        "  - >-\n"
        '    python3 -c \'import time; kept = b"x" * (64 << 20); end = time.time() + 4\n\n'
        "    while time.time() < end or time.process_time() < 3: pass'\n"
    )
    done = docked.wf("run", "job")
    assert done.code == 0, done.err
    usage = docked.record()["usage"]
    assert usage["cpu_seconds"] > 1
    assert usage["memory"]["peak"] > 64 << 20


def test_twenty_at_once(docked: World, dockerd: Dockerd) -> None:
    jobs = "".join(
        f"- name: job-{n}\n  provider: docker\n  image: {SMALL}\n"
        f"  commands: ['echo begun {n}', 'sleep 2', 'head -c 100000 /dev/zero', 'exit {n % 2}']\n"
        for n in range(20)
    )
    docked.workflows(f"workflows:\n{jobs}")
    done = docked.wf(
        "run", "--all", "--keep-going", "--parallel", "20", "--json", timeout=300
    ).json()
    assert len(done["runs"]) == 20
    for record in done["runs"]:
        n = int(record["workflow"].removeprefix("job-"))
        assert record["exit_code"] == n % 2, record
        log = (docked.folder(record["name"]) / "log").read_bytes()
        assert log == b"begun %d\n" % n + bytes(100_000)
    assert dockerd.containers(docked.home) == []
