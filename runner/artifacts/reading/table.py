"""Metrics from a CSV file, as Lightning's ``CSVLogger`` and many a script write them.

A file of metrics has a header with a column that counts steps or epochs. Lightning's rows are
sparse (``lightning/fabric/loggers/csv_logs.py``, 2.6): what was not logged at a step is empty.
"""

from __future__ import annotations

import csv
import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from runner.artifacts.reading.curves import Curves
from runner.artifacts.reading.source import STRETCH, Damaged
from runner.artifacts.reading.values import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEPS = ("step", "global_step", "trainer/global_step", "_step", "steps", "iteration",
          "iterations", "iter", "it", "batch")  # fmt: skip
_EPOCHS = ("epoch", "epochs", "current_epoch")
_TIMES = ("time", "timestamp", "_timestamp", "wall_time", "walltime", "wall time", "datetime",
          "date", "created_at", "elapsed", "elapsed_time", "relative_time", "_runtime")  # fmt: skip
_MILLISECONDS_FROM = 1e11
_LONGEST_COUNT = 16


class _Columns(NamedTuple):
    step: int | None
    epoch: int | None
    time: int | None
    metrics: tuple[tuple[int, str], ...]


def read(file: BinaryIO) -> Metrics | None:
    """The metrics of a CSV file; ``None`` if nothing in its header counts steps or epochs.

    Raises:
        Damaged: it is no text in lines.
    """
    file.seek(0)
    header = _line(file)
    delimiter = max(",;\t", key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        shape = _columns(names)
        if shape is None:
            return None
        curves = Curves()
        for row in csv.reader(_lines(file), delimiter=delimiter):
            _take(row, shape, curves)
    except csv.Error as error:
        raise Damaged(f"its rows cannot be told apart: {error}") from None
    series = curves.series()
    return Metrics("csv", series, notes=curves.notes) if series else None


def _lines(file: BinaryIO) -> Iterator[str]:
    while line := _line(file):
        yield line


def _line(file: BinaryIO) -> str:
    found = file.readline(STRETCH)
    if len(found) == STRETCH and not found.endswith(b"\n"):
        raise Damaged("a line of it does not end")
    return found.decode("utf-8-sig", errors="replace")


def _columns(names: list[str]) -> _Columns | None:
    lowered = [name.lower() for name in names]
    step, epoch, time = (_first(lowered, known) for known in (_STEPS, _EPOCHS, _TIMES))
    if step is None and epoch is None:
        return None
    rest = [(at, name) for at, name in enumerate(names) if name and at not in {step, epoch, time}]
    return _Columns(step, epoch, time, tuple(rest))


def _first(names: list[str], known: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _take(row: list[str], shape: _Columns, curves: Curves) -> None:
    width = len(row)
    step = epoch = seconds = None
    if shape.epoch is not None and shape.epoch < width:
        epoch = _counted(row[shape.epoch])
    if shape.step is None:
        step = epoch
    elif shape.step < width:
        step = _counted(row[shape.step])
    if shape.time is not None and shape.time < width:
        seconds = _seconds(row[shape.time])
    for at, name in shape.metrics:
        if at < width and row[at] and (value := _number(row[at])) is not None:
            curves.add(name, (step, epoch, seconds, value))


def _counted(cell: str) -> float | None:
    if cell.isdecimal() and len(cell) < _LONGEST_COUNT:
        return int(cell)
    value = _number(cell)
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _number(cell: str) -> float | None:
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _seconds(cell: str) -> float | None:
    """A time as a number (of seconds or milliseconds), or as ISO 8601, in UTC unless it says so."""
    found = _number(cell)
    if found is not None:
        if not math.isfinite(found):
            return None
        return found / 1000 if abs(found) >= _MILLISECONDS_FROM else found
    try:
        at = datetime.fromisoformat(cell.strip().replace("Z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None
