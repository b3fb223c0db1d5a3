"""Room on the disk for the last words on a run: how it ended is written though the disk is full."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from runner.paths import RunPaths

# a verdict, a manifest, a few states, each as a new file beside the old one, and the index's share
_BYTES = 1 << 16
_NAME = "reserve"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def keep(paths: RunPaths) -> None:
    """Take the room; a disk that is full already, or cannot do that, has none."""
    with suppress(OSError):
        descriptor = os.open(paths.reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, _BYTES)
        finally:
            os.close(descriptor)


def let_go(root: Path) -> bool:
    """Give it back; whether there was any. ``root`` is the run's folder."""
    try:
        os.unlink(root / _NAME)
    except OSError:
        return False
    return True


def helps(error: OSError, root: Path) -> bool:
    """Whether what could not be written to the run's folder can be now."""
    return error.errno in _FULL and let_go(root)
