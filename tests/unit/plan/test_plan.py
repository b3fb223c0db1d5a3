"""The plan's own vocabulary: what the command line overrules, and how a job is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.plan.environment import EnvironmentSpec, RequirementFile
from runner.plan.plan import Choices, Job, Plan
from runner.spec.workflow import (
    ArtifactRequest,
    FileCopy,
    GpuRequest,
    Launch,
    Limits,
    Ports,
    PythonScript,
    Resources,
    Retry,
    ShellCommands,
)

ASKED = Resources(cpu=2, memory=10**9, gpu=GpuRequest(4, "V100", 16 * 10**9))


def job(launch: Launch, resources: Resources = ASKED) -> Job:
    """A job that starts like this."""
    return Job(
        workflow="train",
        provider="python",
        action="run",
        reason="asked for",
        launch=launch,
        environment=EnvironmentSpec("3.11", (RequirementFile("requirements.txt", "torch\n"),)),
        variables=(("B", "1"), ("A", "2")),
        artifacts=(ArtifactRequest("data"),),
        resources=resources,
        working_dir=".",
    )


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(), ASKED),
        (Choices(cpus=8), Resources(8, 10**9, ASKED.gpu)),
        (Choices(memory=5), Resources(2, 5, ASKED.gpu)),
        (Choices(gpus=1), Resources(2, 10**9, GpuRequest(1, "V100", 16 * 10**9))),
        (Choices(gpus=0), Resources(2, 10**9, None)),
    ],
)
def test_what_is_chosen_stands_in_place_of_what_is_asked(
    choices: Choices, expected: Resources
) -> None:
    assert choices.resources(ASKED) == expected


def test_gpus_can_be_chosen_where_none_are_asked() -> None:
    assert Choices(gpus=2).resources(Resources()) == Resources(gpu=GpuRequest(2))


@pytest.mark.parametrize(
    ("launch", "command"),
    [
        (PythonScript("train.py"), "python train.py"),
        (PythonScript("my train.py", ("--tag", "a b", "")), "python 'my train.py' --tag 'a b' ''"),
        (ShellCommands(("cd src", "  make  ")), "cd src && make"),
        (ShellCommands(("for n in 1 2; do\n  echo $n\ndone\n", "ls")), "for n in 1 2; do … && ls"),
    ],
)
def test_a_command_is_told_in_one_line(launch: Launch, command: str) -> None:
    assert job(launch).command == command


@pytest.mark.parametrize(
    ("launch", "working_dir", "script"),
    [
        (PythonScript("train.py"), ".", "train.py"),
        (PythonScript("a/train.py"), "src", "src/a/train.py"),
        (ShellCommands(("ls",)), "src", None),
    ],
)
def test_a_script_is_named_from_the_project(
    launch: Launch, working_dir: str, script: str | None
) -> None:
    assert replace(job(launch), working_dir=working_dir).script == script


def test_a_job_as_json() -> None:
    document = job(PythonScript("train.py")).document()
    assert document == {
        "workflow": "train",
        "provider": "python",
        "executor": "local",
        "image": None,
        "action": "run",
        "reason": "asked for",
        "command": "python train.py",
        "working_dir": ".",
        "variables": {"B": "1", "A": "2"},
        "secrets": [],
        "environment": {
            "python": "3.11",
            "requirements": ["requirements.txt"],
            "packages": [],
            "local": [],
            "project": None,
            "python_reason": None,
            "as_of": None,
            "as_of_reason": None,
            "locked": None,
        },
        "resources": {
            "cpu": 2,
            "memory": 10**9,
            "memory_limit": 10**9,
            "gpu": {"count": 4, "name": "V100", "memory": 16 * 10**9, "most_memory": None},
            "shm_size": None,
            "simulated_gpus": 0,
        },
        "artifacts": ["data"],
        "live_artifacts": [],
        "nodes": 1,
        "ports": [],
        "files": [],
        "fingerprint": None,
        "inputs": [],
        "run": None,
        "max_duration": None,
        "retry": None,
        "interruptible": False,
    }
    assert list(document["variables"]) == ["B", "A"]


def test_what_few_jobs_have_as_json() -> None:
    rich = replace(
        job(PythonScript("train.py")),
        nodes=2,
        ports=Ports(fixed=(8080,), free=2),
        files=(FileCopy("a", "b/c"),),
        limits=Limits(max_duration=60),
        retry=Retry(("error",), 90),
        interruptible=True,
    )
    document = rich.document()
    assert document["nodes"] == 2
    assert document["ports"] == [8080, None, None]
    assert document["files"] == ["a:b/c"]
    assert document["max_duration"] == 60
    assert document["retry"] == {"on_events": ["error"], "duration": 90}
    assert document["interruptible"] is True


def test_what_is_not_asked_for_is_null() -> None:
    document = job(PythonScript("train.py"), Resources()).document()
    assert document["resources"] == {
        "cpu": None,
        "memory": None,
        "memory_limit": None,
        "gpu": None,
        "shm_size": None,
        "simulated_gpus": 0,
    }


def test_a_plan_is_named_after_its_last_job() -> None:
    only = job(PythonScript("train.py"))
    assert Plan((only,)).job is only
    assert Plan((only,)).document() == {"workflow": "train", "jobs": [only.document()]}


@pytest.mark.parametrize(
    "command",
    [
        "pip install six",
        "  pip3.11 install six",
        "cd src && pip install -e .",
        "python -m pip install six",
        "(pip3 install six)",
        "if true; then\n  pip install six\nfi",
        ".venv/bin/pip install six",
        "uv pip install six",
    ],
)
def test_a_job_that_installs_packages(command: str) -> None:
    assert job(ShellCommands(("echo", command))).installs
    assert replace(job(PythonScript("train.py")), before=(command,)).installs


@pytest.mark.parametrize(
    "command",
    [
        "python train.py",
        "ls pip/",
        "cat pip.conf",
        "cat uv.lock",
        "pipx run x",
        "echo --pip x",
        "pip",
    ],
)
def test_a_job_that_does_not(command: str) -> None:
    assert not job(ShellCommands((command,))).installs
    assert not job(PythonScript("pip install")).installs
