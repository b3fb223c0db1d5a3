"""``wf run`` in containers of a real Podman: what differs from Docker behind one interface."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PATIENCE_SECONDS, until
from tests.integration.test_docker_life import adrift, apart, began, go, replaced, whole, workflow
from tests.servers.images import SMALL

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.servers.podman import Podman

pytestmark = [pytest.mark.integration, pytest.mark.podman]

MEMORY = 64 << 20


def task(world: World, text: str) -> None:
    """A task of this name is the project's only one."""
    world.write(".dstack.yml", f"type: task\nname: one\nimage: {SMALL}\n{text}")


def test_output_and_exit_code_are_the_jobs(in_podman: World, podman: Podman) -> None:
    task(in_podman, "commands: [cat data.txt, exit 7]\n")
    in_podman.write("data.txt", "mine\n")
    done = in_podman.wf("run", "one", "-f", ".dstack.yml")
    assert (done.code, done.out) == (7, "mine\n"), done.err
    record = in_podman.record()
    assert (record["executor"], record["status"], record["exit_code"]) == ("docker", "failed", 7)
    assert record["container"]["image_id"].startswith("sha256:")
    assert podman.containers() == []


@pytest.mark.parametrize("user", ["", "user: 4321:4321\n"])
def test_what_it_writes_is_kept_and_the_callers(in_podman: World, user: str) -> None:
    task(
        in_podman,
        f"{user}commands: [id -u, mkdir -p out /tmp/made, echo model >out/model, "
        "echo inside >/tmp/made/f]\nartifacts: [out, /tmp/made]\n",
    )
    done = in_podman.wf("run", "one", "-f", ".dstack.yml")
    assert (done.code, done.out) == (0, "4321\n" if user else f"{os.getuid()}\n"), done.err
    kept = in_podman.folder(in_podman.runs()[-1]) / "artifacts"
    assert {path.lstat().st_uid for path in (kept, *kept.rglob("*"))} == {os.getuid()}
    assert (kept / "out" / "model").read_text() == "model\n"
    listed = {one["path"]: one["files"] for one in in_podman.record()["artifacts"]}
    assert listed == {"out": 1, "/tmp/made": 1}


def test_it_is_held_to_its_lease(in_podman: World) -> None:
    task(
        in_podman,
        "commands:\n- grep Cpus_allowed_list /proc/self/status\n- cd /sys/fs/cgroup\n"
        "- cat memory/memory.limit_in_bytes 2>/dev/null || cat memory.max\n"
        "- cat pids/pids.max 2>/dev/null || cat pids.max\n"
        f"resources: {{cpu: 1, memory: {MEMORY >> 20}MB, shm_size: 16MB}}\n",
    )
    done = in_podman.wf("run", "one", "-f", ".dstack.yml")
    assert done.code == 0, done.err
    _, cores, memory, processes = done.out.split()
    record = in_podman.record()["resources"]
    assert [int(cores)] == record["cpus"]
    assert (int(memory), processes) == (MEMORY, "32768")
    assert (record["enforced"]["cpus"], record["enforced"]["memory"]) == ("cpuset", "container")


def test_it_can_be_stopped(in_podman: World, podman: Podman) -> None:
    in_podman.workflows(workflow(SMALL))
    run = began(in_podman)
    assert in_podman.wf("stop", run).code == 0
    record = in_podman.record(run)
    assert (record["status"], record["reason"], record["exit_code"]) == ("cancelled", "stopped", 5)
    assert b"\nasked\n" in apart(in_podman.folder(run) / "log")[0]
    assert podman.containers() == []


def test_who_is_killed_is_taken_over(in_podman: World, podman: Podman) -> None:
    in_podman.workflows(workflow(SMALL))
    run = began(in_podman)
    replaced(in_podman, run)
    go(in_podman, run)
    in_podman.started[0].communicate(timeout=PATIENCE_SECONDS)
    assert in_podman.record(run)["status"] == "succeeded"
    assert whole(in_podman.folder(run) / "log")
    assert podman.containers() == []


def test_nobody_is_left_and_the_job_ends_by_itself(in_podman: World, podman: Podman) -> None:
    in_podman.workflows(workflow(SMALL, CODE="7"))
    run = began(in_podman, "--detach")
    adrift(in_podman, run)
    go(in_podman, run)
    until(lambda: podman.containers()[0]["State"] == "exited", "the end of its container")
    record = in_podman.record(run)
    assert (record["status"], record["exit_code"]) == ("failed", 7)
    assert record["artifacts"][0]["files"] == 1
    assert whole(in_podman.folder(run) / "log")
    assert podman.containers() == []
