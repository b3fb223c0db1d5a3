"""Which paths of the project a source of packages names."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from runner.plan.requirements import Include, Links
    from runner.spec.workflow import Workflow

PYPROJECT = "pyproject.toml"
LOCK = "uv.lock"
# PEP 751, "File Name"
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")


def is_pylock(path: str) -> bool:
    """Whether a file is a lock in the common form (PEP 751)."""
    return bool(_PYLOCK.fullmatch(posixpath.basename(path)))


def is_pyproject(path: str) -> bool:
    """Whether a file describes a project (PEP 621)."""
    return posixpath.basename(path) == PYPROJECT


def included(path: str, include: Include) -> str:
    """A file that the one at ``path`` includes: relative to it, as pip reads it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), include.path))


def local(working_dir: str, at: str) -> str:
    """Where a local requirement lies: pip starts in the working directory. It may be absolute."""
    return _from(working_dir, at)


def links(working_dir: str, path: str, found: Links) -> tuple[str, str]:
    """Where a folder of packages may lie: beside the file, else where pip is started."""
    return _from(posixpath.dirname(path), found.path), _from(working_dir, found.path)


def _from(folder: str, path: str) -> str:
    from runner.plan.requirements.variables import PROJECT

    if path.startswith(PROJECT):
        folder, path = "", path.removeprefix(PROJECT).lstrip("/") or "."
    return posixpath.normpath(posixpath.join(folder, path))


def projects(workflow: Workflow) -> tuple[str, ...]:
    """Where a ``pyproject.toml`` is looked for: from the working directory upwards.

    Only a workflow that starts a script is given the packages of its project: one of shell commands
    installs what it needs itself.
    """
    if isinstance(workflow.launch, ShellCommands) or workflow.environment.requirements:
        return ()
    found = []
    folder = posixpath.normpath(workflow.working_dir)
    while folder not in {".", ""}:
        found.append(posixpath.join(folder, PYPROJECT))
        folder = posixpath.dirname(folder)
    return (*found, PYPROJECT)


def lock_of(project: str) -> str:
    """The ``uv.lock`` of a ``pyproject.toml``."""
    return posixpath.join(posixpath.dirname(project), LOCK)
