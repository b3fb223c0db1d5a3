"""Limits files, found and read. Where there is none, that costs two looks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.errors import INVALID, Problem, WfError, invalid

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.limits.rules import Rules
    from runner.settings import LimitFiles

_FIRST = 0


def rules(files: LimitFiles) -> tuple[Rules, ...]:
    """What the files say, in the order in which it is applied: the machine's, then the user's.

    Raises:
        WfError: kind ``INVALID`` with all mistakes of both, or when one cannot be read.
    """
    problems: list[Problem] = []
    found: list[Rules] = []
    for path, turn in ((files.machine, _FIRST), (files.user, os.getuid())):
        try:
            read = _read(path, turn)
        except WfError as error:
            if not error.problems:
                raise
            problems += error.problems
            continue
        found += [] if read is None else [read]
    if problems:
        raise invalid(problems)
    return tuple(found)


def _read(path: Path, turn: int) -> Rules | None:
    try:
        os.stat(path)
        return _rules(path, turn)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise WfError(
            INVALID,
            f"{path} cannot be read: {reason}",
            hint="it says how much of this machine wf may use, so nothing goes without it",
        ) from error


def _rules(path: Path, turn: int) -> Rules | None:
    from runner.document.limits import LIMITS
    from runner.document.reader import is_blank, read
    from runner.workspace.reading import small_bytes

    text = small_bytes(path, LIMITS.bytes)
    if is_blank(text):
        return None
    from runner.allocation.limits.form import load

    return load(read(text, str(path)), turn)
