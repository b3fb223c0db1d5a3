"""Which Python serves a ``requires-python``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

# 3.6 is the oldest that uv makes environments for; later ones than these will come
_MINORS = range(6, 31)
_MOST_PATCHES = 40


def admits(wanted: str, version: str) -> bool:
    """Whether a ``requires-python`` lets a version in, such as ``3.11`` (any of its patches).

    Raises:
        ValueError: it is none.
    """
    specifiers = _read(wanted)
    if version.count(".") > 1:
        return specifiers.contains(version, prereleases=True)
    return any(specifiers.contains(f"{version}.{patch}") for patch in range(_MOST_PATCHES))


def fitting(wanted: str, own: str) -> str | None:
    """The version to take where nobody asks for one: ``own`` if it will do, else the nearest.

    Packages are most likely to be made for it, and it to be on the machine. Of two that are as
    near it is the older one.

    Raises:
        ValueError: ``wanted`` is no specifier.
    """
    specifiers = _read(wanted)
    here = int(own.split(".")[1])
    near = sorted(_MINORS, key=lambda number: (abs(number - here), number))
    for minor in (own, *(f"3.{number}" for number in near)):
        patches = [p for p in range(_MOST_PATCHES) if specifiers.contains(f"{minor}.{p}")]
        if not patches:
            continue
        # whatever patch there is will do, but for one that is named, or an upper end
        return minor if patches[-1] == _MOST_PATCHES - 1 else f"{minor}.{patches[-1]}"
    return None


def _read(wanted: str) -> SpecifierSet:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted)
