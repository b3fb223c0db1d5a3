"""What packages in one environment need and do not find in the other that lies below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.requirements import Requirement


def unmet(
    needed: Iterable[tuple[Sequence[str], Sequence[str]]], lock: Sequence[str], python: str
) -> list[str]:
    """The requirements that ``lock`` does not satisfy, each as it can be asked for.

    ``needed`` are requirements as packages have them in their metadata (``Requires-Dist``), with
    the extras that are wanted; ``lock`` the packages that are there, as ``pip freeze`` lists them;
    ``python`` the interpreter's full version, for markers.
    """
    from packaging.markers import default_environment
    from packaging.requirements import Requirement

    there = dict(_version(line) for line in lock)
    known: dict[str, str] = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
    }
    found: dict[str, None] = {}
    for requirements, extras in needed:
        for text in requirements:
            wanted = Requirement(text)
            if _applies(wanted, extras, known) and not _is_met(wanted, there):
                wanted.marker = None  # it holds here; one on an extra would not, on its own
                found[str(wanted)] = None
    return list(found)


def _applies(wanted: Requirement, extras: Sequence[str], known: Mapping[str, str]) -> bool:
    marker = wanted.marker
    if marker is None:
        return True
    return any(marker.evaluate({**known, "extra": extra}) for extra in ("", *extras))


def _is_met(wanted: Requirement, there: Mapping[str, str | None]) -> bool:
    """Whether it is there; what an extra of it needs is another question, which uv answers."""
    from packaging.utils import canonicalize_name

    name = canonicalize_name(wanted.name)
    if name not in there or wanted.extras or wanted.url:
        return False
    version = there[name]
    if version is None:
        return not wanted.specifier
    return wanted.specifier.contains(version, prereleases=True)


def _version(line: str) -> tuple[str, str | None]:
    from packaging.utils import canonicalize_name

    name, equals, version = line.partition("==")
    if equals:
        return canonicalize_name(name), version
    return canonicalize_name(line.partition(" @ ")[0]), None
