"""The state folder on a disk that a job fills."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

# the disk is there only for this shell and what it starts
SMALL_DISK = """
mount -t tmpfs -o size=3m tmpfs "$WF_HOME" || exit 99
{wf} run {job} >/dev/null
code=$?
{wf} show last --json
exit $code
"""
JOBS = """\
workflows:
  - name: files
    provider: bash
    artifacts: [model]
    commands: ["head -c 100M /dev/zero > model/big"]
  - name: log
    provider: bash
    commands: ["yes | head -c 20M; exit 3"]
  - name: content
    provider: bash
    artifacts: [model]
    commands: ["head -c 100M /dev/zero > model/big; true"]
"""


def cannot_mount() -> str | None:
    if shutil.which("unshare") is None:
        return "no `unshare` here"
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return None if tried.returncode == 0 else "a disk cannot be mounted here"


def run(world: World, job: str) -> tuple[int, Any, str]:
    world.workflows(JOBS)
    return in_small_disk(world, SMALL_DISK.format(wf=" ".join(world.argv()), job=job))


def in_small_disk(world: World, script: str) -> tuple[int, Any, str]:
    require("small-disk", cannot_mount())
    os.makedirs(world.variables["WF_HOME"])
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr.decode()


@pytest.mark.parametrize(("job", "code"), [("files", 1), ("log", 3)])
def test_a_job_that_fails_for_want_of_room(world: World, job: str, code: int) -> None:
    found, record, err = run(world, job)
    assert found == code
    assert (record["status"], record["reason"]) == ("failed", "no_space")
    assert record["exit_code"] == code
    assert f"the disk mounted at {world.variables['WF_HOME']} is full" in record["message"]
    assert "make room" in err


def test_one_that_does_not_mind(world: World) -> None:
    """What it wrote is kept, though there is no room for another byte."""
    code, record, _ = run(world, "content")
    assert code == 0
    assert record["status"] == "succeeded"
    assert record["artifacts"][0]["files"] == 1


def test_the_end_is_on_the_disk_and_nothing_of_it_is_left(world: World, tmp_path: Path) -> None:
    require("small-disk", cannot_mount())
    world.workflows(JOBS)
    os.makedirs(world.variables["WF_HOME"])
    listing = tmp_path / "listing"
    script = SMALL_DISK.format(wf=" ".join(world.argv()), job="files").replace(
        "code=$?", f'code=$?; ls "$WF_HOME"/runs/* > {listing}'
    )
    command = ["unshare", "-m", "bash", "-c", script]
    subprocess.run(
        command, cwd=world.project, env=world.variables, capture_output=True, check=False
    )
    names = listing.read_text().split()
    assert "verdict.json" in names
    assert "manifest.json" in names
    assert [name for name in names if name.endswith(".new") or name == "reserve"] == []


STOPPED = """
mount -t tmpfs -o size=3m tmpfs "$WF_HOME" || exit 99
{wf} run waits >/dev/null &
until test -e "$READY"; do sleep 0.05; done
cat /dev/zero > "$WF_HOME/filler"
{wf} stop last >&2
wait $!
code=$?
rm "$WF_HOME/filler"
{wf} show last --json
exit $code
"""


def test_a_run_is_stopped_on_a_full_disk(world: World) -> None:
    """Who asked for it cannot be written down; that is no reason not to ask."""
    world.workflows("""\
workflows:
  - name: waits
    provider: bash
    commands: ['touch "$READY"', 'for i in {1..600}; do sleep 0.1; done']
""")
    world.variables["READY"] = str(world.home / "ready")
    code, record, err = in_small_disk(world, STOPPED.format(wf=" ".join(world.argv())))
    assert code == 143, err
    assert record["status"] == "cancelled"
    assert record["reason"] == "terminated"
