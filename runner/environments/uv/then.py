"""Installing as of a day: what uv is told, and of what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# sources whose files have no date: uv takes them for old ones, whenever they were put there
UNDATED = ("UV_FIND_LINKS",)


def options(as_of: str | None) -> tuple[str, ...]:
    """What ``uv pip install`` is told so that it takes what was there when the day ended, in UTC.

    A bare date is one of the local time zone to uv (0.13), and so another moment on another
    machine. What is said on the command line overrules the user's ``UV_EXCLUDE_NEWER``.
    """
    if as_of is None:
        return ()
    from runner.spec.days import end

    return ("--exclude-newer", end(as_of))


def dated(variables: Mapping[str, str], as_of: str | None) -> dict[str, str]:
    """The variables for installing as of a day: without sources that have no dates."""
    return {k: v for k, v in variables.items() if as_of is None or k not in UNDATED}


def left_out(variables: Mapping[str, str], as_of: str | None) -> str | None:
    """What is said about sources that are not used for want of dates."""
    found = [variables[name] for name in UNDATED if variables.get(name)] if as_of else []
    if not found:
        return None
    return (
        f"as of {as_of}, files of find-links ({', '.join(found)}) are not used: they have no dates"
    )
