"""``--locked RUN``: the environment of a former run instead of what the file asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    from runner.plan.plan import Choices
    from runner.records.store import Records


def with_locked(chosen: Choices, word: str | None, records: Records) -> Choices:
    """What was chosen, with the environment of the run that ``word`` names.

    Raises:
        WfError: kind ``USAGE`` beside an option that asks for another environment, and where
            ``word`` names no run that had one.
    """
    if word is None:
        return chosen
    others = (("--python", chosen.python), ("--as-of", chosen.as_of))
    also = next((option for option, value in others if value is not None), None)
    if also is not None:
        raise WfError(
            USAGE,
            f"{also} asks for another environment than --locked, which takes that of a run",
            hint="leave one of them out",
        )
    from runner.records.locked import locked_run

    return replace(chosen, locked=locked_run(records, word))
