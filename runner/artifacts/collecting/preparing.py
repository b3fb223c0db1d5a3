"""What can be seen among a run's artifacts while its job runs, and the folders it counts on."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.entries import stored
from runner.artifacts.folders import entered, look, opened
from runner.disks import named, unwritable
from runner.spec.patterns import is_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.spec.workflow import ArtifactRequest


def prepare(working_dir: Path, requests: Sequence[ArtifactRequest], artifacts: Path) -> None:
    """Make the folder of the artifacts, links to those that are mounted, and declared folders.

    Every dstack runner made the declared folders: scripts rely on them being there. A path whose
    last part has a suffix (``model.ckpt``) is taken for a file and left alone, and so are patterns
    and what lies outside. The paths are those of :func:`at_home`. Safe to repeat.

    Raises:
        WfError: kind ``STORAGE`` when the folder of the artifacts cannot be made.
    """
    try:
        artifacts.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise unwritable("no artifact could be kept", named(error), artifacts.parent) from error
    with suppress(OSError), opened(working_dir) as top:
        for request in requests:
            path = request.path
            if path.startswith("/") or is_pattern(path) or os.path.splitext(path)[1]:
                continue
            # where something else is in its place, the job will see
            with suppress(OSError), entered(top, path.split("/"), make=True):
                pass
    with suppress(OSError), opened(artifacts) as top:
        for path, leads_to in _links(working_dir, requests):
            *parents, name = path.split("/")
            # within another one it is seen already
            with suppress(OSError), entered(top, parents, make=True) as folder:
                os.symlink(leads_to, name, dir_fd=folder)


def withdraw(working_dir: Path, requests: Sequence[ArtifactRequest], artifacts: int) -> None:
    """Remove those links: what they lead to takes their places."""
    for path, leads_to in _links(working_dir, requests):
        *parents, name = path.split("/")
        with suppress(OSError), entered(artifacts, parents) as folder:
            if look(folder, name) and os.readlink(name, dir_fd=folder) == leads_to:
                os.unlink(name, dir_fd=folder)


def at_home(requests: Sequence[ArtifactRequest], home: str) -> tuple[ArtifactRequest, ...]:
    """The requests with the user's home folder, a real path, in place of ``~``."""
    return tuple(
        request._replace(path=home.rstrip("/") + request.path[1:])
        if request.path.startswith("~/")
        else request
        for request in requests
    )


def _links(working_dir: Path, requests: Sequence[ArtifactRequest]) -> list[tuple[str, str]]:
    """Where links lie below the folder of the artifacts, outer ones first, and where they lead."""
    mounted = {request.path for request in requests if request.mount}
    paths = sorted(path for path in mounted if not is_pattern(path))
    return [(stored(path), os.path.join(working_dir, path)) for path in paths]
