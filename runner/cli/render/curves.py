"""Metrics in the course of training, for people: each in a line, with its curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from runner.cli.render.bars import FEWEST, bars
from runner.cli.render.style import columns, cut, in_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.artifacts.reading.values import Series
    from runner.cli.render.style import Style

_WIDEST = 40
_LONGEST_NAME = 40
# what stands before the name, and what behind the curve
_BESIDE = 60
_MANY = 1e15
_EXACT = 5


def told(
    series: Sequence[Series], dress: Style, most: int | None = None
) -> Iterator[tuple[str, str]]:
    """Of each metric ``metric`` and a line: name, last value, curve, range, step.

    At most so many; how many more there are is said then.
    """
    shown = series[:most]
    names = [cut(in_line(one.name), _LONGEST_NAME, dress.plain("…")) for one in shown]
    lasts = [number(one.last.value) for one in shown]
    wide, long = (max(map(columns, found), default=0) for found in (names, lasts))
    room = min(_WIDEST, dress.width - _BESIDE - wide)
    curves = [curve(one, room, dress) for one in shown]
    drawn = max(map(len, curves), default=0)
    for one, name, last, line in zip(shown, names, lasts, curves, strict=True):
        start = f"{name}{' ' * (wide - columns(name))}  {last:>{long}}"
        bar = f"  {line:<{drawn}}" if drawn else ""
        yield "metric", f"{start}{bar}  {_beside(one)}"
    if len(series) > len(shown):
        yield "", f"and {len(series) - len(shown):,} more"


def curve(series: Series, room: int, dress: Style) -> str:
    """The curve in so many columns, between its lowest and its highest value."""
    points = series.points
    if len(points) < FEWEST or room < FEWEST or not dress.unicode:
        return ""
    low = min(point.value for point in points)
    high = max(point.value for point in points)
    if low == high or not math.isfinite(high - low):
        return ""
    at = [float(number) for number in range(1, len(points) + 1)]
    return bars(at, [point.value - low for point in points], high - low, room)


def _beside(series: Series) -> str:
    said = []
    if series.count > 1 and (said_range := spread(series)):
        said.append(said_range)
    if series.last.step is not None:
        said.append(f"step {_whole(series.last.step)}")
    if series.strange:
        said.append(f"{series.strange:,} of {series.count:,} not finite")
    return " · ".join(said)


def spread(series: Series) -> str:
    """The lowest and the highest value; empty if none of them is a number."""
    if series.minimum is None or series.maximum is None:
        return ""
    return f"{number(series.minimum)} to {number(series.maximum)}"


def number(value: float) -> str:
    """A measured value with as many digits as people compare."""
    if value == int(value) if math.isfinite(value) and abs(value) < _MANY else False:
        return f"{int(value):,}" if abs(value) < 10**_EXACT else f"{value:.6g}"
    return f"{value:.4g}"


def _whole(step: float) -> str:
    return f"{int(step):,}" if step == int(step) else f"{step:g}"
