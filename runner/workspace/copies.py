"""Files of the project that a workflow wants elsewhere: copied into the workspace.

They come from the project itself, so that what git ignores can be had too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import tree
from runner.errors import STORAGE, WfError
from runner.workspace.snapshot import copy_file, walk

if TYPE_CHECKING:
    from pathlib import Path

    from runner.spec.workflow import FileCopy


def place(root: Path, files: tuple[FileCopy, ...], workspace: Path, working_dir: str) -> None:
    """Copy each file or folder from the project at ``root`` to its target in the workspace.

    What lies at a target is replaced by a file, and added to by a folder.

    Raises:
        WfError: kind ``STORAGE`` when one cannot be read or written, or when a link in the project
            would lead it out of the workspace.
    """
    inside = os.path.realpath(workspace)
    for file in files:
        target = workspace / working_dir / file.target
        if not os.path.realpath(target.parent).startswith(inside):
            raise WfError(
                STORAGE,
                f"`{file.target}` leads out of the run's copy of the project",
                hint="name another target: a link of the project is on its way",
            )
        try:
            _place(root / file.local, target)
        except OSError as error:
            raise WfError(
                STORAGE,
                f"`{file.local}` could not be copied to `{file.target}`: "
                f"{error.strerror}: {error.filename}",
                hint="look at `files` in the workflow, and for free space (df -h)",
            ) from error


def _place(source: Path, target: Path) -> None:
    real = os.path.realpath(source)  # a link is followed: what it leads to is wanted
    if not os.path.isdir(real):
        _copy(real, target)
        return
    if target.is_symlink():
        target.unlink()
    for name in walk(real):
        _copy(os.path.join(real, name), target / name)


def _copy(source: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        tree.remove(target)
    else:
        target.unlink(missing_ok=True)
    copy_file(source, str(target))
