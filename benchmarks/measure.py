"""Processes timed from outside, and figures made of pairs of timings.

A machine that does other things as well makes single timings worthless. What is compared is
therefore run in turn, A B A B …, every A is held against the B that came right after it, and the
figure is the median of these pairs; the quartiles beside it say how far it can be trusted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SHOWN_LINES = 6
_SAMPLE_SECONDS = 0.02

Kind = Literal["ratio", "difference", "amount"]
Unit = Literal["s", "B", "1"]  # the last: a number without a unit


class NotMeasuredError(Exception):
    """Something that the measurement needs is absent; the message says what."""


class FailedError(Exception):
    """A command that must succeed did not."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: ``wall`` and ``cpu`` (its own and its children's) in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Command:
    """A process to be timed; its standard input is empty.

    ``output`` is a file that standard output goes to, made anew each time; ``None``: nowhere.
    ``cores`` are those it may run on; ``None``: all.
    """

    argv: Sequence[str | Path]
    env: Mapping[str, str]
    cwd: Path
    output: Path | None = None
    cores: frozenset[int] | None = None

    def run(self, watch: Callable[[int], None] | None = None) -> Usage:
        """Run it once; ``watch`` is given its process id and may look at it in a thread.

        Raises:
            FailedError: it exited with something else than 0; with the end of what it said.
        """
        target = Path(os.devnull) if self.output is None else self.output
        if self.output is not None:
            self.output.unlink(missing_ok=True)
        talk = self.cwd.parent / "stderr"
        with target.open("wb") as out, talk.open("wb") as err:
            before = None
            if self.cores is not None:
                before = os.sched_getaffinity(0)
                os.sched_setaffinity(0, self.cores)
            started = time.perf_counter()
            try:
                process = subprocess.Popen(
                    [str(word) for word in self.argv],
                    env=dict(self.env),
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                )
            finally:
                if before is not None:
                    os.sched_setaffinity(0, before)
            if watch is not None:
                threading.Thread(target=watch, args=(process.pid,), daemon=True).start()
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:
                process.terminate()  # wf then ends its job as well
                process.wait()
                raise
            wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = talk.read_text(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
            shown = " ".join(str(word) for word in self.argv)
            raise FailedError(f"`{shown}` exited with {process.returncode}: " + " | ".join(said))
        return Usage(wall, used.ru_utime + used.ru_stime)

    def seconds(self) -> float:
        """Run it once; how long it took."""
        return self.run().wall


class PeakMemory:
    """The most memory that one process (not its children) has had resident."""

    def __init__(self) -> None:
        self.bytes = 0

    def watch(self, pid: int) -> None:
        """Look again and again until the process is gone; the kernel keeps the maximum."""
        status = Path(f"/proc/{pid}/status")
        while True:
            try:
                said = status.read_text(encoding="ascii")
            except OSError:
                return
            found = [line.split()[1] for line in said.splitlines() if line.startswith("VmHWM:")]
            if not found:  # it has ended and waits to be collected
                return
            self.bytes = max(self.bytes, int(found[0]) * 1024)
            time.sleep(_SAMPLE_SECONDS)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done. ``runs`` overrules every part's own number of pairs."""

    runs: int | None = None
    quick: bool = False

    def pairs(self, usual: int, quick: int) -> int:
        """How many pairs a part takes."""
        return self.runs or (quick if self.quick else usual)


Pairs = list[tuple[float, float]]


def pairs(
    bare: Callable[[], float], wf: Callable[[], float], runs: int, *, warm_up: bool = True
) -> Pairs:
    """Timings of both in turn, after one of each that does not count."""
    if warm_up:
        bare()
        wf()
    return [(bare(), wf()) for _ in range(runs)]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    ``bare`` and ``wf`` are medians in ``unit``. ``figure`` is what ``budget`` limits: a median of
    ratios, of differences, or an amount; ``low`` and ``high`` are its quartiles. A row without a
    figure has a ``reason`` instead; ``failed`` tells whether that is a mistake.
    """

    part: str
    what: str
    unit: Unit = "s"
    kind: Kind = "ratio"
    bare: float | None = None
    wf: float | None = None
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    budget: float | None = None
    reason: str | None = None
    failed: bool = False

    @property
    def ok(self) -> bool | None:
        """Whether the figure is within its budget; ``None`` without one of them."""
        if self.figure is None or self.budget is None:
            return None
        return self.figure <= self.budget


def ratio(part: str, what: str, timed: Pairs, budget: float | None) -> Row:
    """How many times as long wf takes."""
    figures = [wf / bare for bare, wf in timed]
    return _row(part, what, timed, figures=figures, kind="ratio", budget=budget)


def difference(part: str, what: str, timed: Pairs, budget: float | None) -> Row:
    """How many seconds longer wf takes."""
    figures = [wf - bare for bare, wf in timed]
    return _row(part, what, timed, figures=figures, kind="difference", budget=budget)


def apart(part: str, what: str, found: Pairs, budget: float) -> Row:
    """How far two results that should be the same are from each other, without a unit."""
    figures = [abs(wf - bare) for bare, wf in found]
    row = _row(part, what, found, figures=figures, kind="difference", budget=budget)
    return replace(row, unit="1")


def amount(part: str, what: str, found: list[float], unit: Unit, budget: float | None) -> Row:
    """Something that has nothing bare beside it."""
    low, middle, high = _quartiles(found)
    return Row(
        part, what, unit, "amount", wf=middle, figure=middle, low=low, high=high, budget=budget
    )


def _row(  # noqa: PLR0913 - the fields of a row
    part: str, what: str, timed: Pairs, *, figures: list[float], kind: Kind, budget: float | None
) -> Row:
    low, middle, high = _quartiles(figures)
    return Row(
        part,
        what,
        kind=kind,
        bare=statistics.median(bare for bare, _ in timed),
        wf=statistics.median(wf for _, wf in timed),
        figure=middle,
        low=low,
        high=high,
        budget=budget,
    )


def _quartiles(figures: list[float]) -> tuple[float, float, float]:
    if len(figures) == 1:
        return figures[0], figures[0], figures[0]
    low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
    return low, middle, high
