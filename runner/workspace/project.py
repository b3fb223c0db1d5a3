"""Finding the project folder, and what the planner must know of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.plan.environment import RequirementFile
from runner.plan.facts import FileFact, ProjectFacts, requirements_path, script_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.plan.facts import FileKind
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
_MAX_REQUIREMENTS = 1 << 20


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
        self._folders: dict[str, FileFact] = {}
        self._scripts: dict[str, FileFact] = {}
        self._requirements: dict[str, FileFact] = {}

    def facts(self, workflow: Workflow) -> ProjectFacts:
        """The files of the project that a plan of ``workflow`` depends on."""
        found = {workflow.working_dir: self._folder(workflow.working_dir)}
        script = script_path(workflow)
        if script is not None:
            found[script] = self._script(script)
        for file in workflow.files:
            found[file.local] = self._script(file.local)
        waiting = [path for path in [requirements_path(workflow)] if path is not None]
        while waiting:
            path = waiting.pop()
            if path in found and found[path].requirements is not None:
                continue
            found[path] = fact = self._requirements_file(path)
            waiting += [] if fact.requirements is None else fact.requirements.includes
        return ProjectFacts(found)

    def first(self, paths: Iterable[str]) -> str:
        """The first of some paths that is there, the last of which is."""
        *others, last = paths
        return next((path for path in others if self._look(path)[0] == "file"), last)

    def _folder(self, path: str) -> FileFact:
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = FileFact(self._look(path)[0])
        return known

    def _script(self, path: str) -> FileFact:
        known = self._scripts.get(path)
        if known is None:
            kind, _ = self._look(path)
            known = self._scripts[path] = FileFact(kind, nearby=self._nearby(path, kind))
        return known

    def _requirements_file(self, path: str) -> FileFact:
        known = self._requirements.get(path)
        if known is None:
            from runner.plan.requirements import read

            kind, real = self._look(path)
            text = _text(real) if kind == "file" else None
            known = self._requirements[path] = FileFact(
                kind,
                text,
                self._nearby(path, kind),
                None if text is None else read(RequirementFile(path, text)),
            )
        return known

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
        if not real.is_relative_to(os.path.realpath(root)) or not real.is_file():
            return None
        with real.open("rb") as file:
            read = file.read(limit + 1)
        return None if len(read) > limit else read.decode(errors="replace").removeprefix("\ufeff")
    except (OSError, ValueError):  # it cannot be read, or its name holds a null
        return None


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_MAX_REQUIREMENTS)


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
