"""As of which day packages are resolved: what was asked for, and what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.errors import INVALID, USAGE, WfError
from runner.plan.as_of import dated, undeclared
from runner.plan.environment import EnvironmentSpec, LockedRun, RequirementFile
from runner.plan.facts import FileFact, History, ProjectFacts, ThenFacts, asked_day
from runner.plan.plan import Choices
from runner.plan.planner import plan
from runner.plan.requirements import read
from runner.spec.workflow import EnvironmentRequest, PythonScript
from tests.unit.plan.workflows import workflow

if TYPE_CHECKING:
    from runner.spec.workflow import Workflow

TODAY = "2026-11-20"
HERE = ("3.11.7", "3.10.13")
FILES = {
    "requirements.txt": FileFact("file", "-r more.txt\n"),
    "more.txt": FileFact("file", "six\n"),
    ".": FileFact("directory"),
}


def training(as_of: str | None = None, python: str | None = None) -> Workflow:
    """A workflow with a requirements file."""
    found = workflow("train", environment=EnvironmentRequest(python, "requirements.txt"))
    environment = found.environment._replace(as_of=as_of)
    return replace(found, environment=environment, routes={**found.routes, "as_of": ("as-of",)})


def environment(
    found: Workflow, choices: Choices | None = None, history: History | None = None
) -> EnvironmentSpec:
    """What is planned for it."""
    facts = ProjectFacts(FILES, ThenFacts(TODAY, history, HERE))
    return plan(found, choices or Choices(), facts, "3.11").job.environment


def refused(
    found: Workflow, choices: Choices | None = None, history: History | None = None
) -> WfError:
    """What is said instead of a plan."""
    with pytest.raises(WfError) as caught:
        environment(found, choices, history)
    return caught.value


def test_without_a_day_nothing_is_as_of_one() -> None:
    made = environment(training())
    assert (made.python, made.as_of, made.python_reason) == ("3.11", None, None)


def test_a_day_of_the_file() -> None:
    made = environment(training("2022-05-20"))
    assert (made.as_of, made.as_of_reason, made.going_on) == ("2022-05-20", None, False)


def test_the_command_line_comes_first() -> None:
    made = environment(training("2022-05-20"), Choices(as_of="2023-01-01"))
    assert made.as_of == "2023-01-01"


def test_the_command_line_can_say_none() -> None:
    made = environment(training("2022-05-20"), Choices(as_of="none"))
    assert (made.python, made.as_of) == ("3.11", None)


def test_what_is_locked_is_of_no_day() -> None:
    locked = LockedRun("wet-mango-1", "3.11.7", (), "")
    assert asked_day(training("2022-05-20"), Choices(locked=locked)) is None


def test_the_python_is_the_one_of_then() -> None:
    made = environment(training("2022-05-20"))
    assert made.python == "3.10"
    assert "dstack's default on 2022-05-20" in str(made.python_reason)


@pytest.mark.parametrize(
    ("found", "choices"),
    [
        (training("2022-05-20", "3.9"), Choices()),
        (training("2022-05-20"), Choices(python="3.9")),
    ],
    ids=["file", "command line"],
)
def test_a_python_that_is_asked_for_needs_no_reason(found: Workflow, choices: Choices) -> None:
    made = environment(found, choices)
    assert (made.python, made.python_reason) == ("3.9", None)


def test_a_commit_has_a_day() -> None:
    history = History("requirements.txt", "2022-05-20")
    made = environment(training("commit"), history=history)
    assert (made.as_of, made.python) == ("2022-05-20", "3.10")
    assert made.as_of_reason == "the last commit of requirements.txt"


def test_where_a_shallow_clone_ends_the_day_is_not_certain() -> None:
    history = History("requirements.txt", "2022-05-20", cut=True)
    made = environment(training("commit"), history=history)
    assert "shallow" in str(made.as_of_reason)


@pytest.mark.parametrize(
    ("history", "said", "hint"),
    [
        (None, "no git repository", "2022-05-20"),
        (History("requirements.txt"), "`requirements.txt` was never committed", "git add"),
        (
            History("requirements.txt", "2022-04-30", changed=True),
            "`requirements.txt` has changed",
            "2022-04-30",
        ),
    ],
    ids=["no git", "no commit", "changed"],
)
def test_without_a_commit_it_is_said_what_to_do(
    history: History | None, said: str, hint: str
) -> None:
    error = refused(training("commit"), history=history)
    assert error.kind == INVALID
    assert said in error.message
    assert hint in str(error.problems[0].hint)
    assert error.problems[0].route == ("as-of",)
    error = refused(training(), Choices(as_of="commit"), history)
    assert error.kind == USAGE
    assert said in error.message
    assert hint in str(error.hint)


def test_a_day_to_come_is_a_mistake_of_whoever_wrote_it() -> None:
    error = refused(training("2026-11-21"))
    assert (error.kind, error.problems[0].route) == (INVALID, ("as-of",))
    assert TODAY in error.message
    assert refused(training(), Choices(as_of="2026-11-21")).kind == USAGE


@pytest.mark.parametrize("choices", [Choices(as_of=TODAY), Choices(as_of="today")])
def test_a_day_that_is_not_over_is_another_one_tomorrow(choices: Choices) -> None:
    made = environment(training(), choices)
    assert (made.as_of, made.going_on) == (TODAY, True)
    assert made.python == "3.11"


def test_a_commit_of_today_or_of_a_clock_ahead_is_of_today() -> None:
    for day in (TODAY, "2026-12-24"):
        made = environment(training("commit"), history=History("requirements.txt", day))
        assert (made.as_of, made.going_on) == (TODAY, True)


def test_included_files_count_for_the_commit() -> None:
    text = "-r more.txt\n"
    known = read(RequirementFile("requirements.txt", text))
    files = {
        "requirements.txt": FileFact("file", text, requirements=known),
        "more.txt": FileFact("file", "", requirements=read(RequirementFile("more.txt", ""))),
        "train.py": FileFact("file"),
    }
    assert dated(training("commit"), ProjectFacts(files)) == ("requirements.txt", "more.txt")


def test_without_a_requirements_file_others_are_looked_for() -> None:
    script = workflow("train", launch=PythonScript("train.py"), working_dir="src")
    assert dated(script, ProjectFacts()) == ()
    assert undeclared(script) == (
        "src/requirements.txt",
        "src/pyproject.toml",
        "src/setup.py",
        "src/train.py",
        ".",
    )
