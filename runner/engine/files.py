"""The workflow files of a project, and what lies beside them: as texts, and as they were read.

Imports nothing that reads them: that takes as long as all else before a run is there.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.document.settle import settle
from runner.errors import USAGE, WfError, invalid
from runner.spec.eras.era import detect
from runner.spec.mistakes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from runner.document.document import Document
    from runner.spec.eras.era import Era
    from runner.spec.eras.kinds import Neighbour
    from runner.spec.workflow import Workflow


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's bytes, and its name as shown to people."""

    text: bytes
    file: str


@dataclass(frozen=True, slots=True)
class Beside:
    """The files beside the workflow files: variables, the project's own providers, profiles."""

    variables: FileText | None = None
    providers: FileText | None = None
    profiles: FileText | None = None


NOTHING_BESIDE = Beside()


@dataclass(frozen=True, slots=True)
class WorkflowFiles:
    """The workflow files of a project, read, by name. ``root`` is the project folder.

    ``neighbours`` are files of today's format that hold no workflow (services, fleets …);
    ``faulty`` the names of files whose mistakes do not matter for what is wanted. ``lines`` are
    those that workflows begin on, as far as they are known without their documents.
    """

    root: Path
    documents: Mapping[str, Document]
    workflows: tuple[Workflow, ...]
    neighbours: tuple[Neighbour, ...] = ()
    faulty: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def find(self, name: str) -> Workflow:
        """The workflow called ``name``.

        Raises:
            WfError: kind ``USAGE`` when there is none; ``INVALID`` when it is no workflow.
        """
        for workflow in self.workflows:
            if workflow.name == name:
                return workflow
        for other in self.neighbours:
            if other.name == name:
                raise invalid([other.notice])
        names = [workflow.name for workflow in self.workflows]
        named = list(self.documents)
        files = named[0] if len(named) == 1 else f"{len(named)} workflow files"
        raise WfError(
            USAGE,
            f"there is no workflow `{name}` in {files}",
            hint=did_you_mean(name, names, "the workflows are"),
        )

    def document(self, workflow: Workflow) -> Document:
        """The file that a workflow was read from."""
        return self.documents[workflow.file]

    def era(self, document: Document) -> Era:
        """The era of the format that a file is of."""
        return detect(document)

    def line(self, workflow: Workflow) -> int:
        """The line on which a workflow's name stands."""
        known = self.lines.get(workflow.name)
        return known or self.document(workflow).locate(workflow.route("name")).line


@contextmanager
def located(document: Callable[[], Document]) -> Iterator[None]:
    """Turn the routes of mistakes into places, by the document that they are in."""
    try:
        yield
    except WfError as error:
        for problem in error.problems:
            settle(document(), problem)
        raise
