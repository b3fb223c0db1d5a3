"""Gathering a metric's values as they are read, in a bounded amount of memory."""

from __future__ import annotations

import math

from runner.artifacts.reading.values import Point, Series

_MOST_POINTS = 1024
_MOST_SERIES = 1000
_LONGEST_NAME = 1000


class Curves:
    """All metrics of a file. More than a thousand are only counted, in ``left_out``."""

    def __init__(self) -> None:
        self._curves: dict[str, _Curve] = {}
        self._others: set[int] = set()

    def add(self, name: str, point: Point) -> None:
        """Add the next value of a metric."""
        curve = self._curves.get(name)
        if curve is None:
            if len(self._curves) == _MOST_SERIES:
                if len(self._others) < _MOST_SERIES:
                    self._others.add(hash(name))
                return
            curve = self._curves[name] = _Curve(name[:_LONGEST_NAME])
        curve.add(point)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was too much to be kept, in words."""
        said = f"it has more than {_MOST_SERIES:,} metrics; the others are left out"
        return (said,) if self._others else ()

    def series(self) -> tuple[Series, ...]:
        """What was gathered, in the order of first appearance."""
        return tuple(curve.series() for curve in self._curves.values())


class _Curve:
    """When there are too many points each two neighbours become one, and so on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = self._strange = 0
        self._low = math.inf
        self._high = -math.inf
        self._last = Point(None, None, None, math.nan)
        self._points: list[Point] = []
        self._of_each = 1
        self._in_last = 1

    def add(self, point: Point) -> None:
        self._count += 1
        self._last = point
        value = point.value
        if not math.isfinite(value):
            self._strange += 1
            return
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        if self._points and self._in_last < self._of_each:
            self._in_last += 1
            before = self._points[-1].value
            self._points[-1] = point._replace(value=before + (value - before) / self._in_last)
            return
        if len(self._points) == _MOST_POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [two._replace(value=_mean(one.value, two.value)) for one, two in pairs]
            self._of_each *= 2
        self._points.append(point)
        self._in_last = 1

    def series(self) -> Series:
        known = self._low <= self._high
        low, high = (self._low, self._high) if known else (None, None)
        shape = (self._name, self._count, self._strange, self._last)
        return Series(*shape, low, high, tuple(self._points))


def _mean(one: float, two: float) -> float:
    return one / 2 + two / 2
