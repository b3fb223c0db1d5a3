"""``wf ls``, ``wf validate`` and ``wf plan``: reading the file without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: prepare
    help: "Fetch the data"
    provider: bash
    commands: [echo fetched, "touch data/x"]
    artifacts: [data]

  - name: train
    provider: python
    script: train.py
    requirements: requirements.txt
    working_dir: code
    args: --epochs 1
    env: [SEED=7]
    artifacts: [model, logs]
    resources: {cpu: 1, memory: 100MB}
"""


@pytest.fixture
def project(world: World) -> World:
    world.workflows(FILE)
    world.write("code/train.py", "")
    world.write("code/requirements.txt", "six\n")
    return world


def untouched(world: World) -> bool:
    """Whether neither state nor cache were made."""
    return not list(world.home.iterdir())


def test_ls(project: World) -> None:
    done = project.wf("ls")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["WORKFLOW", "PROVIDER", "RESOURCES", "HELP"]
    assert lines[1].split("  ")[0] == "prepare"
    assert lines[1].endswith("Fetch the data")
    assert "cpu 1, memory 100 MB" in lines[2]
    assert len(lines) == 3
    assert done.err == ""
    assert untouched(project)


def test_ls_as_json(project: World) -> None:
    prepare, train = project.wf("ls", "--json").json()
    assert prepare == {
        "name": "prepare",
        "help": "Fetch the data",
        "provider": "bash",
        "resources": {"cpu": None, "memory": None, "gpu": None},
        "artifacts": ["data"],
        "line": 2,
    }
    assert (train["name"], train["line"]) == ("train", 8)
    assert train["resources"] == {"cpu": 1, "memory": 100_000_000, "gpu": None}


def test_ls_of_another_file(world: World) -> None:
    world.write("other.yaml", FILE)
    assert "prepare" in world.wf("ls", "-f", "other.yaml").out
    assert world.wf("ls").code == 64


def test_validate(project: World) -> None:
    done = project.wf("validate")
    said = "2 workflows, no mistakes (format: command line, 0.0.7 to 0.9.2)"
    assert (done.code, done.out) == (0, f"✓ .dstack/workflows.yaml: {said}\n")
    assert done.err == ""
    assert untouched(project)


def test_validate_as_json(project: World) -> None:
    assert project.wf("validate", "--json").json() == {
        "file": ".dstack/workflows.yaml",
        "files": [
            {
                "file": ".dstack/workflows.yaml",
                "era": "command line",
                "versions": "0.0.7 to 0.9.2",
                "workflows": ["prepare", "train"],
            }
        ],
        "valid": True,
        "workflows": ["prepare", "train"],
        "problems": [],
        "notices": [],
        "warnings": [],
        "fixed": [],
    }


def test_validate_shows_every_mistake(project: World) -> None:
    project.workflows(FILE.replace("provider: bash", "provider: bsh").replace("cpu: 1", "cpu: x"))
    done = project.wf("validate")
    assert (done.code, done.out) == (65, "")
    assert ".dstack/workflows.yaml:4:15: error: unknown provider `bsh`" in done.err
    assert ".dstack/workflows.yaml:16:22: error: a whole number is wanted here" in done.err
    assert done.err.endswith("2 mistakes (exit 65)\n")
    assert untouched(project)


def test_validate_looks_at_what_the_workflows_need(project: World) -> None:
    (project.project / "code" / "train.py").unlink()
    project.write("code/requirements.txt", "six=1\n")
    done = project.wf("validate")
    assert done.code == 65
    assert "the script `code/train.py` does not exist" in done.err
    assert "code/requirements.txt:1:4: error: `six=1` is not a requirement" in done.err


def test_validate_shows_mistakes_as_json(project: World) -> None:
    project.workflows(FILE.replace("cpu: 1", "cpu: x"))
    done = project.wf("validate", "--json")
    assert done.code == 65
    document = done.json()
    assert document["valid"] is False
    (problem,) = document["problems"]
    assert set(problem) == {
        "code", "message", "hint", "route", "file", "line", "column", "end_column",
        "fixable", "related",
    }  # fmt: skip
    assert problem["route"] == ["workflows", 1, "resources", "cpu"]
    assert (problem["file"], problem["line"], problem["column"]) == (
        ".dstack/workflows.yaml",
        16,
        22,
    )


def test_validate_of_another_file(project: World) -> None:
    project.write("other.yaml", FILE.replace("provider: bash", "provider: bsh"))
    for words in (("other.yaml",), ("--file", "other.yaml")):
        done = project.wf("validate", *words)
        assert done.code == 65
        assert "other.yaml:4:15" in done.err
    assert project.wf("validate", "missing.yaml").code == 64


def test_plan(project: World) -> None:
    done = project.wf("plan", "train")
    assert (done.code, done.err) == (0, "")
    head, *facts = done.out.splitlines()
    assert head == "● run train: asked for"
    said = {line[2:13].strip(): line[14:] for line in facts}
    assert said["command"] == "python train.py --epochs 1"
    assert said["working_dir"] == "code"
    assert "with code/requirements.txt" in said["environment"]
    assert said["environment"].endswith("will be built")
    assert said["devices"] == "1 core, 100 MB of memory, no GPU"
    assert said["variables"] == "SEED=7"
    assert said["artifacts"] == "model, logs"
    assert untouched(project)


def test_plan_says_what_the_command_line_changes(project: World) -> None:
    done = project.wf(
        "plan", "train", "--memory", "1GB", "-e", "SEED=8", "-e", "NEW=a b", "--", "--lr", "a b"
    )
    assert "python train.py --epochs 1 --lr 'a b'" in done.out
    assert "1 GB of memory" in done.out
    assert "SEED=8 NEW=a b" in done.out


def test_plan_as_json(project: World) -> None:
    document = project.wf("plan", "train", "--json").json()
    assert set(document) == {"workflow", "jobs", "environment", "satisfiable", "problem"}
    assert set(document["environment"]) == {"fingerprint", "ready"}
    assert document["environment"]["ready"] is False
    assert (document["satisfiable"], document["problem"]) == (True, None)
    (job,) = document["jobs"]
    assert set(job) == {
        "workflow", "provider", "action", "reason", "command", "working_dir", "variables",
        "environment", "resources", "artifacts", "run", "inputs", "fingerprint", "nodes", "ports",
        "files", "max_duration", "retry", "interruptible", "secrets", "live_artifacts",
        "executor", "image",
    }  # fmt: skip
    assert job["resources"] == {
        "cpu": 1, "memory": 100_000_000, "memory_limit": 100_000_000, "gpu": None,
        "shm_size": None, "simulated_gpus": 0,
    }  # fmt: skip
    assert job["environment"]["requirements"] == ["code/requirements.txt"]


def test_plan_is_what_run_does(project: World) -> None:
    project.variables["WF_CACHE"] = str(project.home / "cache")
    planned = project.wf("plan", "prepare", "--json").json()
    assert planned["environment"]["ready"] is False
    assert project.wf("run", "prepare").code == 0
    record = project.record()
    assert record["plan"]["jobs"] == planned["jobs"]
    assert record["environment"]["fingerprint"] == planned["environment"]["fingerprint"]
    # and once the environment is there, the plan says so
    assert project.wf("plan", "prepare", "--json").json()["environment"]["ready"] is True


def test_plan_of_what_cannot_be(project: World) -> None:
    done = project.wf("plan", "train", "--cpus", "4096")
    assert done.code == 69
    assert "● run train" in done.out
    assert "train asks for 4,096 cores" in done.err
    document = project.wf("plan", "train", "--cpus", "4096", "--json")
    assert document.code == 69
    assert document.json()["satisfiable"] is False
    assert document.json()["problem"]["exit_code"] == 69


@pytest.mark.parametrize(
    "words", [("plan", "nothing"), ("plan",), ("ls", "x"), ("validate", "--x")]
)
def test_what_cannot_be_read(project: World, words: tuple[str, ...]) -> None:
    done = project.wf(*words)
    assert done.code == 64
    assert "hint:" in done.err
