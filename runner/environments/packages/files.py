"""The files that each package of a virtual environment has brought, and whether they are the same.

Installers keep that list, with a digest of each file, in ``RECORD`` beside a package's metadata
(packaging.python.org, "Recording installed projects").
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.store.seal import Damage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_INFO = ".dist-info"
_SHA256 = "sha256="


class Listed(NamedTuple):
    """A file as it was installed: its path below the environment, and its digest if there is one.

    The digest is that of ``RECORD``: SHA-256 in the URL-safe base 64, without padding.
    """

    package: str
    path: str
    digest: str | None


def owners(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """The packages that brought any of these files of the environment in the folder ``root``."""
    wanted = frozenset(paths)
    return tuple(sorted({file.package for file in listed(root) if file.path in wanted}))


def verify(root: Path) -> Damage | None:
    """Read every file that was installed; what is gone or other than it was, ``None`` if nothing.

    Raises:
        OSError: the environment cannot be read.
    """
    from concurrent.futures import ThreadPoolExecutor

    known = [file for file in listed(root) if file.digest is not None]
    # hashing lets other threads go on
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda file: _digest(root / file.path), known)
        pairs = [(file, digest) for file, digest in zip(known, digests, strict=True)]
    found = Damage(
        changed=tuple(file.path for file, digest in pairs if digest not in {None, file.digest}),
        missing=tuple(file.path for file, digest in pairs if digest is None),
    )
    return found or None


def listed(root: Path) -> Iterator[Listed]:
    """Every file that any package has brought."""
    import csv

    for record in sorted(root.glob(f"lib/python*/site-packages/*{_INFO}/RECORD")):
        site_packages = record.parent.parent.relative_to(root)
        package = record.parent.name.removesuffix(_INFO).partition("-")[0]
        with record.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            for row in csv.reader(file):
                path, digest, *_ = (*row, "", "")
                known = digest.removeprefix(_SHA256) if digest.startswith(_SHA256) else None
                yield Listed(package, os.path.normpath(site_packages / path), known)


def _digest(path: Path) -> str | None:
    import base64
    import hashlib

    made = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                made.update(chunk)
    except FileNotFoundError:
        return None
    return base64.urlsafe_b64encode(made.digest()).rstrip(b"=").decode()
