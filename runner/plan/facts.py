"""What the planner must know of the project and of former runs: values.

``workspace/`` gathers those of the project, ``records/`` those of runs.
"""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.plan.metadata.tables import Metadata
    from runner.plan.plan import Choices
    from runner.plan.requirements import Requirements
    from runner.spec.workflow import Workflow

_NONE: Mapping[str, Any] = MappingProxyType({})

# words for `--as-of` besides days and `commit`
TODAY = "today"
NONE = "none"

FileKind = Literal["file", "directory", "missing", "outside"]


class FileFact(NamedTuple):
    """What a path turned out to be.

    ``text`` is there for files that were asked for with their text, and ``requirements``,
    ``block`` (of a script) or ``project`` (of ``pyproject.toml``) once it was read; ``fault`` says
    why it could not be read. ``nearby`` names files beside a missing one. ``below`` is where it
    lies in the project, if it was asked for by an absolute path. ``builds``: it is a folder that
    can be installed. ``archives`` are the packages in a folder, with the digest of all. ``apart``
    is the package itself, where that is a file outside the project.
    """

    kind: FileKind
    text: str | None = None
    nearby: tuple[str, ...] = ()
    requirements: Requirements | None = None
    fault: str | None = None
    below: str | None = None
    builds: bool = False
    archives: Archives | None = None
    apart: Apart | None = None
    block: Metadata | None = None
    project: Metadata | None = None


class Archives(NamedTuple):
    """The packages in a folder, by name, and a digest of them all."""

    digest: str
    files: tuple[str, ...]


class Apart(NamedTuple):
    """A package in a file outside the project: its absolute path, and what tells a change of it."""

    path: str
    stamp: str


class History(NamedTuple):
    """What git tells of some files.

    ``path`` names the one that is meant, for people. ``day`` is that of the last commit that
    touched them (ISO 8601, UTC), ``None`` if none did. ``changed``: they differ from it.
    ``cut``: that commit is where a shallow clone ends, which may have had them from before.
    """

    path: str
    day: str | None = None
    changed: bool = False
    cut: bool = False


class ThenFacts(NamedTuple):
    """What must be known where packages are resolved as of a day.

    ``today`` is the day it is (ISO 8601, UTC). ``history`` is there where the day is that of a
    commit; ``None`` then: there is no repository. ``pythons`` are the versions on this machine,
    where one must be chosen.
    """

    today: str
    history: History | None = None
    pythons: tuple[str, ...] = ()


class ProjectFacts(NamedTuple):
    """The files the plan depends on, by path below the project folder.

    ``then`` is there where packages are resolved as of a day. ``secrets`` are the names of the
    project's; ``None``: nobody runs anything here (the file is only looked at).
    """

    files: Mapping[str, FileFact] = _NONE
    then: ThenFacts | None = None
    secrets: tuple[str, ...] | None = None


class Code(NamedTuple):
    """The project's files as a snapshot would copy them, or the part that a workflow names.

    ``files`` holds a digest of each, by path below the project; ``digest`` covers all of them.
    """

    digest: str
    files: Mapping[str, str] = _NONE


class PastRun(NamedTuple):
    """A run that succeeded.

    ``here``: it was submitted from this project folder. ``parts`` are those of its fingerprint and
    ``files`` the digests of its code, where they were asked for. ``unfit`` says why it
    cannot serve after all.
    """

    name: str
    workflow: str
    fingerprint: str | None
    here: bool
    parts: Mapping[str, str] = _NONE
    files: Mapping[str, str] | None = None
    unfit: str | None = None


class TaggedRun(NamedTuple):
    """The run that a tag names; ``workflow`` is ``None`` for files that were added by hand."""

    name: str
    workflow: str | None


class FormerInput(NamedTuple):
    """What a former run was given by another one, which is still there.

    ``fingerprint`` is the digest of that one's, if it has one.
    """

    mode: str
    workflow: str | None
    tag: str | None
    run: str
    fingerprint: str | None


class Past(NamedTuple):
    """Former runs that can serve, newest first, and the tags.

    ``inputs`` are those of a run that is repeated or resumed: they are to be the same again.
    """

    runs: tuple[PastRun, ...] = ()
    tags: Mapping[str, TaggedRun] = _NONE
    inputs: tuple[FormerInput, ...] = ()


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


def asked_day(workflow: Workflow, choices: Choices) -> str | None:
    """As of when packages are wanted: a day, ``commit`` or ``today``; ``None``: the newest.

    The command line comes first. What was locked is not resolved.
    """
    if choices.locked is not None or choices.as_of == NONE:
        return None
    return choices.as_of or workflow.environment.as_of
