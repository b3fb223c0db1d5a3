"""The modules that somebody wanted an environment for: those of packages that no other one needs.

Told from what is written down beside each package (packaging.python.org, "Recording installed
projects" and "Core metadata specifications").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.packages.lists import package_name

if TYPE_CHECKING:
    from pathlib import Path

_REQUIRES = re.compile(r"^Requires-Dist:\s*([A-Za-z0-9][\w.-]*)(.*)", re.MULTILINE)
# what a package needs only when its name is followed by [something]
_EXTRA = re.compile(r"\bextra\s*==")
_MODULE = re.compile(r"^([^/\n,]+?)(?:/__init__)?\.py,", re.MULTILINE)
_BELOW = re.compile(r"^([^/\n,]+/[^/\n,]+)/__init__\.py,", re.MULTILINE)
_BYTES = 1 << 18


def roots(site_packages: Path) -> tuple[str, ...]:
    """Names of modules; empty where nothing is told, or every package is needed by another.

    Raises:
        OSError: the folder cannot be read.
    """
    records = sorted(site_packages.glob("*.dist-info"))
    needed = {name for record in records for name in _needs(record)}
    wanted = [record for record in records if _name(record) not in needed]
    return tuple(module for record in wanted for module in _modules(record))


def _name(record: Path) -> str:
    return package_name(record.name.partition("-")[0])


def _needs(record: Path) -> set[str]:
    head = _text(record / "METADATA").partition("\n\n")[0]
    found = _REQUIRES.findall(head)
    return {package_name(name) for name, rest in found if not _EXTRA.search(rest)} - {_name(record)}


def _modules(record: Path) -> list[str]:
    """Those at the top; for a package without any, as below ``google/``, those below."""
    text = _text(record / "RECORD")
    found = _MODULE.findall(text) or [path.replace("/", ".") for path in _BELOW.findall(text)]
    return list(dict.fromkeys(found))


def _text(path: Path) -> str:
    """Its beginning; empty where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_BYTES).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""
