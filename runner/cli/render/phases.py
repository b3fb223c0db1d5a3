"""How long the parts of a run took, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.records.phases import COLLECTION, ENVIRONMENT, WAIT
from runner.units import count, duration

if TYPE_CHECKING:
    from collections.abc import Mapping

_MANY = 100


def in_words(phases: Mapping[str, float] | None, samples: Mapping[str, int] | None) -> str:
    """One line, where the job told of phases of its own: what wf saw is in the times, too."""
    if not phases or phases.keys() <= {ENVIRONMENT, WAIT, COLLECTION}:
        return ""
    known = samples or {}
    return " · ".join(_phase(name, spent, known.get(name)) for name, spent in phases.items())


def _phase(name: str, seconds: float, samples: int | None) -> str:
    said = f"{name} {precise(seconds)}"
    if not samples:
        return said
    rate = f", {per_second(samples / seconds)}" if seconds else ""
    return f"{said} ({count(samples, 'sample')}{rate})"


def precise(seconds: float) -> str:
    """A time span as ``duration`` tells it, the shortest ones to a hundredth: ``0.04s``."""
    return f"{seconds:.2f}s" if round(seconds, 2) < 1 else duration(seconds)


def per_second(rate: float) -> str:
    """How many a second: ``6,640/s``, ``8.3/s``."""
    return f"{rate:,.0f}/s" if rate >= _MANY else f"{rate:.3g}/s"
