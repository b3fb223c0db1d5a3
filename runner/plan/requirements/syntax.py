"""Whether a line is a requirement at all (PEP 508)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.plan.requirements.variables import standing_in
from runner.units import quoted

if TYPE_CHECKING:
    from runner.plan.requirements.lines import Line, Written


def checked(text: str, line: Line, written: Written, problems: list[Problem]) -> str | None:
    """The package that a requirement asks for; what is wrong with it goes to ``problems``.

    It is empty where a variable stands for it.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    known = standing_in(text)
    try:
        name = Requirement(known).name
        return name if text.startswith(name) else ""
    except (InvalidRequirement, RecursionError) as error:
        deep = isinstance(error, RecursionError)  # packaging follows brackets by recursion
        said, _, drawing = ("Nested too deeply" if deep else str(error)).partition("\n")
        at = drawing.rpartition("\n")[2].find("^") - 4  # packaging indents its drawing by 4
        start = at if 0 <= at < len(text) and known == text else 0
        end = len(text) if start == 0 else start + 1
        problems.append(
            Problem(
                f"{quoted(text)} is not a requirement: {said[:1].lower()}{said[1:]}",
                place=written.between(line, start, end),
                hint="write, for example, torch==2.13.0",
                code="requirement",
            )
        )
    return None
