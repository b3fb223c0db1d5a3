"""Repositories as each era left them behind: every workflow runs, and nothing was changed for it.

The repositories lie in ``eras/``; they need the standard library only.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import program, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import World

HERE = Path(__file__).parent / "eras"
# what the repositories ask for
PYTHON = "python3.11"


@dataclass(frozen=True)
class Step:
    """A command, and what comes of it.

    ``says`` are lines of the log, in which ``RUN`` stands for the run's name; ``kept`` are files
    of its artifacts, with their text.
    """

    words: str
    code: int = 0
    says: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


REPOSITORIES: dict[str, tuple[Step, ...]] = {
    "hosted-images-2021": (
        Step(
            "run fit --steps 500",
            says=("job RUN has seen 500 steps at 2e-2",),
            kept={"checkpoint/RUN/line.json": '{"slope": 3.0, "start": 1.0}\n'},
        ),
        Step(
            "run plot",
            says=("1 line, 12 wide",),
            kept={"plot.txt": "###\n#####\n########\n##########\n############\n"},
        ),
        Step("run prepare", says=("10 points",)),
    ),
    "hosted-configs-2021": (
        Step("run count", says=("a stands there 1 times",), kept={"counts/RUN/count": "1"}),
        Step("run count --word an", says=("an stands there 1 times",)),
    ),
    "hosted-providers-2022": (
        Step(
            "run words", says=("['one', 'two', 'three']",), kept={"data/words": "one\ntwo\nthree\n"}
        ),
        Step(
            "run train --epochs 2 --learning_rate 2e-3",
            says=("2e-3 010 2e-3 yes", "good day, $USER 1", "epoch 2 two"),
            kept={"model/RUN/known": "one two three"},
        ),
        Step("run serve", says=("served three",)),
    ),
    "command-line-0.0": (
        Step(
            "run download",
            says=("fetched", "flag=[] message=[two  words]"),
            kept={"data/digits": "31415"},
        ),
        Step("run train", says=("sum 14",), kept={"model/sum": "14"}),
        Step("tags add best last"),
        Step("run report", says=("the sum of 31415 is 14",)),
    ),
    "command-line-0.9": (
        Step(
            "run prepare",
            says=("prepared by RUN",),
            kept={"letters/e": "2", "letters/r": "1", "letters/t": "1"},
        ),
        Step(
            "run train -- --mark \"' '\"",
            says=("set up 3", "e' 'r' 't", "ports 8000 3000"),
            kept={"model/tree": "e' 'r' 't"},
        ),
        Step("tags add good last"),
        Step("run use", says=("model e' 'r' 't",)),
        Step("run fail", code=3),
    ),
    "task-2023": (
        Step(
            "run default -- a 'b c'",
            says=("total 110 a b c", "all of them, on port 6006, as RUN"),
        ),
        Step("run evaluate", code=4, says=("in src",)),
    ),
    "task-today": (
        Step(
            "run train -e GREETING=hello -- --rate 0.5",
            says=("hello 7 0.5",),
            kept={"model/weights": "5 2 6 0"},
        ),
        Step("run train", code=64),
        Step("run nodes", says=("the first of 2", "the other one, with 127.0.0.1")),
        Step("run tools", says=('    "a": [',)),
    ),
}
ERAS = {
    "hosted-images-2021": "hosted, images, 2021-05 to 2022-03",
    "hosted-configs-2021": "hosted, images, 2021-05 to 2022-03",
    "hosted-providers-2022": "hosted, providers, 2022-03 to 2022-07",
    "command-line-0.0": "command line, 0.0.7 to 0.9.2",
    "command-line-0.9": "command line, 0.0.7 to 0.9.2",
    "task-2023": "task, 0.10 and later",
    "task-today": "task, 0.10 and later",
}


@pytest.fixture
def repository(world: World, request: pytest.FixtureRequest) -> World:
    """A clone of one of them."""
    require(PYTHON, program(PYTHON))
    world.project.rmdir()
    shutil.copytree(HERE / request.param, world.project)
    world.git()
    return world


def each(of: Mapping[str, Any]) -> Iterator[Any]:
    for name, expected in of.items():
        yield pytest.param(name, expected, id=name)


@pytest.mark.parametrize(("repository", "steps"), list(each(REPOSITORIES)), indirect=["repository"])
def test_every_workflow_runs_as_it_is(repository: World, steps: tuple[Step, ...]) -> None:
    for step in steps:
        follow(repository, step)
    ran = {step.words.split()[1] for step in steps if step.words.startswith("run ")}
    assert ran == {workflow["name"] for workflow in repository.wf("ls", "--json").json()}


def follow(world: World, step: Step) -> None:
    import shlex

    done = world.wf(*shlex.split(step.words))
    assert done.code == step.code, f"{step.words}: {done.out}{done.err}"
    if not step.words.startswith("run "):
        return
    if not done.out and step.code:
        return  # it was refused
    run = world.record()["name"]
    log = world.wf("logs", run).out.splitlines()
    for line in step.says:
        assert line.replace("RUN", run) in log
    artifacts = world.folder(run) / "artifacts"
    for path, text in step.kept.items():
        assert (artifacts / path.replace("RUN", run)).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("repository", "era"), list(each(ERAS)), indirect=["repository"])
def test_validate_names_the_era_of_every_file(repository: World, era: str) -> None:
    told = repository.wf("validate")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines
    assert all(line.endswith(f"no mistakes (format: {era})") for line in lines)
    files = repository.wf("validate", "--json").json()["files"]
    assert {f"{found['era']}, {found['versions']}" for found in files} == {era}
    assert sorted(found["file"] for found in files) == sorted(files_of(repository.project))


def files_of(project: Path) -> Iterator[str]:
    """The files that hold workflows; ``served`` is a service."""
    for path in project.rglob("*.y*ml"):
        name = str(path.relative_to(project))
        if "workflows" in name or ".dstack." in name:
            yield name


def test_every_repository_is_tried() -> None:
    assert {path.name for path in HERE.iterdir()} == REPOSITORIES.keys() == ERAS.keys()
