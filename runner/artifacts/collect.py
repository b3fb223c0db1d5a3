"""Collecting: what the workflow declared is moved out of the workspace and taken in.

Moved, not copied: workspace and artifacts lie in one folder, so a rename is enough, whatever the
size. Links inside are kept as links and never followed; a declared path that leads out of the
workspace through a link is refused.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from runner.artifacts.giving.settling import settle
from runner.artifacts.listing import Intake
from runner.disks import named, unwritable
from runner.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.artifacts.manifest import Artifact
    from runner.artifacts.store import Pool
    from runner.paths import RunPaths
    from runner.spec.workflow import ArtifactRequest


def prepare(working_dir: Path, requests: tuple[ArtifactRequest, ...]) -> None:
    """Make the declared folders, as every dstack runner did: scripts rely on them being there.

    A path whose last part has a suffix (``model.ckpt``) is taken for a file and left alone.
    """
    for request in requests:
        if not os.path.splitext(request.path)[1]:
            try:
                (working_dir / request.path).mkdir(parents=True, exist_ok=True)
            except OSError:
                continue  # something else is in its place; the job will see


def collect(
    working_dir: Path,
    requests: tuple[ArtifactRequest, ...],
    paths: RunPaths,
    pool: Pool,
    progress: Callable[[int, int], None],
) -> list[Artifact]:
    """Move every declared path among the run's artifacts and list it.

    ``progress`` is told files and bytes so far. An artifact inside another one belongs to the
    outer one and is listed there and here.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be moved or read; what has not been moved
            is still in the workspace.
    """
    try:
        settle(paths, os.path.relpath(working_dir, paths.workspace))
        destination = paths.artifacts
        for folder in (destination, paths.lists):
            folder.mkdir(mode=0o700, exist_ok=True)
        moved: list[str] = []
        for request in sorted(requests, key=lambda found: found.path.count("/")):
            if not _inside(request.path, moved) and _movable(working_dir, request.path):
                _move(working_dir / request.path, destination / request.path)
                moved.append(request.path)
        with Intake(destination, paths.lists, pool, progress) as intake:
            kept = [intake.take_in(request.path, (request.path,)) for request in requests]
            reach("listed")
            intake.finish()
        for failed in intake.unreadable:
            raise failed.error
    except OSError as error:
        hint = "look for free space (df -h); what was not moved is still in the workspace"
        what = "the artifacts could not be kept"
        raise unwritable(what, named(error), working_dir, hint) from error
    return kept


def _inside(path: str, moved: list[str]) -> bool:
    return any(path == outer or path.startswith(outer + "/") for outer in moved)


def _movable(working_dir: Path, path: str) -> bool:
    """Whether it is there, and no link on the way leads elsewhere."""
    folder = working_dir
    for part in path.split("/")[:-1]:
        folder = folder / part
        if folder.is_symlink():
            return False
    return os.path.lexists(working_dir / path)


def _move(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(destination)
    except PermissionError:
        # a folder that may not be written cannot change its parent (rename(2)): its `..` does
        mode = source.lstat().st_mode
        if not stat.S_ISDIR(mode):
            raise
        source.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        source.rename(destination)
        destination.chmod(stat.S_IMODE(mode))
