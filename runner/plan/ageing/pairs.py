"""Requirements that cannot be imported together: an old version that is asked for, and a new one.

A package that is held to an old version does not say how new those may be that it needs itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.plan.ageing.days import Changed, choose
from runner.plan.ageing.judge import AGED
from runner.plan.ageing.tables.packages import ROWS
from runner.plan.ageing.versions import normal
from runner.plan.requirements.lines import Written, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.errors import Place
    from runner.plan.ageing.tables.packages import Needs
    from runner.plan.ageing.versions import Versions
    from runner.plan.environment import EnvironmentSpec

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def broken_pairs(
    spec: EnvironmentSpec, versions: Versions, changed: Callable[[], Changed | None]
) -> Iterator[Problem]:
    """What an environment will hold and cannot import, at the line that asks for it."""
    for row in ROWS:
        version = versions.pinned(row.package)
        if version is None or not _in_range(row, version):
            continue
        place = _place(spec, row.package)
        if place is not None and versions.lack(row.release):
            yield _warning(row, version, place, changed())


def _warning(row: Needs, version: str, place: Place, changed: Changed | None) -> Problem:
    release = row.release
    day = choose([release], changed)
    return Problem(
        f"{row.package} {version} imports `{row.module}`, which {release.package} "
        f"{release.version} and newer no longer bring",
        place=place,
        hint=f"add `as-of: {day.day}` to the workflow ({day.why}), "
        f"or {release.package}<{release.version} to {place.file}",
        code=AGED,
    )


def _in_range(row: Needs, version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(row.first) <= Version(version) < Version(row.end)
    except InvalidVersion:
        return False


def _place(spec: EnvironmentSpec, package: str) -> Place | None:
    """Where a package is asked for in a requirements file."""
    for file in spec.requirements:
        written = Written(file.path, file.text)
        for line in lines(file.text):
            name = _NAME.match(line.text)
            if name and normal(name[0]) == package:
                return written.place(line)
    return None
