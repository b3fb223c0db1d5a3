"""Finding the project folder, and what the planner must know of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.plan.facts import FileFact, ProjectFacts, requirements_path, script_path
from runner.plan.requirements import includes

if TYPE_CHECKING:
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
            names = [entry.name for entry in entries if entry.name.endswith(endings)]
    except OSError:  # there is no such folder, or it cannot be listed
        return []
    return [folder / name for name in sorted(names)]


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


def facts(root: Path, workflow: Workflow) -> ProjectFacts:
    """The files of the project that a plan of ``workflow`` depends on."""
    found = {workflow.working_dir: _fact(root, workflow.working_dir)}
    script = script_path(workflow)
    if script is not None:
        found[script] = _fact(root, script)
    waiting = [path for path in [requirements_path(workflow)] if path is not None]
    while waiting:
        path = waiting.pop()
        if path in found and found[path].text is not None:
            continue
        fact = _fact(root, path, with_text=True)
        found[path] = fact
        waiting += [] if fact.text is None else includes(path, fact.text)
    return ProjectFacts(found)


def _fact(root: Path, path: str, *, with_text: bool = False) -> FileFact:
    try:
        return _look(root, path, with_text=with_text)
    except OSError:  # a name longer than a name can be, say: nothing is there
        return FileFact("missing")


def _look(root: Path, path: str, *, with_text: bool) -> FileFact:
    whole = root / path
    real = Path(os.path.realpath(whole))
    if not real.is_relative_to(os.path.realpath(root)):
        return FileFact("outside")
    if real.is_dir():
        return FileFact("directory", nearby=_nearby(root, whole))
    if not real.is_file():
        return FileFact("missing", nearby=_nearby(root, whole.parent))
    return FileFact("file", _text(real) if with_text else None)


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_MAX_REQUIREMENTS)


def _nearby(root: Path, folder: Path) -> tuple[str, ...]:
    """Files in ``folder`` (or in the project folder, if there is no such folder)."""
    place = folder if folder.is_dir() else root
    try:
        with os.scandir(place) as entries:
            # links are not followed: one may lead to itself
            names = sorted(e.name for e in entries if not e.is_dir(follow_symlinks=False))
    except OSError:  # it cannot be listed
        return ()
    return tuple(os.path.relpath(place / name, root) for name in names[:200])
