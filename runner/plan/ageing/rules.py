"""The vocabulary of what was removed: a release, what it no longer has, what to write instead.

The rows themselves are in ``tables/``. A row stands there only if the packages on both sides of
the release were looked at: one has it, the other does not. A warning that is not true is worse
than none.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

PYTHON = "python"
"""The package that the language itself is, with its standard library."""


class Release(NamedTuple):
    """A version of a package, and the day (ISO 8601, UTC) on which the index got it.

    ``python`` is the oldest Python it can be installed on, and ``needs`` the oldest versions of
    other packages that it works with: where these are not to be had, it is not what is installed.
    """

    package: str
    version: str
    day: str
    python: str = "3.0"
    needs: tuple[tuple[str, str], ...] = ()


Kind = Literal["name", "keyword", "missing", "method", "argument", "member", "member-keyword"]


class Removal(NamedTuple):
    """One thing that a release no longer has.

    ``name`` is the full name as it is imported. What is gone is, by ``kind``:

    ``name``
        the module, class, function or attribute of that name;
    ``keyword``
        the argument ``part`` of a call of it, or, with ``values``, only one of these for it;
    ``missing``
        nothing: a call now needs the argument ``part``;
    ``method``
        the method ``part``, which classes derived from it used to define;
    ``argument``
        the argument ``values[0]`` of the method ``part`` of such a class;
    ``member``
        the method or attribute ``part`` of what a call of it returns;
    ``member-keyword``
        the argument ``values[0]`` of that method.

    ``back`` is the version that had it again. ``instead`` is what to write (for a sentence that
    begins with "write"), ``None`` where there is nothing.
    """

    release: Release
    kind: Kind
    name: str
    instead: str | None
    part: str = ""
    values: tuple[str, ...] = ()
    back: str | None = None


def names(release: Release, instead: dict[str, str | None]) -> tuple[Removal, ...]:
    """Names that are gone, each with what to write."""
    return tuple(Removal(release, "name", name, told) for name, told in instead.items())


def keywords(release: Release, call: str, instead: dict[str, str | None]) -> tuple[Removal, ...]:
    """Arguments of one call that are gone, each with what to write."""
    return tuple(
        Removal(release, "keyword", call, told, part=part) for part, told in instead.items()
    )


def methods(release: Release, base: str, instead: dict[str, str | None]) -> tuple[Removal, ...]:
    """Methods that classes derived from ``base`` define in vain, each with what to write."""
    return tuple(
        Removal(release, "method", base, told, part=part) for part, told in instead.items()
    )
