"""A metric of several runs on one axis: over the steps of training, and over time. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.records.comparing.facts import FIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.artifacts.reading.values import Series
    from runner.records.comparing.comparison import Comparison
    from runner.records.comparing.facts import Facts

# a time that is later than that counts from the epoch, not from a start of the file's own
_OF_A_CLOCK = 1e8
# from this ratio on all but the largest values lie on the floor of a linear axis
_WIDE = 100.0

Points = tuple[tuple[float, float], ...]


class Drawn(NamedTuple):
    """A metric over something; ``across`` names it, with its unit. ``points`` by run."""

    metric: str
    across: str
    points: tuple[Points, ...]

    @property
    def whole(self) -> bool:
        """Whether what it is over is counted."""
        return all(at == int(at) for points in self.points for at, _ in points)

    @property
    def wide(self) -> bool:
        """Whether its values are of several orders of magnitude."""
        values = [value for points in self.points for _, value in points]
        return bool(values) and min(values) > 0 and max(values) / min(values) > _WIDE


def timed(series: Series, others: Iterable[Series]) -> Series:
    """A metric with the times that another file tells of the very same steps, if its own does not.

    Lightning's CSV has the values to the last bit and no times, TensorBoard's files have both in
    short.
    """
    if any(point.seconds is not None for point in series.points):
        return series
    steps = [point.step for point in series.points]
    for one in others:
        if one.name == series.name and [point.step for point in one.points] == steps:
            pairs = zip(series.points, one.points, strict=True)
            points = tuple(point._replace(seconds=other.seconds) for point, other in pairs)
            return replace(series, points=points)
    return series


def over_steps(compared: Comparison, metric: str) -> Drawn:
    """Over steps, else over epochs where no file counts steps."""
    found = [one or None for one in compared.of(metric)]
    steps = any(point.step is not None for one in found if one for point in one.points)
    points = tuple(tuple(_counted(one, steps=steps)) if one else () for one in found)
    return Drawn(metric, "steps" if steps else "epochs", points)


def _counted(series: Series, *, steps: bool) -> Iterator[tuple[float, float]]:
    for point in series.points:
        at = point.step if steps else point.epoch
        if at is not None:
            yield at, point.value


def over_time(compared: Comparison, metric: str) -> Drawn:
    """Over the seconds since ``fit`` began, or since the job did where not all of them report it.

    When it began is not told: it is taken for what the phases before it come to together.
    Where a file tells no times, its steps are taken for evenly spread over the phase ``fit``, or
    over the job; the axis says so.
    """
    found = compared.of(metric)
    pairs = [(run.facts, one) for run, one in zip(compared.runs, found, strict=True)]
    fitted = all(FIT in run.phases for run, one in pairs if one)
    spread = False
    points: list[Points] = []
    for run, one in pairs:
        before = run.offset if fitted else 0.0
        known = tuple(_timed(one, run)) if one else ()
        if one and not known:
            known = tuple(_spread(one, run))
            spread = spread or bool(known)
        points.append(tuple((at - before, value) for at, value in known))
    across = f"seconds since {'about when fit' if fitted else 'the job'} began"
    return Drawn(metric, f"{across} (steps spread evenly)" if spread else across, tuple(points))


def _timed(series: Series, run: Facts) -> Iterator[tuple[float, float]]:
    for point in series.points:
        if point.seconds is None:
            continue
        if point.seconds < _OF_A_CLOCK:
            yield run.offset + point.seconds, point.value
        elif run.began is not None:
            yield point.seconds - run.began.timestamp(), point.value


def _spread(series: Series, run: Facts) -> Iterator[tuple[float, float]]:
    length = run.phases.get(FIT, run.job)
    last = max((point.step for point in series.points if point.step is not None), default=0)
    if not length or not last:
        return
    for point in series.points:
        if point.step is not None:
            yield run.offset + length * point.step / last, point.value
