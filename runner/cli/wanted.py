"""What is asked for: the workflow files, what was chosen, and what the runs are made from."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.cli import choices
from runner.cli.context import workflow_files
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from runner.cli.arguments import Parser
    from runner.cli.context import Context
    from runner.engine.again.reproducing import Former
    from runner.engine.basis import Basis
    from runner.engine.files import WorkflowFiles
    from runner.engine.graph import Asked
    from runner.engine.parts import Parts
    from runner.plan.plan import Choices
    from runner.records.store import Records


class Asker(NamedTuple):
    """Who asks: with the options of which parser, from where, and with what it is looked at."""

    parser: Parser
    context: Context
    parts: Parts


class Wanted(NamedTuple):
    """The files, what is asked for of them, and what the runs are made from.

    ``former`` is the run that is asked for again.
    """

    opened: WorkflowFiles
    asked: Asked
    basis: Basis
    former: Former | None = None


def as_it_stands(asker: Asker, arguments: argparse.Namespace, given: Choices) -> Wanted:
    """What the project has now.

    Raises:
        WfError: kind ``USAGE`` for arguments that do not fit, ``INVALID`` for mistakes in the
            files.
    """
    from runner.engine.basis import looking

    parser, context, parts = asker
    source = workflow_files(context, arguments.file)
    looked = looking(source.root, context.variables)
    from runner.engine.graph import Asked  # takes as long as git

    basis = looked(context.outputs())
    given = replace(given, file=_named(arguments.file, source.root, context.cwd))
    opened = choices.open_chosen(parser, source, arguments.workflow, given, context.settings.cache)
    if not arguments.all:
        opened.find(arguments.workflow)
    given = with_packages(given, arguments.packages_of, parts.records)
    asked = Asked(arguments.workflow, given, context.today(), arguments.fresh)
    return Wanted(opened, asked, basis)


def _named(file: str | None, root: Path, cwd: Path) -> str | None:
    """A workflow file that was named, from the project folder: from there it can be found again."""
    return None if file is None else os.path.relpath(cwd / file, root)


def with_packages(chosen: Choices, word: str | None, records: Records) -> Choices:
    """What was chosen, with the environment of the run that ``word`` names.

    Raises:
        WfError: kind ``USAGE`` beside an option that asks for another environment, and where
            ``word`` names no run that had one.
    """
    if word is None:
        return chosen
    no_other_environment(chosen, "--packages-of")
    from runner.records.locked import locked_run

    return replace(chosen, locked=locked_run(records, word))


def no_other_environment(chosen: Choices, option: str) -> None:
    """See to it that nothing else is asked for than the environment of a run.

    Raises:
        WfError: kind ``USAGE`` if it is.
    """
    others = (("--python", chosen.python), ("--as-of", chosen.as_of))
    also = next((name for name, value in others if value is not None), None)
    if also is not None:
        raise WfError(
            USAGE,
            f"{also} asks for another environment than {option}, which takes that of a run",
            hint="leave one of them out",
        )
