"""What a former run was asked for, once more: as it was, or with the code as it is now."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.context import files_of
from runner.cli.wanted import Wanted, no_other_environment
from runner.errors import UNSATISFIABLE, USAGE, Problem, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.cli.context import Context
    from runner.cli.wanted import Asker
    from runner.engine.again.reproducing import Former
    from runner.engine.basis import Basis
    from runner.plan.plan import Choices


@contextmanager
def repeated(asker: Asker, word: str, workflow: str | None, given: Choices) -> Iterator[Wanted]:
    """A former run, or another workflow made from what that one was made from.

    Raises:
        WfError: as :func:`as_it_was`; kind ``USAGE`` when ``word`` names no run.
    """
    from runner.engine.again.reproducing import former

    again = former(asker.parts.records.find(word))
    with as_it_was(asker, again, given, workflow) as wanted:
        yield wanted


@contextmanager
def as_it_was(
    asker: Asker, again: Former, given: Choices, workflow: str | None = None
) -> Iterator[Wanted]:
    """A workflow, made from what a former run was made from, in the environment that it had.

    What was chosen for the former run is chosen again if it is one of the same workflow.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when something of its source cannot be had again, ``USAGE``
            when it is not known what that was, or when other choices do not fit.
    """
    from runner.engine.again.reproducing import bring_wanted, reproduced
    from runner.engine.graph import Asked
    from runner.records.locked import locked_in
    from runner.workspace import project

    parser, context, parts = asker
    no_other_environment(given, "--locked")
    workflow = workflow or again.workflow
    same = workflow == again.workflow
    chosen = chosen_again(again, given, context) if same else given
    file = again.submission.chosen.file
    locked = locked_in(parts.records.home.run(again.run), again.environment if same else None)
    chosen = replace(chosen, locked=locked, python=None, as_of=None, file=file, repeats=again.run)
    here = project.find(context.cwd)
    with reproduced(again, here, parts, context.variables) as basis:
        named = None if file is None else _there(basis, file)
        source = files_of(basis.root, context.cwd, named, basis.project)
        opened = choices.open_chosen(parser, source, workflow, chosen, context.settings.cache)
        found = opened.find(workflow)
        bring_wanted(basis, opened.workflows)
        if found.edits:
            raise WfError(
                USAGE,
                f"`{workflow}` works in the project itself, whose files stay what they are",
                hint=f"`wf run {workflow} --packages-of {again.run}`",
            )
        asked = Asked(workflow, chosen, context.today(), former=again.run if same else None)
        yield Wanted(opened, asked, basis, again)


def _there(basis: Basis, file: str) -> Path:
    """A workflow file that was named: in the copy, or where it always was."""
    copied = basis.root / file
    return copied if copied.exists() else basis.project / file


def chosen_again(again: Former, given: Choices, context: Context) -> Choices:
    """What was chosen for a former run, less what is chosen anew.

    Raises:
        WfError: kind ``USAGE`` when a variable that was passed on is not set now.
    """
    from runner.plan.again import again as merged

    chosen = merged(again.submission.chosen, given)
    choices.check_passed(chosen.passed, context.variables)
    return chosen


def as_it_is(asker: Asker, again: Former, given: Choices) -> Wanted:
    """The workflow of a former run, made from the project as it is now.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when the project is gone; ``USAGE`` when it has no such
            workflow any more.
    """
    from runner.engine.basis import look
    from runner.engine.graph import Asked

    parser, context = asker.parser, asker.context
    root = again.project
    if root is None or not root.is_dir():
        raise WfError(
            UNSATISFIABLE,
            f"the project of {again.run} is gone: {root}",
            hint=f"put it back, or go into a clone of it: wf resume {again.run} --locked",
        )
    chosen = chosen_again(again, given, context)
    file = chosen.file
    source = files_of(root, context.cwd, None if file is None else root / file)
    opened = choices.open_chosen(parser, source, again.workflow, chosen, context.settings.cache)
    opened.find(again.workflow)
    asked = Asked(again.workflow, chosen, context.today(), former=again.run)
    return Wanted(opened, asked, look(root, context.variables, context.outputs()), again)


def told_changes(asker: Asker, wanted: Wanted, made: Basis) -> list[Problem]:
    """How the project differs from what a former run was made from, as a notice."""
    again = wanted.former
    if again is None:
        return []
    from runner.engine.again.reproducing import changes, now_of

    if not made.of_then:
        found = changes(again, made)
        hint = f"`wf resume {again.run} --locked` takes the code that it had"
        return _notice(found, f"the code is not what {again.run} had", hint)
    now = now_of(made, asker.parts, asker.context.variables, again.submission.chosen.file)
    said = f"the code is what {again.run} had; the project differs"
    return _notice(changes(again, now), said, None)


def _notice(found: str | None, said: str, hint: str | None) -> list[Problem]:
    return [] if found is None else [Problem(f"{said}: {found}", hint=hint, code="changed")]
