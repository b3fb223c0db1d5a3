"""What is said of a file that a workflow names and that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem

if TYPE_CHECKING:
    from runner.errors import Place, Route
    from runner.plan.facts import FileFact


def unusable(
    path: str, fact: FileFact, route: Route, what: str, place: Place | None = None
) -> list[Problem]:
    """Why a path does not serve as the ``what`` that it should be; nothing if it does."""
    if fact.kind == "file":
        if fact.fault is None:
            return []
        message = f"the {what} `{path}` cannot be read: {fact.fault}"
        return [Problem(message, route=route, place=place, code="unreadable")]
    message = {
        "missing": f"the {what} `{path}` does not exist",
        "directory": f"the {what} `{path}` is a folder",
        "outside": f"the {what} `{path}` lies outside the project folder",
    }[fact.kind]
    hint = _hint(path, fact, what)
    return [Problem(message, route=route, place=place, hint=hint, code=fact.kind)]


def _hint(path: str, fact: FileFact, what: str) -> str:
    from runner.spec.mistakes import nearest

    if fact.kind == "outside":
        return "move it into the project folder: a run works on a copy of that folder alone"
    close = nearest(path, fact.nearby)
    if close:
        return f"did you mean `{close}`?"
    return f"create it, or name the {what} that is there"
