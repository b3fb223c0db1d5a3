"""A remote that is a folder: a disk, a share, whatever is mounted there."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.folders import CREATING, READING
from runner.artifacts.remote.interface import Absent, Found
from runner.disks import named
from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from pathlib import Path


class FolderRemote:
    """Keeps bytes in files below ``root``, which is made with the first."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def shown(self) -> str:
        """The folder."""
        return str(self._root)

    def look(self, folder: str) -> Found:
        """What lies there; links and what else is neither file nor folder is left out."""
        files: dict[str, int] = {}
        folders: list[str] = []
        try:
            with os.scandir(self._root / folder) as found:
                for entry in found:
                    if entry.is_file(follow_symlinks=False):
                        with suppress(FileNotFoundError):  # gone meanwhile
                            files[entry.name] = entry.stat(follow_symlinks=False).st_size
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise self._failed("read", error) from error
        return Found(files, folders)

    def read(self, name: str, most: int) -> bytes:
        """The content of a regular file."""
        try:
            file = os.open(self._root / name, READING)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise Absent(name)
                return _whole(file, most)
            finally:
                os.close(file)
        except (FileNotFoundError, NotADirectoryError):
            raise Absent(name) from None
        except OSError as error:
            raise self._failed("read", error) from error

    def write(self, name: str, content: bytes) -> None:
        """On the disk, and only then under its name."""
        target = self._root / name
        staged = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(os.open(staged, CREATING, 0o666), "wb", buffering=0) as file:
                    left = memoryview(content)
                    while left:
                        left = left[file.write(left) :]
                    os.fsync(file.fileno())
                os.replace(staged, target)
            except BaseException:
                with suppress(OSError):
                    os.unlink(staged)
                raise
        except OSError as error:
            raise self._failed("written", error) from error

    def close(self) -> None:
        """Nothing is held."""

    def _failed(self, what: str, error: OSError) -> WfError:
        message = f"the remote {self.shown} cannot be {what}: {named(error).strerror}"
        return WfError(UNSATISFIABLE, message, hint=f"is it there, and yours? ls -la {self.shown}")


def _whole(descriptor: int, most: int) -> bytes:
    """A read may give less than was asked for (read(2))."""
    parts: list[bytes] = []
    while most and (part := os.read(descriptor, most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
