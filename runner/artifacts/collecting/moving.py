"""Moving: by a rename, whatever the size; what is in the way is kept beside.

Where something is among the artifacts already (the job wrote there itself, or a former attempt at
this got so far), folders are merged. A move can be repeated: what has been moved is not in the
workspace any more.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from runner.artifacts.folders import (
    READING,
    OnTheWayError,
    entered,
    look,
    names_in,
    set_mode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_NAME = 255
_CHUNK = 1 << 20
# rename(2): it is on another file system, or something is mounted on it
_NOT_BY_RENAME = frozenset({errno.EXDEV, errno.EBUSY})


class Mover:
    """Moves things below one folder to the same or other names below another.

    ``aside`` are the paths that were in the way, each with the one it is kept at instead.
    ``mounted`` are ways at which something is mounted. ``copy`` is called where a rename cannot be:
    with a folder, a name in it, and the way below the target that it is to have.
    """

    def __init__(
        self,
        target: int,
        copy: Callable[[int, str, tuple[str, ...]], None],
        mounted: frozenset[str] = frozenset(),
    ) -> None:
        self._target = target
        self._copy = copy
        self._mounted = mounted
        self.aside: list[tuple[str, str]] = []

    def move(self, source: int, way: tuple[str, ...], to: tuple[str, ...]) -> None:
        """Move what lies at ``way`` below ``source`` to ``to`` below the target.

        Raises:
            OnTheWayError: a link is on the way.
            OSError: it cannot be moved.
        """
        self._clear_the_way(to[:-1])
        left: list[tuple[str, ...]] = [()]
        while left:
            below = left.pop()
            inner = self._one(source, (*way, *below), (*to, *below))
            left += [(*below, name) for name in reversed(inner)]

    def _one(self, source: int, way: tuple[str, ...], to: tuple[str, ...]) -> list[str]:
        """Move one thing; names within it that are to be moved one by one."""
        with (
            entered(source, way[:-1], unlock=True) as here,
            entered(self._target, to[:-1], make=True, unlock=True) as there,
        ):
            found, other = look(here, way[-1]), look(there, to[-1])
            if found is None:
                return []
            is_folder = stat.S_ISDIR(found.st_mode)
            into = other is not None and stat.S_ISDIR(other.st_mode)
            if is_folder and (into or self._holds_mounts(way)) and not self._is_mounted(way):
                if other is not None and not into:
                    self._put_aside(there, to)
                return self._open_up(here, there, way[-1], to[-1])
            in_the_way = other is not None and not (is_folder and into)
            if in_the_way and not _same(here, way[-1], there, to[-1]):
                self._put_aside(there, to)
            if self._is_mounted(way) or not _renamed(here, way[-1], there, to[-1]):
                self._copy(here, way[-1], to)
        return []

    def _open_up(self, here: int, there: int, name: str, new: str) -> list[str]:
        """The names in a folder that is merged with another one, which is made if need be."""
        made = look(there, new) is None
        with entered(here, (name,), unlock=True) as folder:
            if made:
                os.mkdir(new, 0o700, dir_fd=there)
                with entered(there, (new,)) as target:
                    mode = stat.S_IMODE(os.fstat(folder).st_mode)
                    set_mode(target, mode & 0o777 | stat.S_IRWXU)
            return names_in(folder)

    def _clear_the_way(self, to: tuple[str, ...]) -> None:
        """What is no folder on the way to a target is kept beside."""
        for end in range(len(to)):
            with entered(self._target, to[:end], make=True) as folder:
                found = look(folder, to[end])
                if found is not None and not stat.S_ISDIR(found.st_mode):
                    self._put_aside(folder, to[: end + 1])

    def _put_aside(self, folder: int, to: tuple[str, ...]) -> None:
        free = next(name for name in _others(to[-1]) if look(folder, name) is None)
        os.rename(to[-1], free, src_dir_fd=folder, dst_dir_fd=folder)
        self.aside.append(("/".join(to), "/".join((*to[:-1], free))))

    def _is_mounted(self, way: tuple[str, ...]) -> bool:
        return "/".join(way) in self._mounted

    def _holds_mounts(self, way: tuple[str, ...]) -> bool:
        begin = "/".join(way) + "/"
        return any(point.startswith(begin) for point in self._mounted)


def _renamed(here: int, name: str, there: int, new: str) -> bool:
    """Move by a rename; ``False`` where it has to be copied."""
    try:
        os.rename(name, new, src_dir_fd=here, dst_dir_fd=there)
    except PermissionError:
        # a folder that may not be written cannot change its parent (rename(2)): its `..` does
        try:
            with entered(here, (name,), unlock=True):
                os.rename(name, new, src_dir_fd=here, dst_dir_fd=there)
        except (PermissionError, OnTheWayError):
            return False  # it is somebody else's
    except OSError as error:
        if error.errno not in _NOT_BY_RENAME:
            raise
        return False
    return True


def _same(here: int, name: str, there: int, other: str) -> bool:
    """Whether both are files with the same bytes, or links to the same place."""
    try:
        return os.readlink(name, dir_fd=here) == os.readlink(other, dir_fd=there)
    except OSError:
        pass  # one of them is no link
    try:
        with _reading(here, name) as one, _reading(there, other) as another:
            return _alike(one, another)
    except OSError:
        return False


def _reading(folder: int, name: str) -> BinaryIO:
    return os.fdopen(os.open(name, READING, dir_fd=folder), "rb")


def _alike(one: BinaryIO, other: BinaryIO) -> bool:
    found = [os.fstat(file.fileno()) for file in (one, other)]
    if not all(stat.S_ISREG(known.st_mode) for known in found):
        return False
    if found[0].st_size != found[1].st_size:
        return False
    while piece := one.read(_CHUNK):
        if piece != other.read(_CHUNK):
            return False
    return True


def _others(name: str) -> Iterator[str]:
    """Names to keep something by whose own is taken: ``x.csv.1``, ``x.csv.2`` …."""
    whole = os.fsencode(name)
    for number in itertools.count(1):
        ending = b".%d" % number
        yield os.fsdecode(whole[: _LONGEST_NAME - len(ending)] + ending)
