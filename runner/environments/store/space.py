"""A full disk, told from what was said about it."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from runner.errors import ENVIRONMENT, WfError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAID = "|".join(re.escape(os.strerror(number)) for number in _FULL)


def no_space(error: BaseException, folder: Path) -> WfError | None:
    """The error to raise where ``error`` came of a full disk, which the one of ``folder`` may be.

    uv's own words are looked through: it downloads to one disk and installs to another.
    """
    if isinstance(error, OSError):
        if error.errno not in _FULL:
            return None
        where, details = error.filename or folder, None
    else:
        details = error.details if isinstance(error, WfError) else None
        if not details or not re.search(_SAID, details):
            return None
        named = re.search(rf"(/\S+?)`?: (?:{_SAID})", details)
        where = named[1] if named else folder
    return WfError(
        ENVIRONMENT,
        f"no space left on {_mount(Path(os.fsdecode(where)))} for the environment",
        hint="make room (`wf env prune`, `uv cache clean`), or set WF_CACHE, or UV_CACHE_DIR for "
        "what uv downloads, to a folder on another disk",
        details=details,
    )


def _mount(path: Path) -> Path:
    """Where the disk that ``path`` is to lie on is mounted."""
    real = path.resolve()  # a cache is often a link to another disk
    return next(folder for folder in (real, *real.parents) if os.path.ismount(folder))
