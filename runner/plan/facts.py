"""What the planner must know of the project: values, gathered by ``workspace/project.py``."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.plan.requirements import Requirements
    from runner.spec.workflow import Workflow

FileKind = Literal["file", "directory", "missing", "outside"]


@dataclass(frozen=True, slots=True)
class FileFact:
    """What a path turned out to be.

    ``text`` is there for files that were asked for with their text, and ``requirements`` once it
    was read; ``nearby`` names files beside a missing one.
    """

    kind: FileKind
    text: str | None = None
    nearby: tuple[str, ...] = ()
    requirements: Requirements | None = None


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """The files the plan depends on, by path below the project folder."""

    files: Mapping[str, FileFact] = field(default_factory=dict)


def in_project(workflow: Workflow, path: str) -> str:
    """A path of the workflow, read from its working directory, as one below the project."""
    return posixpath.normpath(posixpath.join(workflow.working_dir, path))


def script_path(workflow: Workflow) -> str | None:
    """The script that the workflow starts, below the project."""
    launch = workflow.launch
    return None if isinstance(launch, ShellCommands) else in_project(workflow, launch.script)


def requirements_path(workflow: Workflow) -> str | None:
    """The requirements file that the workflow names, below the project."""
    named = workflow.environment.requirements
    return None if named is None else in_project(workflow, named)
