"""Writing a file of the user's project anew: whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from runner.errors import INVALID, STORAGE, WfError


def rewrite(path: Path, shown: str, root: Path, before: bytes, after: bytes) -> None:
    """Put ``after`` in the place of ``before``, with the file's mode; a link stays a link.

    Raises:
        WfError: kind ``INVALID`` when the file lies outside the project or is not what it was,
            ``STORAGE`` when it cannot be written.
    """
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise WfError(
            INVALID,
            f"{shown} leads out of the project by a link, so it was not changed",
            hint=f"put the file itself right: wf validate --fix {real}",
        )
    staged = real.with_name(f".{real.name}.{os.getpid()}.new")
    try:
        if real.read_bytes() != before:
            message = f"{shown} has changed while it was checked, so it was not written"
            raise WfError(INVALID, message, hint="try again")
        _write(staged, after, stat.S_IMODE(real.stat().st_mode))
        os.replace(staged, real)
    except OSError as error:
        raise WfError(STORAGE, f"{shown} cannot be written: {error.strerror}") from error
    finally:
        staged.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
