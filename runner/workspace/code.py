"""Digests of the project's files: what "the same code" means for a run that could be reused.

Counted are the files that a snapshot would copy, with their names, contents and execute bits. The
workflow files are not: what they say of a workflow is compared by itself, so that a change to one
workflow leaves the others as they were.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.errors import STORAGE, WfError
from runner.plan.facts import Code
from runner.workspace import project
from runner.workspace.snapshot import below, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digested:
    """Files by path: a digest of each, and the size and time (ns) it had when it was read.

    ``recipes`` are digests of the workflow files and what they are read with. ``only`` are the
    paths at and below which files were read; none: all were.
    """

    digests: Mapping[str, str]
    stamps: Mapping[str, tuple[int, int]]
    recipes: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def code(self, paths: Sequence[str] = (), script: str | None = None) -> Code:
        """All files, or those at and below ``paths`` with the script."""
        chosen = self.digests
        if paths:
            chosen = {
                name: digest
                for name, digest in self.digests.items()
                if name == script or within(name, paths)
            }
        from blake3 import blake3

        said = "\0".join(f"{name}\0{digest}" for name, digest in sorted(chosen.items()))
        return Code(blake3(os.fsencode(said)).hexdigest()[:20], chosen)

    def same(self, copy: Path) -> bool:
        """Whether a copy made since has the same files, going by sizes and times."""
        try:
            found = ((stamp, os.lstat(copy / name)) for name, stamp in self.stamps.items())
            return all(
                (at.st_size, at.st_mtime_ns) == stamp
                for stamp, at in found
                if stat.S_ISREG(at.st_mode)
            )
        except OSError:
            return False


def digest(  # noqa: PLR0913 - what counts, and what does not
    root: Path,
    listed: Iterable[str] | None,
    own_folders: tuple[Path, ...],
    *,
    only: Sequence[str] = (),
    outputs: frozenset[tuple[int, int]] = frozenset(),
    file: str | None = None,
) -> Digested:
    """Read the project's files, or ``only`` those at and below some paths.

    ``listed`` and ``own_folders`` are those of :func:`runner.workspace.snapshot.take`. ``outputs``
    are the files (device and inode) that this very command writes to; they are no code. ``file`` is
    a workflow file that was named.

    Raises:
        WfError: kind ``STORAGE`` when a folder cannot be listed.
    """
    digests: dict[str, str] = {}
    stamps: dict[str, tuple[int, int]] = {}
    told = _workflow_files(root)
    inside = None if listed is None else list(listed)
    try:
        for name in names(root, inside, below(root, own_folders)):
            if name in told or (only and not within(name, only)):
                continue
            found = digest_of(os.path.join(root, name), outputs)
            if found is not None:
                digests[name], stamps[name] = found
        recipes = {
            name: found[0]
            for name in sorted({*told, *([] if file is None else [file])})
            if (found := digest_of(os.path.join(root, name))) is not None
        }
    except OSError as error:
        raise WfError(
            STORAGE,
            f"the project could not be read: {error.strerror}: {error.filename}",
            hint="make the file readable or let git ignore it",
        ) from error
    return Digested(digests, stamps, recipes, tuple(only))


def _workflow_files(root: Path) -> frozenset[str]:
    beside = (*project.VARIABLES_FILES, *project.PROVIDERS_FILES)
    read = (os.path.relpath(path, root) for path in project.workflow_files(root))
    return frozenset((*read, *(f"{project.FOLDER}/{name}" for name in beside)))


def within(name: str, paths: Sequence[str]) -> bool:
    """Whether a file is at or below one of some paths."""
    return any(path in {".", name} or name.startswith(f"{path}/") for path in paths)


def digest_of(
    path: str, outputs: frozenset[tuple[int, int]] = frozenset()
) -> tuple[str, tuple[int, int]] | None:
    """The digest of a file or link with its size and time; ``None`` for what is neither.

    It is its kind (``file``, ``program``, ``link``) and a hash of what is in it.
    """
    from blake3 import blake3

    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None  # tracked, but deleted in the working tree
    stamp = (found.st_size, found.st_mtime_ns)
    if stat.S_ISLNK(found.st_mode):
        return f"link {blake3(os.fsencode(os.readlink(path))).hexdigest()[:32]}", stamp
    if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) in outputs:
        return None
    try:
        hashed = _hash(path, found.st_size)
    except OSError:
        # whoever copies it says what is wrong; until then it is the same as nothing else
        return "unreadable", stamp
    kind = "program" if found.st_mode & stat.S_IXUSR else "file"
    return f"{kind} {hashed}", stamp


def _hash(path: str, size: int) -> str:
    from blake3 import blake3

    hasher = blake3()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while chunk := os.read(descriptor, min(size + 1, _CHUNK)):
            hasher.update(chunk)
    finally:
        os.close(descriptor)
    return str(hasher.hexdigest()[:32])
