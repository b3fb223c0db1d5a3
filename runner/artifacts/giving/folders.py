"""Folders below a root, opened part by part: no link on the way is ever followed."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# open(2) with O_DIRECTORY and O_NOFOLLOW, where there is a file or a link
NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_ELSEWHERE = "its path leads elsewhere"


class Folders:
    """``with Folders(root) as folders:`` opens folders below ``root``, one at a time.

    Links above and at ``root`` itself are followed. Paths are relative to it, without ``.`` and
    ``..``; see :func:`split`.
    """

    def __init__(self, root: Path | str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._path = ""
        self._current = self._root

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self.leave()
        os.close(self._root)

    def leave(self) -> None:
        """Let go of the folder that was opened last: it may be replaced now."""
        if self._current != self._root:
            os.close(self._current)
        self._current, self._path = self._root, ""

    def open(self, path: str) -> int:
        """The folder at ``path``, open until another one is asked for.

        Raises:
            OSError: it is not there, or something on the way is no folder.
        """
        if path != self._path:
            self.leave()
            descriptor = self._walk(path)
            self._path, self._current = path, descriptor
        return self._current

    def _walk(self, path: str) -> int:
        descriptor, parts = self._root, split(path)
        try:
            for at in range(len(parts)):
                below = self._enter(descriptor, parts[: at + 1])
                if descriptor != self._root:
                    os.close(descriptor)
                descriptor = below
        except OSError:
            if descriptor != self._root:
                os.close(descriptor)
            raise
        return descriptor

    def _enter(self, folder: int, parts: list[str]) -> int:
        """Open the last of these parts, which lies in ``folder``."""
        return os.open(parts[-1], _OPEN, dir_fd=folder)


class NewFolders(Folders):
    """The same, and folders are made where there are none.

    With ``careful`` a file or a link that is on the way is left alone, and is an error; else it is
    removed.
    """

    def __init__(self, root: Path | str, *, careful: bool) -> None:
        super().__init__(root)
        self._careful = careful
        self._made: list[str] = []

    def take_made(self) -> list[str]:
        """Those made since this was asked last, each after the one that it lies in."""
        made, self._made = self._made, []
        return made

    def _enter(self, folder: int, parts: list[str]) -> int:
        with suppress(FileExistsError):
            self._make(folder, parts)
        try:
            return super()._enter(folder, parts)
        except OSError as error:
            if self._careful or error.errno not in NO_FOLDER:
                raise
        os.unlink(parts[-1], dir_fd=folder)
        self._make(folder, parts)
        return super()._enter(folder, parts)

    def _make(self, folder: int, parts: list[str]) -> None:
        os.mkdir(parts[-1], dir_fd=folder)
        self._made.append("/".join(parts))


def split(path: str) -> list[str]:
    """The parts of a path below a root; of the root itself there are none.

    Raises:
        OSError: it leads elsewhere.
    """
    parts = path.split("/") if path else []
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise OSError(errno.EINVAL, _ELSEWHERE, path)
    return parts


def parent(path: str) -> tuple[str, str]:
    """The folder of a path, and its name there.

    Raises:
        OSError: it leads elsewhere.
    """
    parts = split(path)
    if not parts:
        raise OSError(errno.EINVAL, _ELSEWHERE, path)
    return "/".join(parts[:-1]), parts[-1]


def kind_of(folder: int, name: str) -> int | None:
    """The file type of what is there (as ``stat.S_IFMT`` has it); ``None`` if nothing is."""
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None
