"""What ``wf run`` and ``wf plan`` are asked for.

Mostly it is what the project has now; with ``--locked RUN`` what a former run was asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.again import repeated
from runner.cli.wanted import as_it_stands
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.cli.wanted import Asker, Wanted


@contextmanager
def asked_for(asker: Asker, arguments: argparse.Namespace) -> Iterator[Wanted]:
    """What ``wf run`` and ``wf plan`` are asked for, for as long as it is needed.

    Raises:
        WfError: kind ``USAGE`` for arguments that do not fit, ``INVALID`` for mistakes in the
            files, ``UNSATISFIABLE`` when the source of a run cannot be had again.
    """
    given = choices.read(arguments, arguments.args, asker.context.variables)
    if arguments.locked is None:
        yield as_it_stands(asker, arguments, given)
        return
    _beside_locked(arguments)
    with repeated(asker, arguments.locked, arguments.workflow, given) as wanted:
        yield wanted._replace(asked=replace(wanted.asked, fresh=arguments.fresh))


def _beside_locked(arguments: argparse.Namespace) -> None:
    others = (("--packages-of", arguments.packages_of), ("--file", arguments.file))
    also = next((option for option, value in others if value is not None), None)
    if also is not None:
        raise WfError(
            USAGE,
            f"{also} beside --locked, which takes all of a run: source, variables, environment",
            hint="leave one of them out",
        )
