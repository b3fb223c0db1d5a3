"""Finding the project folder, and what the planner must know of it."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from runner.plan.facts import FileFact, ProjectFacts, requirements_path, script_path
from runner.plan.sources import paths
from runner.workspace import reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.plan.facts import FileKind
    from runner.plan.metadata.tables import Metadata
    from runner.plan.requirements import Requirements
    from runner.spec.workflow import Workflow

FOLDER = ".dstack"
WORKFLOW_FILE = Path(FOLDER) / "workflows.yaml"
# the second is the name of 2021-06 to 2021-08
VARIABLES_FILES = ("variables.yaml", "configs.yaml")
PROVIDERS_FILES = ("providers.yaml", "providers.yml")
PROFILES_FILES = ("profiles.yml", "profiles.yaml")
# where 0.0.14 and later looked for lists of workflows, and 0.10 and later for one task a file
_LISTS = (f"{FOLDER}/workflows.yaml", f"{FOLDER}/workflows.yml")
_MORE_LISTS = f"{FOLDER}/workflows"
_YAML = (".yaml", ".yml")
_TASKS = (".dstack.yaml", ".dstack.yml")
_READERS = MappingProxyType(
    {
        "script": reading.script,
        "requirements": reading.requirements_file,
        "project": reading.project,
        "lock": reading.lock,
    }
)
_NOTHING = FileFact("missing")
# what makes a folder one that can be installed (PEP 517, and what was before it)
_BUILT_BY = ("pyproject.toml", "setup.py")


def find(start: Path) -> Path | None:
    """The nearest folder, from ``start`` upwards, that holds a workflow file."""
    return next((folder for folder in (start, *start.parents) if workflow_files(folder)), None)


def workflow_files(root: Path) -> tuple[Path, ...]:
    """The workflow files of a project: lists in ``.dstack``, then tasks beside it, by name."""
    lists = [root / name for name in _LISTS if os.path.lexists(root / name)]
    return (*lists, *_named(root / _MORE_LISTS, _YAML), *_named(root, _TASKS))


def beside(root: Path, file: Path, names: tuple[str, ...]) -> Path | None:
    """The first of ``names`` in the project's ``.dstack``, else beside a workflow file."""
    places = (root / FOLDER, file.parent)
    found = (place / name for place in places for name in names)
    return next((path for path in found if os.path.lexists(path)), None)


def _named(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _is_meant(entry.name, endings)]
    except OSError:  # there is no such folder, or it cannot be listed
        return []
    return [folder / name for name in sorted(names)]


def _is_meant(name: str, endings: tuple[str, ...]) -> bool:
    """Hidden files are an editor's own, but for one whose name is nothing but the ending."""
    return name in endings or (name.endswith(endings) and not name.startswith("."))


def root_of(file: Path) -> Path:
    """The project folder of a workflow file that was named.

    It is the folder above ``.dstack``. A task elsewhere belongs to the repository it is in, whose
    root is where 0.10 and later start it.
    """
    for folder in file.parents:
        if folder.name == FOLDER:
            return folder.parent
    if file.name.endswith(_TASKS):
        for folder in file.parents:
            if any(os.path.lexists(folder / mark) for mark in (".git", FOLDER)):
                return folder
    return file.parent


class Project:
    """A project folder as plans see it: each file is looked at once, whoever asks for it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._known: dict[tuple[str, str], FileFact] = {}
        # many workflows of a file take their packages from the same place
        self._sourced: dict[tuple[str, str | None, str | None], dict[str, FileFact]] = {}

    def facts(self, workflow: Workflow) -> ProjectFacts:
        """The files of the project that a plan of ``workflow`` depends on."""
        found = {workflow.working_dir: self._once("folder", workflow.working_dir)}
        for file in workflow.files:
            found[file.local] = self._once("file", file.local)
        script = script_path(workflow)
        if script is not None:
            found[script] = self._once("script", script)
        named = requirements_path(workflow)
        same = (workflow.working_dir, script, named)
        if same not in self._sourced:
            block = None if script is None else found[script].block
            self._sourced[same] = self._sources(workflow, named, block)
        return ProjectFacts({**found, **self._sourced[same]})

    def _sources(
        self, workflow: Workflow, named: str | None, block: Metadata | None
    ) -> dict[str, FileFact]:
        """Every file that says which packages there are to be, and what those name in turn."""
        found: dict[str, FileFact] = {}
        waiting = [] if named is None else [named]
        if block is None or not block.said_anything:
            waiting += paths.projects(workflow)
        else:
            self._inside(workflow.working_dir, block.path, block.requirements, found)
        seen = set()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            is_project = paths.is_pyproject(path)
            found[path] = fact = self._once("project" if is_project else "requirements", path)
            if is_project:
                lock = paths.lock_of(path)
                found[lock] = self._once("lock", lock)
            said = fact.project.requirements if fact.project else fact.requirements
            if said is not None:
                self._inside(workflow.working_dir, path, said, found)
                waiting += [paths.included(path, one) for one in said.includes]
        return found

    def first(self, paths: Iterable[str]) -> str:
        """The first of some paths that is there, the last of which is."""
        *others, last = paths
        return next((path for path in others if self._look(path)[0] == "file"), last)

    def _inside(
        self, working_dir: str, path: str, said: Requirements, found: dict[str, FileFact]
    ) -> None:
        """What lies in the project and is to be installed, or to be looked in."""
        for local in said.local:
            at = paths.local(working_dir, local.target.at)
            both = found.get(at, _NOTHING)
            found[at] = self._once("local", at)._replace(archives=both.archives)
        for link in said.links:
            for at in paths.links(working_dir, path, link):
                both = found.get(at, _NOTHING)
                fact = self._once("links", at)
                found[at] = fact._replace(builds=both.builds, below=both.below, apart=both.apart)

    def _once(self, what: str, path: str) -> FileFact:
        known = self._known.get((what, path))
        if known is None:
            known = self._known[what, path] = self._find(what, path)
        return known

    def _find(self, what: str, path: str) -> FileFact:
        kind, real = self._look(path)
        if what == "local":
            return self._local(path, kind, real)
        if what == "links":
            return FileFact(kind, archives=None if kind == "outside" else reading.archives(real))
        if kind == "file" and what in _READERS:
            return _READERS[what](path, real)
        return FileFact(kind, nearby=() if what == "folder" else self._nearby(path, kind))

    def _local(self, path: str, kind: FileKind, real: Path) -> FileFact:
        below = os.path.relpath(real, self._real) if os.path.isabs(path) else None
        builds = kind == "directory" and any((real / name).is_file() for name in _BUILT_BY)
        nearby = self._nearby(path, kind) if kind == "missing" else ()
        apart = reading.apart(real) if kind == "outside" else None
        return FileFact(kind, nearby=nearby, below=below, builds=builds, apart=apart)

    def _look(self, path: str) -> tuple[FileKind, Path]:
        """What a path is, and where it really lies."""
        whole = self._root / path
        try:
            real = Path(os.path.realpath(whole))
            if not real.is_relative_to(self._real):
                return "outside", real
            kind: FileKind = (
                "directory" if real.is_dir() else "file" if real.is_file() else "missing"
            )
        except OSError:  # a name longer than a name can be, say: nothing is there
            return "missing", whole
        return kind, real

    def _nearby(self, path: str, kind: FileKind) -> tuple[str, ...]:
        """What else could have been meant, where ``path`` is no file."""
        if kind == "directory":
            return _files(self._root, self._root / path)
        return _files(self._root, (self._root / path).parent) if kind == "missing" else ()


def text_of(root: Path, path: str, limit: int) -> str | None:
    """The text of a file of the project.

    ``None``: there is no such file, it lies outside the project, or it has more than ``limit``
    bytes.
    """
    try:
        real = Path(os.path.realpath(root / path))
        inside = real.is_relative_to(os.path.realpath(root))
        return reading.small_text(real, limit) if inside else None
    except (OSError, ValueError):  # it cannot be read, or its name holds a null
        return None


def _files(root: Path, folder: Path) -> tuple[str, ...]:
    """Files in ``folder`` (or in the project folder, if there is no such folder)."""
    try:
        place = folder if folder.is_dir() else root
        with os.scandir(place) as entries:
            # links are not followed: one may lead to itself
            names = sorted(e.name for e in entries if not e.is_dir(follow_symlinks=False))
    except OSError:  # it cannot be listed, or its name is longer than a name can be
        return ()
    return tuple(os.path.relpath(place / name, root) for name in names[:200])
