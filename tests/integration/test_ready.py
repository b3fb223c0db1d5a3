"""A command that was forked says and does what one does that was started."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.servers.ready import suits

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: tell
    provider: bash
    commands: [pwd, "echo $TOLD", umask, "taskset -cp $$ | tail -c 6", exit 3]
"""


@pytest.mark.parametrize(
    "words",
    [
        ["version"],
        ["ls", "--json"],
        ["validate"],
        ["validate", "-"],
        ["plan", "tell", "--json"],
        ["run", "--help"],
        ["nothing-like-it"],
        ["show", "last"],
        ["schema"],
    ],
    ids=" ".join,
)
def test_it_says_the_same(world: World, words: list[str]) -> None:
    world.workflows(FILE)
    started = subprocess.run(
        world.argv(*words),
        cwd=world.project,
        env=world.variables,
        input=FILE.encode(),
        capture_output=True,
        check=False,
    )
    forked = world.wf(*words, given=FILE)
    assert (forked.code, forked.out, forked.err) == (
        started.returncode,
        started.stdout.decode(),
        started.stderr.decode(),
    )


def test_it_is_given_what_a_process_inherits(world: World) -> None:
    world.workflows(FILE)
    cores, mask = os.sched_getaffinity(0), os.umask(0o027)
    os.sched_setaffinity(0, {max(cores)})
    try:
        done = world.wf("run", "tell", TOLD="on the way")
    finally:
        os.sched_setaffinity(0, cores)
        os.umask(mask)
    assert done.code == 3
    workspace, told, umask, core = done.out.splitlines()
    assert workspace.startswith(str(world.home))
    assert told == "on the way"
    assert umask == "0027"
    assert core.split()[-1] == str(max(cores))


def test_what_takes_too_long_is_killed(world: World) -> None:
    world.workflows("workflows:\n  - {name: wait, provider: bash, commands: [exec sleep 600]}\n")
    with pytest.raises(subprocess.TimeoutExpired):
        world.wf("run", "wait", timeout=1)


def test_what_python_reads_when_it_starts_needs_a_start(world: World) -> None:
    argv = world.argv("ls")
    assert suits(argv, world.variables)
    assert not suits(argv, {**world.variables, "PYTHONIOENCODING": "ascii"})
    assert not suits(["unshare", *argv], world.variables)
