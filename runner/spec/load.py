"""Document -> Workflows, or every mistake in it at once, whatever era the file is of."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from runner.document.settle import settle
from runner.errors import invalid
from runner.spec.eras.era import TASK, detect
from runner.spec.interpolation import Room, Scope
from runner.spec.variables import NO_VARIABLES, Variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import Document
    from runner.errors import Problem
    from runner.spec.profiles import Profile
    from runner.spec.workflow import Workflow


def load(
    document: Document,
    variables: Variables = NO_VARIABLES,
    chosen: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    own_providers: Mapping[str, str] = MappingProxyType({}),
    profile: Profile | None = None,
) -> tuple[Workflow, ...]:
    """Read every workflow of the document, in the order written.

    ``chosen`` holds values given for a run, by workflow; they win over those of ``variables``.
    ``own_providers`` are those of ``.dstack/providers.yaml``, by name, with their images;
    ``profile`` is what ``.dstack/profiles.yml`` gives to tasks.

    Raises:
        WfError: kind ``INVALID`` with all mistakes found, each in its place.
    """
    problems: list[Problem] = []
    room = Room()

    def scope_of(name: str) -> Scope:
        return Scope(variables.of(name, chosen.get(name, {})), room)

    # a project is mostly of one era, and forms take a while to be made
    if detect(document) is TASK:
        from runner.spec.eras import task

        workflows = task.read(document, scope_of, problems, profile)
    else:
        from runner.spec.eras import listed

        workflows = listed.read(document, listed.Context(scope_of, own_providers, problems))
    notices = [said for one in workflows for said in (*one.notices, *one.outside)]
    for problem in (*problems, *notices):
        settle(document, problem)
    if problems:
        raise invalid(sorted(problems, key=_position))
    return tuple(
        replace(
            workflow,
            file=document.file,
            notices=tuple(sorted(workflow.notices, key=lambda notice: _read_at(notice, document))),
            outside=tuple(sorted(workflow.outside, key=lambda notice: _read_at(notice, document))),
        )
        for workflow in workflows
    )


def _read_at(notice: Problem, document: Document) -> tuple[bool, int, int]:
    """What is said of the file itself comes first, then that of files beside it."""
    place = notice.place
    return (place is not None and place.file != document.file, *_position(notice))


def _position(problem: Problem) -> tuple[int, int]:
    place = problem.place
    return (place.line, place.column) if place else (0, 0)
