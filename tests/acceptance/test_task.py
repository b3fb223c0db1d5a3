"""Today's format, as its repositories have it, run without a change."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

TASK = f"""\
type: task
# The name is optional, if not specified, generated randomly
name: train

python: "{sys.version_info.major}.{sys.version_info.minor}"

env:
  - HF_HUB_ENABLE_HF_TRANSFER=1
  - SEED=7
  - TOKEN

repos:
  - .

commands:
  - mkdir -p out
  - python train.py --seed $SEED ${{{{ run.args }}}}

artifacts:
  - out

ports:
  - 6006:6007

spot_policy: auto
max_duration: 2h

resources:
  cpu: 1..
  memory: 64MB..64GB
  disk: 1GB..
"""
SERVICE = """\
type: service
name: serve
port: 8000
commands:
  - python serve.py
"""
SCRIPT = "import sys; open('out/words', 'w').write(' '.join(sys.argv[1:])); print(*sys.argv[1:])\n"


@pytest.fixture
def project(world: World) -> World:
    """A small repository of today."""
    world.write("train.dstack.yml", TASK)
    world.write("serve.dstack.yml", SERVICE)
    world.write("train.py", SCRIPT)
    world.variables["TOKEN"] = "t"
    return world


def test_a_task_is_run_as_it_is(project: World) -> None:
    done = project.wf("run", "train", "--", "--lr", "two words")
    assert (done.code, done.out) == (0, "--seed 7 --lr two words\n"), done.err
    record = project.record()
    assert record["status"] == "succeeded"
    assert [kept["path"] for kept in record["artifacts"]] == ["out"]
    assert "`spot_policy` has no effect here" in done.err


def test_a_validation_says_what_has_no_effect_and_what_is_no_task(project: World) -> None:
    done = project.wf("validate")
    assert done.code == 0
    assert done.out == (
        "✓ train.dstack.yml: 1 workflow, no mistakes (format: task, 0.10 and later)\n"
    )
    said = [line for line in done.err.splitlines() if ": note: " in line]
    assert [line.partition(": note: ")[2] for line in said] == [
        "`repos` has no effect here",
        "the job listens on port 6007, and 6006 does not lead there",
        "`spot_policy` has no effect here",
        "`disk` has no effect here",
        "this is a service, which wf does not run",
    ]


def test_a_validation_for_programs_names_the_same(project: World) -> None:
    told = project.wf("validate", "--json").json()
    assert told["valid"] is True
    assert told["workflows"] == ["train"]
    assert {notice["code"] for notice in told["notices"]} == {"no-effect", "read-as", "not-a-task"}


@pytest.mark.parametrize(
    "words",
    [
        ["run", "serve"],
        ["run", "serve", "-f", "serve.dstack.yml"],
        ["ls", "-f", "serve.dstack.yml"],
    ],
)
def test_a_service_that_is_asked_for_is_said_to_be_one(project: World, words: list[str]) -> None:
    done = project.wf(*words)
    assert (done.code, done.out) == (65, "")
    assert "serve.dstack.yml:1:7: error: this is a service, which wf does not run" in done.err
    assert "hint: with `type: task` its commands are run as a job" in done.err


def test_lists_and_tasks_lie_side_by_side(project: World) -> None:
    project.workflows("workflows: [{name: old, provider: bash, commands: [ls]}]\n")
    assert [found["name"] for found in project.wf("ls", "--json").json()] == ["old", "train"]


def test_a_task_named_by_its_file_in_a_folder_starts_in_the_repository(world: World) -> None:
    world.write("conf/small.dstack.yml", "type: task\ncommands: [cat here]\n")
    world.write("here", "x\n")
    world.git()
    done = world.wf("run", "small", "-f", "conf/small.dstack.yml")
    assert (done.code, done.out) == (0, "x\n"), done.err


def test_an_entrypoint_is_given_words_that_no_shell_reads(world: World) -> None:
    words = ["$HOME", "two words", "*", "${{ run.name }}"]
    world.write(
        "show.dstack.yml",
        f"type: task\nentrypoint: printf '<%s>'\ncommands: {json.dumps(words)}\n",
    )
    done = world.wf("run", "show", "--", "more")
    name = world.record()["name"]
    assert done.out == f"<$HOME><two words><*><{name}><more>"


def test_the_default_profile_asks_for_what_a_task_leaves_open(world: World) -> None:
    world.write("job.dstack.yml", "type: task\ncommands: [ls]\n")
    world.write(
        ".dstack/profiles.yml", "profiles: [{name: a, default: true, resources: {cpu: 4096}}]\n"
    )
    done = world.wf("plan", "job")
    assert done.code == 69
    assert "4,096 cores" in done.err


def test_a_mistake_in_a_profile_is_shown_in_its_place(world: World) -> None:
    world.write("job.dstack.yml", "type: task\ncommands: [ls]\n")
    world.write(".dstack/profiles.yml", "profiles:\n  - {name: a, max_duraton: 1h}\n")
    done = world.wf("run", "job")
    assert done.code == 65
    assert ".dstack/profiles.yml:2:15: error: unknown key `max_duraton`" in done.err
    assert "hint: did you mean `max_duration`?" in done.err
