"""Writing files that a person asked for, into folders of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import STORAGE, USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def already(shown: str) -> WfError:
    """What is said of a file that is not to be written over."""
    hint = "look at it, or write over it with --force"
    return WfError(USAGE, f"{shown} is there already", hint=hint)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def write_new(texts: Mapping[Path, str], cwd: Path, *, force: bool) -> tuple[str, ...]:
    """Write some files, or none if one is there with another text and ``force`` was not said.

    Returns their names as seen from ``cwd``.

    Raises:
        WfError: kind ``USAGE`` when a file is there, ``STORAGE`` when one cannot be written.
    """
    import os

    for path, text in texts.items():
        if not force and os.path.lexists(path) and not _holds(path, text):
            raise already(os.path.relpath(path, cwd))
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            shown = os.path.relpath(path, cwd)
            raise WfError(STORAGE, f"{shown} cannot be written: {error.strerror}") from error
    return tuple(os.path.relpath(path, cwd) for path in texts)
