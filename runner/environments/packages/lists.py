"""Lists of packages, as ``pip freeze`` writes them: what belongs in one, and how two differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_IN_PROJECT = re.compile(r"(?: @|^-e) file:(?!//)")
# the file of a wheel: name, version, tags (PEP 427)
_WHEEL = re.compile(r"[/:][A-Za-z0-9_.]+-([^-/]+)-[^/]*\.whl(?:[#?].*)?$")
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*\w)?")


def outside(lock: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The packages that were not installed from below the folder of a run.

    Those from a run's own workspace are its code, and are gone with the workspace. What wf itself
    has installed from there is told by its path in the project (``name @ file:path``).
    """
    below = f"{folder.as_uri()}/"
    return tuple(line for line in lock if below not in line and not _IN_PROJECT.search(line))


def merged(below: Sequence[str], above: Sequence[str]) -> tuple[str, ...]:
    """The packages of two environments, one on top of the other."""
    both = {package_name(line): line for line in (*below, *above)}
    return tuple(both[name] for name in sorted(both))


def difference(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """What ``found`` lacks (``- torch==1.11.0``) and has besides (``+ torch==1.12.0``), by name."""
    lacking, besides = set(wanted) - set(found), set(found) - set(wanted)
    signed = [("- ", line) for line in lacking] + [("+ ", line) for line in besides]
    return tuple(sign + line for sign, line in sorted(signed, key=_by_name))


def _by_name(signed: tuple[str, str]) -> tuple[str, bool, str]:
    """Names in their order; what is lacking in front of what is there instead."""
    sign, line = signed
    return package_name(line), sign == "+ ", line


def package_name(line: str) -> str:
    """The name in ``name==version`` or ``name @ address``, in its normal form (PEP 503)."""
    named = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", named[0] if named else line).lower()


def version_of(package: str, lock: Sequence[str]) -> str | None:
    """The version of a package in a lock; ``None``: it is not there, or nobody can tell."""
    from urllib.parse import unquote

    for line in lock:
        if package_name(line) == package:
            _, pinned, version = line.partition("==")
            wheel = _WHEEL.search(unquote(line))
            return version.strip() if pinned else wheel and wheel[1]
    return None
