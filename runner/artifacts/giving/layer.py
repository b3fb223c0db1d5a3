"""Large files that are given out by laying a workspace over them, instead of copying them.

The layer below a workspace has further names (hard links) of kept files, of which nothing is ever
written: whoever writes to one through the workspace gets a copy, which the kernel makes then. So a
file is there in no time, whatever its size, and stays there when the run that it comes from is
removed.

Only the job and the process that carries it out see it so. For all others the workspace is an empty
folder until :mod:`settling` has made it a plain one: what they could see of the upper folder would
be files of the right size, without what is in them.
"""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.folders import Folders, NewFolders, look, parent
from runner.artifacts.giving.files import free, modified, open_stored, permissions
from runner.artifacts.store.taking import LARGE, put
from runner.content import clone
from runner.mounts import Laid, Mounts, lift

if TYPE_CHECKING:
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.paths import RunPaths


class _Linked(NamedTuple):
    """What is in a file of the layer, and what it is to be in the workspace."""

    digest: str
    mode: int
    times: tuple[int, int]


def laid(paths: RunPaths) -> Laid:
    """What is laid over what for a run with a layer below its workspace."""
    layer = paths.layer
    return Laid(paths.workspace, layer / "lower", layer / "upper", layer / "work")


class Layer:
    """The layer below the workspace of one run; see :func:`below`."""

    def __init__(self, paths: RunPaths, mounts: Mounts) -> None:
        self._paths = paths
        self._mounts = mounts
        self._laid = laid(paths)
        self._linked: dict[str, _Linked] = {}

    def take(self, folder: int, name: str, entry: Entry, place: Path) -> bool:
        """Take in a kept file, which is to be at a place in the workspace; whether it is.

        It will be there when :meth:`lay` has been called, unless something else is by then.

        Raises:
            OSError: it is not there any more, or the layer cannot be written.
        """
        # what is smaller is copied as soon as it is linked, and may not be read-only yet
        if entry.bytes < LARGE:
            return False
        path = os.path.relpath(place, self._paths.workspace)
        with NewFolders(self._laid.lower, careful=False) as folders:
            above, own_name = parent(path)
            lower = folders.at(above)
            if not free(lower, own_name):
                tree.remove(self._laid.lower / path)
            try:
                os.link(name, own_name, src_dir_fd=folder, dst_dir_fd=lower, follow_symlinks=False)
            except FileNotFoundError:
                raise
            except OSError:  # it has too many names, or lies on another file system
                return False
            descriptor = open_stored(lower, own_name, entry)
        found = os.fstat(descriptor)
        os.close(descriptor)
        self._linked[path] = _Linked(
            entry.digest, permissions(entry, found), modified(entry, found)
        )
        return True

    def lay(self) -> None:
        """Lay the workspace over it; nothing happens where nothing was taken.

        Raises:
            OSError: that cannot be done.
        """
        if not self._linked:
            return
        workspace, upper = self._paths.workspace, self._laid.upper
        with Folders(workspace) as folders:
            seen = [path for path in self._linked if not _covered(folders, path)]
        said = {path: linked.digest for path, linked in self._linked.items()}
        # on the disk before the workspace is only to be had with it
        put(self._paths.layer_digests, [json.dumps(said).encode()])
        os.rename(workspace, upper)
        os.mkdir(workspace, 0o700)
        # thousands of files, each brought to the disk for its mode, would take seconds
        self._lay(self._laid._replace(work=_folder(self._paths.layer / "first")), lasting=False)
        with Folders(workspace) as folders:
            for path in seen:
                above, name = parent(path)
                folder, linked = folders.at(above), self._linked[path]
                # every one of them, be it as it is: from here on the upper folder tells it all
                os.chmod(name, linked.mode, dir_fd=folder)
                os.utime(name, ns=linked.times, dir_fd=folder, follow_symlinks=False)
        lift(workspace)
        self._lay(self._laid)

    def _lay(self, laid: Laid, *, lasting: bool = True) -> None:
        if not self._mounts.lay(laid, lasting=lasting):
            raise OSError(errno.ENODEV, "it cannot be laid over its inputs", str(laid.target))


def below(paths: RunPaths) -> Layer | None:
    """The layer below a run's workspace, for large files to be taken in to.

    There is none where the file system can share blocks between files, which is as fast and
    simpler, nor where folders cannot be laid over one another: that takes the right to mount, which
    root has.

    Folders that were opened before are among the mounts of others: what is kept in them cannot be
    taken in (link(2) takes them for other file systems).

    Raises:
        OSError: its folders cannot be made.
    """
    if _shares_blocks(paths):
        return None
    mounts = Mounts.own()
    return Layer(paths, mounts) if mounts and _made(paths, mounts) else None


def _shares_blocks(paths: RunPaths) -> bool:
    """Whether a file in the run's folder can share its blocks with another one."""
    reading = os.open(paths.submitted, os.O_RDONLY | os.O_CLOEXEC)
    try:
        probe = paths.layer.with_suffix(".probe")
        writing = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return clone(reading, writing)
        finally:
            os.close(writing)
            os.unlink(probe)
    finally:
        os.close(reading)


def _made(paths: RunPaths, mounts: Mounts) -> bool:
    """Make its folders; whether it could be laid below anything here."""
    whole, trial = laid(paths), paths.layer / "trial"
    upper = _folder(trial / "upper")
    tried = Laid(upper, _folder(whole.lower), upper, _folder(trial / "work"))
    _folder(whole.work)
    possible = mounts.lay(tried, lasting=False)
    if possible:
        lift(tried.target)
    tree.remove(trial if possible else paths.layer)
    return possible


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True)
    return path


def _covered(workspace: Folders, path: str) -> bool:
    """Whether something in the workspace itself would lie over a file of the layer."""
    above, name = parent(path)
    try:
        folder = workspace.at(above)
    except OSError:
        # its folders are made before it is taken in: another thing is on its way by now
        return True
    return look(folder, name) is not None
