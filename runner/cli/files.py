"""Writing files that a person asked for, into folders of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import STORAGE, USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_new(texts: Mapping[Path, str], cwd: Path, *, force: bool) -> tuple[str, ...]:
    """Write some files, or none if one of them is there already and ``force`` was not said.

    Returns their names as seen from ``cwd``.

    Raises:
        WfError: kind ``USAGE`` when a file is there, ``STORAGE`` when one cannot be written.
    """
    import os

    for path in texts:
        if os.path.lexists(path) and not force:
            message = f"{os.path.relpath(path, cwd)} is there already"
            raise WfError(USAGE, message, hint="look at it, or write over it with --force")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w" if force else "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            shown = os.path.relpath(path, cwd)
            raise WfError(STORAGE, f"{shown} cannot be written: {error.strerror}") from error
    return tuple(os.path.relpath(path, cwd) for path in texts)
