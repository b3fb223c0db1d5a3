"""Texts -> Workflows: the workflow files of a project, and what lies beside them, read as one.

Every mistake in them comes out here, with its place.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from runner.document.reader import is_blank, read
from runner.document.settle import settle
from runner.engine.files import NOTHING_BESIDE, WorkflowFiles, located
from runner.errors import Problem, Related, WfError, invalid
from runner.plan.graph import mistakes
from runner.spec import own_providers
from runner.spec.eras.era import TASK, detect
from runner.spec.eras.kinds import neighbour
from runner.spec.load import load
from runner.spec.variables import NO_VARIABLES
from runner.spec.variables import load as load_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.document.document import Document
    from runner.engine.files import Beside, FileText
    from runner.spec.eras.kinds import Neighbour
    from runner.spec.profiles import Profile
    from runner.spec.variables import Variables
    from runner.spec.workflow import Workflow


def open_files(
    texts: Sequence[FileText],
    root: Path,
    beside: Beside = NOTHING_BESIDE,
    chosen: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    wanted: str | None = None,
) -> WorkflowFiles:
    """Read every workflow of some files, with what lies beside them.

    ``chosen`` are values of variables given for a run, by workflow. With a workflow ``wanted``,
    mistakes in files that it has nothing to do with do not matter.

    Raises:
        WfError: kind ``INVALID`` with all mistakes of all files, each with its place; or when no
            file holds anything that wf runs.
    """
    variables = _variables(beside.variables)
    providers: Mapping[str, str] = {}
    if beside.providers is not None and not is_blank(beside.providers.text):
        providers = own_providers.load(read(beside.providers.text, beside.providers.file))
    documents: dict[str, Document] = {}
    workflows: list[Workflow] = []
    neighbours: list[Neighbour] = []
    problems: list[Problem] = []
    faulty: list[str] = []
    # a file may be empty beside others, but not the only one
    for text in [text for text in texts if not is_blank(text.text)] or texts:
        try:
            document = read(text.text, text.file)
            documents[document.file] = document
            other = neighbour(document)
            if other is not None:
                neighbours.append(other)
                continue
            profile = _profile(beside.profiles) if detect(document) is TASK else None
            workflows += load(document, variables, chosen, providers, profile)
        except WfError as error:
            if not error.problems:
                raise
            problems += error.problems
            faulty.append(text.file)
    opened = WorkflowFiles(root, documents, tuple(workflows), tuple(neighbours), tuple(faulty))
    _judge(opened, problems, wanted)
    return opened


def _judge(opened: WorkflowFiles, problems: list[Problem], wanted: str | None) -> None:
    """Raise what stands in the way; ``problems`` are those of single files."""
    names = {workflow.name for workflow in opened.workflows}
    between = _repeated_names(opened)
    # a workflow that cannot be read is not one that is not there
    needs = [] if between else _dependencies(opened)
    if problems and (wanted not in names or needs):
        raise invalid([*problems, *between])
    found = between or needs
    if not opened.workflows and not problems:
        found += [other.notice for other in opened.neighbours]
    if found:
        raise invalid(found)


def _variables(file: FileText | None) -> Variables:
    if file is None or is_blank(file.text):
        return NO_VARIABLES
    document = read(file.text, file.file)
    with located(lambda: document):
        return load_variables(document)


def _dependencies(opened: WorkflowFiles) -> list[Problem]:
    """How workflows depend on each other, over all files."""
    found = mistakes(opened.workflows)
    for workflow, problem in found:
        settle(opened.document(workflow), problem)
    return sorted((problem for _, problem in found), key=_position)


def _position(problem: Problem) -> tuple[str, int, int]:
    place = problem.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)


def _profile(file: FileText | None) -> Profile | None:
    if file is None or is_blank(file.text):
        return None
    from runner.spec import profiles

    return profiles.load(read(file.text, file.file))


def _repeated_names(opened: WorkflowFiles) -> list[Problem]:
    """Names that two files define; within one file, the file's own reader has told."""
    first: dict[str, Workflow] = {}
    problems = []
    for workflow in opened.workflows:
        known = first.setdefault(workflow.name, workflow)
        if known.file == workflow.file:
            continue
        where = f"{known.file}:{opened.line(known)}"
        message = f"the workflow `{workflow.name}` is already defined in {where}"
        hint = f"rename one, or name a file: wf run {workflow.name} --file {workflow.file}"
        route = known.route("name")
        related = (Related("first defined here", place=opened.document(known).place(route)),)
        problem = Problem(message, route=workflow.route("name"), hint=hint, related=related)
        settle(opened.document(workflow), problem)
        problems.append(problem)
    return problems
