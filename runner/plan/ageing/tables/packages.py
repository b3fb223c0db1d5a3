"""Packages that cannot be imported beside what newer versions of others removed.

The sources of the first and the last version of each range were looked at, and of versions between.
"""

from __future__ import annotations

from typing import NamedTuple

from runner.plan.ageing.rules import Release

SETUPTOOLS = Release("setuptools", "82.0.0", "2026-02-08", "3.9")


class Needs(NamedTuple):
    """Versions of a package, ``first`` and later but before ``end``, that import ``module``.

    ``release`` is that of the package the module came with, and the first without it.
    """

    package: str
    first: str
    end: str
    module: str
    release: Release


ROWS = (
    Needs("pytorch-lightning", "1.2.10", "1.8.0", "pkg_resources", SETUPTOOLS),
    Needs("torchmetrics", "0.3.2", "1.0.0", "pkg_resources", SETUPTOOLS),
)
