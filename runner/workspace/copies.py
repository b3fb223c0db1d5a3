"""Files of the project that a workflow wants elsewhere: copied into the workspace.

They come from the project itself, so that what git ignores can be had too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner import tree
from runner.disks import named, unwritable
from runner.errors import STORAGE, WfError
from runner.workspace.snapshot import copy_file, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.workflow import FileCopy


def place(root: Path, files: tuple[FileCopy, ...], workspace: Path, working_dir: str) -> None:
    """Copy each file or folder from the project at ``root`` to its target in the workspace.

    What lies at a target is replaced by a file, and added to by a folder.

    Raises:
        WfError: kind ``STORAGE`` when one cannot be read or written, or when a link in the project
            would lead it out of the workspace.
    """
    inside = Path(os.path.realpath(workspace))
    for file in files:
        try:
            for source, target in _pairs(root / file.local, workspace / working_dir / file.target):
                if not Path(os.path.realpath(target.parent)).is_relative_to(inside):
                    raise WfError(
                        STORAGE,
                        f"`{file.target}` leads out of the run's copy of the project",
                        hint="name another target: a link of the project is on its way",
                    )
                _copy(source, target)
        except OSError as error:
            what = f"`{file.local}` could not be copied to `{file.target}`"
            hint = "look at `files` in the workflow, and for free space (df -h)"
            raise unwritable(what, named(error), workspace, hint) from error


def _pairs(source: Path, target: Path) -> Iterator[tuple[str, Path]]:
    """Every file to copy, and where to."""
    real = os.path.realpath(source)  # a link is followed: what it leads to is wanted
    if not os.path.isdir(real):
        os.stat(real)
        yield real, target
        return
    if target.is_symlink():
        target.unlink()
    for name in walk(real):
        yield os.path.join(real, name), target / name


def _copy(source: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        tree.remove(target)
    else:
        target.unlink(missing_ok=True)
    copy_file(source, str(target))
