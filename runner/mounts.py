"""Folders laid over one another (overlayfs), for this process and what it starts.

Nobody else sees what is mounted here, and it is gone with the last process that does: nothing is
left of it, however that process ended.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from runner.native import call

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

_NEW_MOUNTS = 0x20000  # CLONE_NEWNS, clone(2)
# mount(2): what is mounted elsewhere later is seen here too, and what is mounted here is not there
_RECURSIVE, _SLAVE = 0x4000, 0x80000
_DETACH = 2  # MNT_DETACH, umount(2)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# with `metacopy` a file whose mode or time is changed is not copied for that, only when it is
# written to. It needs the right to mount of the system's own user namespace
_OPTIONS = "metacopy=on,redirect_dir=on,index=off"


class Laid(NamedTuple):
    """What lies over what: ``target`` shows ``upper`` and, below that, ``lower``.

    Whoever writes below ``target`` changes ``upper``, never ``lower``. ``target`` and ``upper`` may
    be the same folder. ``work`` is the kernel's own, in the file system of ``upper``.
    """

    target: Path
    lower: Path
    upper: Path
    work: Path


class Mounts:
    """Mounts that only this thread, and what it starts from here on, can see.

    Folders that it opened before are still among those of others.
    """

    @classmethod
    def own(cls) -> Self | None:
        """Have mounts of one's own; ``None`` where that cannot be."""
        if not sys.platform.startswith("linux") or not _call("unshare", _NEW_MOUNTS):
            return None
        shared = _call("mount", b"none", b"/", None, _RECURSIVE | _SLAVE, None)
        return cls() if shared else None

    def lay(self, laid: Laid, *, lasting: bool = True) -> bool:
        """Lay folders over one another; whether that could be.

        Unless it is ``lasting``, nothing is brought to the disk on account of it, neither meanwhile
        nor when it is taken away; ``work`` cannot be used a second time then.

        Raises:
            OSError: one of the folders is not there.
        """
        with ExitStack() as stack:
            # descriptors, as a comma or a colon in a path would have a meaning
            target, lower, upper, work = (_opened(stack, folder) for folder in laid)
            options = f"lowerdir={lower},upperdir={upper},workdir={work},{_OPTIONS}"
            if not lasting:
                options += ",volatile"
            return _call("mount", b"overlay", target.encode(), b"overlay", 0, options.encode())


def lift(target: Path) -> None:
    """Take away what :meth:`Mounts.lay` has laid over a folder, if anything."""
    if not sys.platform.startswith("linux"):
        return
    with ExitStack() as stack:
        _call("umount2", _opened(stack, target).encode(), _DETACH)


def _opened(stack: ExitStack, folder: Path) -> str:
    descriptor = os.open(folder, _FOLDER)
    stack.callback(os.close, descriptor)
    return f"/proc/self/fd/{descriptor}"


def _call(name: str, *arguments: int | bytes | None) -> bool:
    """Whether a function of the system's library answers that it worked."""
    return call(name, *arguments) == 0
