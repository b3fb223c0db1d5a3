"""Values in the course of time: means and peaks of all of them, and a series of bounded length.

Pure. All times are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Values = tuple["float | None", ...]

INTERVAL_SECONDS = 1.0
# so many points fill a wide picture, and their file stays below 200 kB
LONGEST = 2000


class Means:
    """The mean of each of several values over the time that they stand for."""

    def __init__(self, width: int) -> None:
        self._sums = [0.0] * width
        self._weights = [0.0] * width
        self.at = 0.0
        """When the last one was added."""

    def add(self, at: float, values: Values, weight: float) -> None:
        """Values that stand for the ``weight`` seconds before ``at``; ``None``: not known."""
        self.at = at
        for number, value in enumerate(values):
            if value is not None:
                self._sums[number] += value * weight
                self._weights[number] += weight

    def take(self, other: Means) -> None:
        """Add what another one has, which is later."""
        self.at = other.at
        for number, weight in enumerate(other._weights):
            self._sums[number] += other._sums[number]
            self._weights[number] += weight

    def values(self) -> Values:
        """The means; ``None`` of what was never known."""
        pairs = zip(self._sums, self._weights, strict=True)
        return tuple(total / weight if weight else None for total, weight in pairs)


class Series:
    """Points of equal intervals, never more than ``longest``.

    The interval is a second at first. Each time that there are ``longest`` points, it doubles, and
    two neighbours become one: so there are always between a half of that number and all of it.
    Peaks are those of single values, whatever the interval.
    """

    def __init__(self, width: int, longest: int = LONGEST) -> None:
        self._width = width
        self._longest = longest
        self._points: dict[int, Means] = {}
        self._all = Means(width)
        self.interval = INTERVAL_SECONDS
        self.peaks: list[float | None] = [None] * width

    def add(self, at: float, values: Values, weight: float) -> None:
        """Values that stand for the ``weight`` seconds before ``at``, which is after all others."""
        self._all.add(at, values, weight)
        for number, value in enumerate(values):
            peak = self.peaks[number]
            if value is not None and (peak is None or value > peak):
                self.peaks[number] = value
        self._point(at).add(at, values, weight)
        if len(self._points) >= self._longest:
            self._thin()

    def means(self) -> Values:
        """The means of all values there were."""
        return self._all.values()

    def __len__(self) -> int:
        return len(self._points)

    def rows(self, first: int = 0) -> Iterable[Values]:
        """The points from number ``first`` on: the time of each, and its means."""
        for point in list(self._points.values())[first:]:
            yield (point.at, *point.values())

    def _point(self, at: float) -> Means:
        # what comes at the end of an interval belongs to it
        number = max(0, -int(-at // self.interval) - 1)
        return self._points.setdefault(number, Means(self._width))

    def _thin(self) -> None:
        while len(self._points) > self._longest // 2:
            self.interval *= 2
            before, self._points = self._points, {}
            for number, point in before.items():
                if (known := self._points.get(number // 2)) is not None:
                    known.take(point)
                else:
                    self._points[number // 2] = point
