"""As of which day packages are resolved, and with which Python."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import USAGE, Problem, WfError, invalid
from runner.plan.facts import TODAY, asked_day, requirements_path, script_path
from runner.plan.then import choose
from runner.spec.workflow import COMMIT

if TYPE_CHECKING:
    from runner.plan.environment import EnvironmentSpec
    from runner.plan.facts import History, ProjectFacts, ThenFacts
    from runner.plan.plan import Choices
    from runner.spec.workflow import Workflow

# what is dated where the workflow names no requirements file, in this order
_DECLARING = ("requirements.txt", "pyproject.toml", "setup.py")
_OLDEST_SHOWN = "2022-05-20"


class AsOf(NamedTuple):
    """A day (ISO 8601, UTC), and where it comes from if nobody wrote it.

    ``going_on``: it is not over yet, and what is resolved as of it can be another thing tomorrow.
    """

    day: str
    reason: str | None = None
    going_on: bool = False


def dated(workflow: Workflow, project: ProjectFacts) -> tuple[str, ...]:
    """The files whose last commit is meant, below the project: those that say what is installed.

    The first is the one that the workflow names, the others those it includes. None, where the
    workflow names none: then the first of :func:`undeclared` is meant that is there.
    """
    named = requirements_path(workflow)
    if named is None:
        return ()
    included = (path for path, fact in project.files.items() if fact.requirements is not None)
    return tuple(dict.fromkeys((named, *included)))


def undeclared(workflow: Workflow) -> tuple[str, ...]:
    """What may say what is installed where the workflow names no requirements file.

    The script comes last, and then the whole project, which is always there.
    """
    beside = (posixpath.normpath(posixpath.join(workflow.working_dir, x)) for x in _DECLARING)
    script = script_path(workflow)
    return (*beside, *([] if script is None else [script]), ".")


def then(
    spec: EnvironmentSpec,
    workflow: Workflow,
    choices: Choices,
    project: ProjectFacts,
    *,
    any_python: bool,
) -> EnvironmentSpec:
    """The environment as of the day that is asked for; ``any_python``: nobody asks for one.

    Raises:
        WfError: as :func:`decide`.
    """
    facts = project.then
    if facts is None:
        return spec
    day = decide(workflow, choices, facts)
    dated = replace(spec, as_of=day.day, as_of_reason=day.reason, going_on=day.going_on)
    if day.going_on or not any_python:
        return dated  # packages of today are for the Python of today
    python, why = choose(day.day, workflow.provider, facts.pythons)
    return replace(dated, python=python, python_reason=why)


def decide(workflow: Workflow, choices: Choices, facts: ThenFacts) -> AsOf:
    """The day that is asked for.

    Raises:
        WfError: kind ``INVALID`` for what the file asks for and cannot be had (``USAGE`` for what
            the command line does): a day to come, or a file without a commit.
    """
    wanted = asked_day(workflow, choices)
    if wanted == TODAY:
        return AsOf(facts.today, going_on=True)
    if wanted is not None and wanted != COMMIT:
        return _written(wanted, facts, workflow, choices)
    history = facts.history
    if history is None or history.day is None or history.changed:
        raise _unusable(_undated(history), workflow, choices)
    # a clock that runs ahead has committed in the future
    day = min(history.day, facts.today)
    said = f"the last commit of {history.path}"
    if history.cut:
        said += ", or later than that: the clone is shallow (git fetch --unshallow)"
    return AsOf(day, said, day == facts.today)


def _written(day: str, facts: ThenFacts, workflow: Workflow, choices: Choices) -> AsOf:
    if day <= facts.today:
        return AsOf(day, going_on=day == facts.today)
    message = f"{day} is still to come: today is {facts.today} (UTC)"
    hint = f"write a day that has been, such as {_OLDEST_SHOWN}, or leave it out"
    raise _unusable((message, hint), workflow, choices)


def _undated(history: History | None) -> tuple[str, str]:
    """Why there is no day of a commit, and what to do instead."""
    by_hand = f"or write the day itself, such as {_OLDEST_SHOWN}"
    if history is None:
        return "this is no git repository, and there is no commit", f"git init, {by_hand}"
    if history.day is None:
        hint = f"git add {history.path}, git commit, {by_hand}"
        return f"`{history.path}` was never committed", hint
    hint = f"commit it, or write the day of the last commit: {history.day}"
    return f"`{history.path}` has changed since its last commit", hint


def _unusable(said: tuple[str, str], workflow: Workflow, choices: Choices) -> WfError:
    message, hint = said
    if choices.as_of is not None:
        return WfError(USAGE, f"--as-of: {message}", hint=hint)
    return invalid([Problem(message, route=workflow.route("as_of"), hint=hint)])
