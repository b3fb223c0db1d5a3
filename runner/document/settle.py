"""Giving mistakes their places, while the document that they were found in is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.document.document import Document
    from runner.errors import Problem, Related


def settle(document: Document, problem: Problem) -> None:
    """Give a problem with a route into the document its place, and the edits that fix it."""
    positions: tuple[Problem | Related, ...] = (problem, *problem.related)
    for at in positions:
        if at.place is None:
            at.place = document.place(at.route, at_key=at.at_key, mark=at.mark)
    if problem.fix is not None:
        from runner.document.fixes import resolved

        problem.fix = resolved(document, problem)
