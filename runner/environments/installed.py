"""What is installed in a virtual environment, told from the names of its ``*.dist-info`` folders.

Such a folder is named ``NAME-VERSION.dist-info`` (packaging.python.org, "Recording installed
projects"), which says all about a package that came from an index; nothing is opened here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX = ".dist-info"
_RECORDS = (_SUFFIX, ".egg-info", ".egg-link")


def plain_lock(venv: Path) -> tuple[str, ...] | None:
    """The lines of ``uv pip freeze``, or ``None`` where it takes more than names to tell them.

    That is so for a package from an address or a folder (PEP 610), one recorded in an older way,
    and for two versions of one package.

    Raises:
        OSError: the environment cannot be read.
    """
    try:
        (site_packages,) = venv.glob("lib/*/site-packages")
        with os.scandir(site_packages) as entries:
            packages = [_package(entry) for entry in entries if entry.name.endswith(_RECORDS)]
    except ValueError:
        return None
    versions = dict(packages)
    if len(versions) < len(packages):
        return None
    return tuple(f"{name}=={version}" for name, version in sorted(versions.items()))


def _package(record: os.DirEntry[str]) -> tuple[str, str]:
    """Name and version in their normal forms (PEP 503, PEP 440).

    Raises:
        ValueError: the record's name does not tell them, or there is more to tell.
    """
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    name, _, version = record.name.removesuffix(_SUFFIX).partition("-")
    if record.name.endswith(_SUFFIX) and not os.path.lexists(f"{record.path}/direct_url.json"):
        return canonicalize_name(name, validate=True), str(Version(version))
    raise ValueError(record.name)
