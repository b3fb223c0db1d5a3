"""A curve in one line of text, as small bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"

FEWEST = 3
"""Fewer values than that say nothing as bars that the figures do not say."""


def bars(seconds: Sequence[float], values: Sequence[float | None], full: float, room: int) -> str:
    """A curve as small bars: the mean of each part of the time, empty where nothing is known."""
    room = min(room, len(values))
    sums, weights = [0.0] * room, [0.0] * room
    before, last = 0.0, seconds[-1] if seconds else 0.0
    for at, value in zip(seconds, values, strict=True):
        # the middle of what the value stands for
        middle = (before + at) / 2
        place = max(0, min(room - 1, int(middle / last * room))) if last > 0 else 0
        if value is not None:
            sums[place] += value * max(at - before, 1e-9)
            weights[place] += max(at - before, 1e-9)
        before = at
    pairs = zip(sums, weights, strict=True)
    return "".join(_bar(total / weight, full) if weight else " " for total, weight in pairs)


def _bar(value: float, full: float) -> str:
    if full <= 0:
        return _BARS[0]
    return _BARS[max(0, min(len(_BARS) - 1, int(value / full * len(_BARS))))]
