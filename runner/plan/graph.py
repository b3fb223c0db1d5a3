"""The workflows of a project as a graph: who needs whom, and in which order they can be done.

Only ``depends-on`` makes one workflow wait for another; ``deps`` takes what is there. Where all
workflows of a project are run, one that is named in ``deps`` comes first all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.spec.mistakes import did_you_mean
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.spec.workflow import Dependency, Workflow


def mistakes(workflows: Sequence[Workflow]) -> list[tuple[Workflow, Problem]]:
    """Dependencies that can never be met: unknown names, and cycles. Each with its workflow."""
    known = {workflow.name: workflow for workflow in workflows}
    found = [
        (workflow, _unknown(needed, known))
        for workflow in workflows
        for needed in _runs(workflow)
        if needed.workflow not in known
    ]
    return found + _cycles(known)


def _runs(workflow: Workflow) -> list[Dependency]:
    return [needed for needed in workflow.dependencies if needed.mode == "run"]


def _unknown(needed: Dependency, known: Mapping[str, Workflow]) -> Problem:
    name = needed.workflow or ""
    return Problem(
        f"there is no workflow {quoted(name)} to depend on",
        route=needed.route,
        hint=did_you_mean(name, known, "the workflows are"),
        code="unknown-workflow",
    )


def _cycles(known: Mapping[str, Workflow]) -> list[tuple[Workflow, Problem]]:
    """Each cycle once, at the dependency that closes it."""
    found: list[tuple[Workflow, Problem]] = []
    done: set[str] = set()
    for start in known:
        # the way from `start` to where we are, each with what is left to look at
        way: list[tuple[str, list[Dependency]]] = [(start, _runs(known[start]))]
        while way:
            name, left = way[-1]
            if name in done or not left:
                done.add(name)
                way.pop()
                continue
            needed = left.pop(0)
            following = needed.workflow or ""
            names = [passed for passed, _ in way]
            if following in names:
                circle = [*names[names.index(following) :], following]
                found.append((known[name], _circle(circle, needed, known)))
            elif following in known and following not in done:
                way.append((following, _runs(known[following])))
    return found


def _circle(names: list[str], closing: Dependency, known: Mapping[str, Workflow]) -> Problem:
    if len(names) == 2:  # noqa: PLR2004 - there and back
        message = f"`{names[0]}` depends on itself"
        hint = "`deps:` takes what its last run left behind, should that be meant"
    else:
        message = f"these workflows wait for each other: {' -> '.join(names)}"
        files = {known[name].file for name in names}
        hint = "take one of these dependencies out"
        if len(files) > 1:
            hint += f" (in {', '.join(sorted(files))})"
    return Problem(message, route=closing.route, hint=hint, code="cycle")


def closure(name: str, workflows: Sequence[Workflow]) -> tuple[Workflow, ...]:
    """A workflow and all that is run before it, in an order that works; itself last.

    The graph must be free of :func:`mistakes`.
    """
    known = {workflow.name: workflow for workflow in workflows}
    return _sorted(
        [name],
        {each.name: [str(needed.workflow) for needed in _runs(each)] for each in workflows},
        known,
    )


def everything(workflows: Sequence[Workflow]) -> tuple[Workflow, ...]:
    """All workflows in an order that works, else in that of the files."""
    known = {workflow.name: workflow for workflow in workflows}
    edges = {each.name: [str(needed.workflow) for needed in _runs(each)] for each in workflows}
    for workflow in workflows:
        for name in later(workflow, known):
            # the last run is good enough where waiting for the next one would take for ever
            if workflow.name not in _reached(name, edges):
                edges[workflow.name].append(name)
    return _sorted(list(known), edges, known)


def later(workflow: Workflow, known: Iterable[str]) -> list[str]:
    """Other workflows, among those known, whose last run a workflow takes."""
    named = (needed.workflow for needed in workflow.dependencies if needed.mode == "last")
    return [name for name in named if name in set(known) and name != workflow.name and name]


def _reached(start: str, edges: Mapping[str, list[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _sorted(
    wanted: Sequence[str], edges: Mapping[str, list[str]], known: Mapping[str, Workflow]
) -> tuple[Workflow, ...]:
    """Depth first, without recursion: a chain may be as long as a file allows."""
    placed: dict[str, Workflow] = {}
    for start in wanted:
        way = [(start, list(edges[start]))]
        while way:
            name, left = way[-1]
            if not left or name in placed:
                placed.setdefault(name, known[name])
                way.pop()
                continue
            following = left.pop(0)
            if following not in placed:
                way.append((following, list(edges[following])))
    return tuple(placed.values())
