"""The packages of a project that uv has locked (``pyproject.toml`` with ``uv.lock``).

They are what ``uv sync`` would install: the project's dependencies and its default groups (``dev``
where nothing else is said; docs.astral.sh/uv, "Default groups"). The project itself, and what lies
in folders beside it, is not in a shared environment: it is the code of a run.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from runner.environments.uv.failed.cause import Asked
from runner.environments.uv.failed.said import read
from runner.environments.uv.failures import details, known_cause
from runner.environments.uv.fingerprint import decisive
from runner.environments.uv.locked import exact, write
from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.environments.interface import Build
    from runner.environments.uv.command import Uv
    from runner.plan.environment import LockedProject

_WANTED = re.compile(r"Python requirement: `([^`]+)`")
# a package as uv names it, or the name of its wheel
_PACKAGE = re.compile(
    r"`(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^`\s]+)`"
    r"|/(?P<file>[A-Za-z0-9][\w.]*)-(?P<of>[^-/\s]+)-[^/\s]+\.whl"
)
# what uv says of a lock that it would have to resolve anew
_STALE = re.compile(r"lockfile .* needs to be updated|No solution found")


def install_project(
    run: Uv, variables: Mapping[str, str], project: LockedProject, build: Build
) -> None:
    """Install into the bare environment of ``build`` what the project has locked.

    Raises:
        WfError: kind ``ENVIRONMENT`` when ``uv.lock`` does not fit ``pyproject.toml`` or cannot be
            read, when the project wants another Python, or when a package cannot be had.
    """
    folder = build.destination.requirements / _folder(project)
    write(folder / "pyproject.toml", project.pyproject)
    write(folder / "uv.lock", project.lock)
    _export(run, exact(variables), project, build)
    said = run.told(exact(variables)).attempt_install(
        "--preview-features", "pylock", "-r", str(folder / "pylock.toml")
    )
    if said is not None:
        raise _failed(project, said, build)


def _export(run: Uv, variables: Mapping[str, str], project: LockedProject, build: Build) -> None:
    """Write ``pylock.toml`` beside the lock, which must fit the project where that can be told.

    It is looked at with the project's own settings first: an index of the caller's makes uv
    resolve anew. A member of a workspace, which is not here, cannot be looked at.
    """
    own = {key: value for key, value in variables.items() if key not in decisive(variables)}
    said = _attempt(run.told(own), project, build, "--locked")
    if said is not None and _STALE.search(said):
        said = _attempt(run.told(variables), project, build, "--locked")
        if said is not None and _STALE.search(said):
            raise _stale(project, said, build)
    if said is not None:
        said = _attempt(run.told(variables), project, build, "--frozen")
    if said is not None:
        raise _failed(project, said, build)


def _attempt(run: Uv, project: LockedProject, build: Build, mode: str) -> str | None:
    folder = build.destination.requirements / _folder(project)
    return run.attempt(
        "export", "-q", mode, "--no-emit-local", "--no-header", "--format", "pylock.toml",
        "--python", str(build.destination.python), "--project", str(folder),
        "-o", str(folder / "pylock.toml"),
    )  # fmt: skip


def _folder(project: LockedProject) -> str:
    """The project's folder below the one a run works on."""
    return posixpath.dirname(project.path)


def _lock(project: LockedProject) -> str:
    return posixpath.join(_folder(project), "uv.lock")


def _stale(project: LockedProject, said: str, build: Build) -> WfError:
    return WfError(
        ENVIRONMENT,
        f"`{_lock(project)}` does not fit `{project.path}`, which was changed since",
        hint="bring it up to date: uv lock",
        details=details(said, build.log),
    )


def _failed(project: LockedProject, said: str, build: Build) -> WfError:
    wanted, package = _WANTED.search(said), _PACKAGE.search(said)
    cause = known_cause(read(said), Asked((), "", None))
    if cause:
        message = f"{cause.message} ({_lock(project)})"
        hint = cause.hint
    elif wanted:
        message = f"`{project.path}` asks for Python {wanted[1]}"
        hint = "choose one that fits with --python"
    elif package:
        named = f"{package['name'] or package['file']}=={package['version'] or package['of']}"
        message = f"cannot install `{named}` ({_lock(project)})"
        hint = "try again if the network was at fault; `uv lock --upgrade` chooses versions anew"
    else:
        message = f"`{_lock(project)}` cannot be used"
        hint = "make it anew: uv lock"
    return WfError(ENVIRONMENT, message, hint=hint, details=details(said, build.log))
