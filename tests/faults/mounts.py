"""Disks of a test's own: small ones, full ones, ones that cannot be written.

Only the thread that asks sees them, and whatever it starts; so no command runs differently for it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import program, require

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_MOUNTS = 0x20000  # CLONE_NEWNS
_OWN = Path("/proc/thread-self/ns/mnt")
_BLOCK = 4096


@contextmanager
def own_mounts() -> Iterator[None]:
    """What is mounted within is gone afterwards, and was never there for anybody else."""
    require("mount", program("mount"))
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        require("mounts of one's own", "this system knows none")
    before, where = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC), Path.cwd()
    try:
        if libc.unshare(_NEW_MOUNTS) != 0:
            require("mounts of one's own", os.strerror(ctypes.get_errno()))
        try:
            subprocess.run(["mount", "--make-rprivate", "/"], check=True)
            yield
        finally:
            if libc.setns(before, _NEW_MOUNTS) != 0:
                raise OSError(ctypes.get_errno(), "the mounts of a test cannot be left")
            os.chdir(where)
    finally:
        os.close(before)


class Disk:
    """A disk mounted at a folder, which is made if need be and must be empty."""

    def __init__(self, folder: str | Path, *, size: str = "4m") -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs")

    def fill(self) -> None:
        """Not a byte more can be written, except to what has room already."""
        with (self.folder / "ballast").open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(_BLOCK)):
                pass

    def use_up_names(self) -> None:
        """Not a file more can be made."""
        ballast = self.folder / "ballast"
        ballast.mkdir()
        with suppress(OSError):
            for number in count():
                (ballast / str(number)).touch()

    def make_room(self) -> None:
        ballast = self.folder / "ballast"
        if ballast.is_dir():
            shutil.rmtree(ballast)
        else:
            ballast.unlink()

    def read_only(self) -> None:
        self._mount("-o", "remount,ro")

    def writable(self) -> None:
        self._mount("-o", "remount,rw")

    def _mount(self, *words: str) -> None:
        subprocess.run(["mount", *words, str(self.folder)], check=True)
