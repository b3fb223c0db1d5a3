"""Gathering a metric's values as they are read, in a bounded amount of memory."""

from __future__ import annotations

import math

from runner.artifacts.reading.values import Point, Series

Count = float | None
_MOST_POINTS = 1024
_MOST_SERIES = 1000
_LONGEST_NAME = 1000


class Curves:
    """All metrics of a file. More than a thousand are only counted, in ``left_out``."""

    def __init__(self) -> None:
        self._curves: dict[str, _Curve] = {}
        self._too_many = False

    def add(self, name: str, point: tuple[Count, Count, Count, float]) -> None:
        """Add the next value of a metric: its step, epoch and time, and itself, as in a Point."""
        curve = self._curves.get(name)
        if curve is None:
            if len(self._curves) == _MOST_SERIES:
                self._too_many = True
                return
            curve = self._curves[name] = _Curve(name[:_LONGEST_NAME])
        curve.add(point)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was too much to be kept, in words."""
        said = f"it has more than {_MOST_SERIES:,} metrics; the others are left out"
        return (said,) if self._too_many else ()

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
        self._last: tuple[Count, Count, Count, float] = (None, None, None, math.nan)
        self._points: list[Point] = []
        self._of_each = 1
        # of the values that the next point will stand for: how many, their mean, the last of them
        self._held = 0
        self._mean = 0.0
        self._at: tuple[Count, Count, Count, float] = self._last

    def add(self, point: tuple[Count, Count, Count, float]) -> None:
        self._count += 1
        self._last = point
        value = point[3]
        if not math.isfinite(value):
            self._strange += 1
            return
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        self._held += 1
        self._mean += value / self._held - self._mean / self._held
        self._at = point
        if self._held == self._of_each:
            self._keep()

    def _keep(self) -> None:
        self._points.append(Point(*self._at[:3], self._mean))
        self._held, self._mean = 0, 0.0
        if len(self._points) == _MOST_POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [two._replace(value=_mean(one.value, two.value)) for one, two in pairs]
            self._of_each *= 2

    def series(self) -> Series:
        points = tuple(self._points)
        if self._held:
            points += (Point(*self._at[:3], self._mean),)
        known = self._low <= self._high
        low, high = (self._low, self._high) if known else (None, None)
        last = Point(*self._last)
        return Series(self._name, self._count, self._strange, last, low, high, points)


def _mean(one: float, two: float) -> float:
    return one / 2 + two / 2
