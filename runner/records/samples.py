"""What a run used of the machine in the course of time: a table of text, a line for each moment.

The file (``samples.csv``) has a line of names, then lines of numbers; where nothing was known a
field is empty. Every program that draws reads it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Row = tuple["float | None", ...]

SECONDS = "seconds"
CPU = "cpu"
MEMORY = "memory"
_UTILISATION = "gpu{}_utilisation"
_GPU_MEMORY = "gpu{}_memory"
# a week's run has fewer lines than 2,000; what a job has written there must not fill the memory
_BYTES = 1 << 20


class Samples(NamedTuple):
    """The table. ``columns`` are ``seconds``, ``cpu``, ``memory``, and two for each GPU.

    ``seconds`` are since the job's start; the values are means since the line before. ``cpu`` is in
    cores, memory in bytes, a GPU's utilisation from 0 to 1.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...] = ()

    def column(self, name: str) -> tuple[float | None, ...]:
        """One column; empty where there is none of this name."""
        if name not in self.columns:
            return ()
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)

    def documents(self) -> list[dict[str, float | None]]:
        """Each line as a mapping."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def columns(gpus: int) -> tuple[str, ...]:
    """The names of the columns of a run with so many GPUs."""
    of_gpus = (gpu_columns(number) for number in range(gpus))
    return (SECONDS, CPU, MEMORY, *(name for pair in of_gpus for name in pair))


def gpu_columns(number: int) -> tuple[str, str]:
    """The columns of a run's GPU, counted from 0 as the job does: utilisation and memory."""
    return _UTILISATION.format(number), _GPU_MEMORY.format(number)


class SamplesFile:
    """The table of a run that goes on. A line that cannot be written is no reason to end it."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        """Nothing is written before the first line is."""
        self._path = path
        self._names = tuple(names)
        self._descriptor: int | None = None
        self._usable = True

    def append(self, rows: Iterable[Row]) -> None:
        """Add lines."""
        text = "".join(map(_line, rows))
        if not self._usable or not text:
            return
        try:
            if self._descriptor is None:
                self._descriptor = self._open(self._path)
                text = _header(self._names) + text
            _write(self._descriptor, text)
        except OSError:
            self._give_up()

    def replace(self, rows: Iterable[Row]) -> None:
        """Put other lines in the place of all of them; whoever reads sees the one or the other."""
        if not self._usable:
            return
        staged = self._path.with_name(self._path.name + ".new")
        try:
            self.close()
            self._descriptor = self._open(staged)
            _write(self._descriptor, _header(self._names) + "".join(map(_line, rows)))
            os.replace(staged, self._path)
        except OSError:
            self._give_up()

    def close(self) -> None:
        """Close it. Safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _give_up(self) -> None:
        self._usable = False
        with suppress(OSError):
            self.close()

    def _open(self, path: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, 0o600)


def written(samples: Samples) -> str:
    """The table as text."""
    return _header(samples.columns) + "".join(map(_line, samples.rows))


def _header(names: Sequence[str]) -> str:
    return ",".join(names) + "\n"


def _line(row: Row) -> str:
    shown = ("" if value is None else _number(value) for value in row)
    return ",".join(shown) + "\n"


def _number(value: float) -> str:
    """Whole numbers as they are, others to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _write(descriptor: int, text: str) -> None:
    left = text.encode()
    while left:
        left = left[os.write(descriptor, left) :]


def read(path: Path) -> Samples | None:
    """The table of a run; ``None`` when there is none, or it is no table.

    A line that is not whole is left out: the run may go on, or have ended with the machine's power.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    header, *lines = text.split("\n")
    names = tuple(header.split(","))
    if names[0] != SECONDS:
        return None
    return Samples(names, tuple(row for line in lines[:-1] if (row := _row(line, len(names)))))


def _row(line: str, width: int) -> Row | None:
    fields = line.split(",")
    if len(fields) != width:
        return None
    try:
        row = tuple(float(field) if field else None for field in fields)
    except ValueError:
        return None
    return row if all(value is None or isfinite(value) for value in row) else None
