"""Finding the project folder, and what the planner must know of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.plan.facts import FileFact, ProjectFacts, requirements_path, script_path
from runner.plan.requirements import includes

if TYPE_CHECKING:
    from runner.spec.workflow import Workflow

WORKFLOW_FILE = Path(".dstack") / "workflows.yaml"
VARIABLES_FILE = "variables.yaml"
_MAX_REQUIREMENTS = 1 << 20


def find(start: Path) -> Path | None:
    """The nearest folder, from ``start`` upwards, that holds ``.dstack/workflows.yaml``."""
    return next((f for f in (start, *start.parents) if os.path.lexists(f / WORKFLOW_FILE)), None)


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
