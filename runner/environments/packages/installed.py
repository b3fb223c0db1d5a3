"""What is installed in a virtual environment, told from the names of its ``*.dist-info`` folders.

Such a folder is named ``NAME-VERSION.dist-info`` (packaging.python.org, "Recording installed
projects"), which says all about a package that came from an index; nothing is opened here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

_SUFFIX = ".dist-info"
_RECORDS = (_SUFFIX, ".egg-info", ".egg-link")


def plain_lock(venv: Path, project: Path | None = None) -> tuple[str, ...] | None:
    """The lines of ``uv pip freeze``, or ``None`` where it takes more than names to tell them.

    That is so for a package from an address or a folder (PEP 610), one recorded in an older way,
    and for two versions of one package. What lies in ``project`` is told by its path there, so that
    the line is the same on every machine.

    Raises:
        OSError: the environment cannot be read.
    """
    try:
        (site_packages,) = venv.glob("lib/*/site-packages")
        with os.scandir(site_packages) as entries:
            packages = [
                _package(entry, project) for entry in entries if entry.name.endswith(_RECORDS)
            ]
    except ValueError:
        return None
    versions = dict(packages)
    if len(versions) < len(packages):
        return None
    return tuple(f"{name}{version}" for name, version in sorted(versions.items()))


def inside_lock(venv: Path, project: Path) -> tuple[str, ...]:
    """Only those packages of an environment that lie in ``project``, as :func:`plain_lock` does."""
    from packaging.utils import canonicalize_name

    records = sorted(venv.glob(f"lib/*/site-packages/*{_SUFFIX}"))
    found = ((record.name.partition("-")[0], address(record, project)) for record in records)
    return tuple(f"{canonicalize_name(name)} @ file:{path}" for name, path in found if path)


def address(record: Path, project: Path) -> str | None:
    """Where a package lies in the project, if it was installed from there (PEP 610)."""
    try:
        said = json.loads((record / "direct_url.json").read_bytes())
        url = str(said["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    path = os.path.relpath(unquote(parts.path), project)
    return None if parts.scheme != "file" or path.startswith("..") else path


def _package(record: os.DirEntry[str], project: Path | None) -> tuple[str, str]:
    """Name, and version or place, in their normal forms (PEP 503, PEP 440).

    Raises:
        ValueError: the record's name does not tell them, or there is more to tell.
    """
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    name, _, version = record.name.removesuffix(_SUFFIX).partition("-")
    if record.name.endswith(_SUFFIX):
        normal = canonicalize_name(name, validate=True)
        if not os.path.lexists(f"{record.path}/direct_url.json"):
            return normal, f"=={Version(version)}"
        inside = address(Path(record.path), project) if project is not None else None
        if inside is not None:
            return normal, f" @ file:{inside}"
    raise ValueError(record.name)
