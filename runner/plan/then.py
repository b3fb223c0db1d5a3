"""The Python of then: what the format's tool ran scripts with on a day, where nobody says which.

Facts about dstack are from its own repository; the dates are those of the commits and releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Default(NamedTuple):
    """From the day ``since`` on it was ``python``; ``why`` is the end of a sentence."""

    since: str
    python: str
    why: str


_DSTACK = "dstack's default"
_COMMON = "what most projects used"
_CLIENT = "the newest that dstack took"
_SERVER = "that of dstack's server"

DEFAULTS = (
    # before the tool: the minor version that was a year old (PEP 494, 537, 569: release dates)
    Default("0001-01-01", "3.6", _COMMON),
    Default("2019-06-27", "3.7", _COMMON),
    Default("2020-10-14", "3.8", _COMMON),
    # hosted: images were named by hand, in its own guide as `python:3.9`
    # (ddf94a25f^:docs/quickstart.md), which was the provider's default as well
    # (ddf94a25f^:providers/python/python.py)
    Default("2021-05-01", "3.9", _DSTACK),
    # ddf94a25f:providers/python/python.py, 0.0.7:src/dstack/providers/__init__.py
    Default("2022-03-22", "3.10", _DSTACK),
    # 0.0.8: the minor version of whoever typed the command; 0.0.8 to 0.0.14 took 3.7 to 3.10
    Default("2022-09-30", "3.10", _CLIENT),
    # 6761473d9: the server's image has 3.11; from 0.12.0 jobs had the server's minor version
    # (0.18.0:src/dstack/_internal/server/services/jobs/configurators/base.py)
    Default("2023-08-11", "3.11", _SERVER),
)
# 9ad5c6d46:src/dstack/providers/torchrun/main.py; the released tool (0.0.7) had no torchrun
_TORCHRUN = Default("2022-06-07", "3.9", "the default of dstack's torchrun")
_TORCHRUN_ENDS = "2022-09-07"


def default(day: str, provider: str) -> Default:
    """What a workflow of ``provider`` was run with on ``day`` (ISO 8601)."""
    if provider == "torchrun" and _TORCHRUN.since <= day < _TORCHRUN_ENDS:
        return _TORCHRUN
    return next(known for known in reversed(DEFAULTS) if known.since <= day)


def choose(day: str, provider: str, here: Iterable[str]) -> tuple[str, str]:
    """The minor version to use on a machine with the versions ``here``, and why it is that one.

    Where the one of then is not here it is the nearest older one, as packages of that day were
    built for what there was by then; else the oldest newer one.
    """
    wanted = default(day, provider)
    why = f"{wanted.python} was {wanted.why} on {day}"
    minors = sorted({_minor(version) for version in here})
    if not minors or _minor(wanted.python) in minors:
        return wanted.python, why
    older = [minor for minor in minors if minor < _minor(wanted.python)]
    major, minor = older[-1] if older else minors[0]
    return f"{major}.{minor}", f"{why}, and {major}.{minor} is the nearest here"


def _minor(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
