"""What a job is told, and how long it may run, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

SLEEPER = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - echo early > model/first.ckpt
      - trap 'echo partial > model/last.ckpt; exit 7' TERM
      - while :; do sleep 0.05; done
"""
SAY = "workflows: [{name: job, provider: bash, commands: 'echo \"$TOKEN\"', env: [TOKEN=file]}]"


def test_a_job_that_runs_too_long_ends_with_124_and_keeps_its_artifacts(world: World) -> None:
    world.workflows(SLEEPER)
    done = world.wf("run", "job", "--max-duration", "3s")
    assert done.code == 124
    assert "it ran for longer than max_duration (3.0s) allows" in done.err
    document = world.record()
    assert (document["status"], document["reason"]) == ("failed", "max_duration")
    assert document["exit_code"] == 7
    assert document["plan"]["jobs"][0]["max_duration"] == 3
    assert document["artifacts"][0]["files"] == 2


@pytest.mark.parametrize(("words", "said"), [(["1h30m"], "a time span"), (["0"], "no time at all")])
def test_a_time_that_is_none_is_refused(world: World, words: list[str], said: str) -> None:
    world.workflows(SAY)
    done = world.wf("run", "job", "--max-duration", *words)
    assert done.code == 64
    assert f"--max-duration: {said}" in done.err
    assert world.runs() == []


def test_a_plan_says_how_long_a_job_may_run(world: World) -> None:
    world.workflows(SAY)
    assert "ends after  2h00m\n" in world.wf("plan", "job", "--max-duration", "2h").out
    planned = world.wf("plan", "job", "--max-duration", "off", "--json").json()
    assert planned["jobs"][0]["max_duration"] is None


def test_a_name_alone_passes_on_the_callers_value_and_writes_it_nowhere(world: World) -> None:
    world.workflows(SAY)
    done = world.wf("run", "job", "-e", "TOKEN", TOKEN="s3cret-of-mine")
    assert done.out == "s3cret-of-mine\n"
    document = world.record()
    assert "TOKEN" not in document["variables"]
    assert "s3cret" not in json.dumps(document)
    kept = world.folder(document["name"])
    texts = [path.read_bytes() for path in kept.rglob("*") if path.is_file()]
    assert sum(b"s3cret" in text for text in texts) == 1  # the log, as the job printed it


def test_a_name_alone_that_is_not_set_is_refused(world: World) -> None:
    world.workflows(SAY)
    done = world.wf("run", "job", "-e", "TOKEN")
    assert done.code == 64
    assert "--env: `TOKEN` has no value, and is not set here" in done.err
    assert "hint: write -e TOKEN=value" in done.err
    assert world.runs() == []


def test_a_name_alone_that_no_shell_can_export_is_refused(world: World) -> None:
    """In a container the job's shell is handed it: there is no other way around its daemon."""
    world.workflows(SAY)
    world.variables["my.key"] = "s3cret-of-mine"
    for word in ("my.key", "my.key=value"):
        done = world.wf("run", "job", "-e", word)
        assert done.code == 64
        assert "--env: `my.key` cannot be the name of a variable" in done.err
    assert world.runs() == []
