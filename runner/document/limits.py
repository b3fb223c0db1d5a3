"""How much a workflow file may hold, checked before anything is built from it."""

from __future__ import annotations

from dataclasses import dataclass

from runner.errors import INVALID, WfError


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many ``bytes``, levels of nesting, values, aliases, and characters of one text.

    ``values`` counts what an alias stands for at every use. The defaults are for files that are
    not trusted yet.
    """

    bytes: int = 1 << 20
    depth: int = 50
    values: int = 100_000
    aliases: int = 100
    text: int = 1 << 16


LIMITS = Limits()


def too_large(file: str, size: int, limits: Limits = LIMITS) -> WfError:
    """The error for a file of ``size`` bytes, for whoever reads files: tell before reading."""
    return WfError(
        INVALID,
        f"{file} has {size / 1e6:.1f} MB; a workflow file has at most {limits.bytes >> 20} MiB",
        hint="keep data out of it, and read them from the script",
    )
