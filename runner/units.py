"""Amounts, times and foreign texts as people read them. Imports nothing of wf."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_STEPS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000
_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_EXACT_BELOW = 10
_SHOWN = 60
_IN_SHORT = 3


def amount(size: int) -> str:
    """A number of bytes in the decimal unit that keeps it short: ``1.2 MB``."""
    value = float(size)
    for unit in _STEPS:
        if round(value, 1) < _STEP or unit == _STEPS[-1]:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}".replace(".0 ", " ")
        value /= _STEP
    raise AssertionError


def duration(seconds: float) -> str:
    """A time span with two units at most: ``0.4s``, ``41s``, ``4m08s``, ``2h03m``, ``3d4h``."""
    if round(seconds, 1) < _EXACT_BELOW:
        return f"{max(seconds, 0):.1f}s"
    whole = int(seconds + 0.5)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR}h"


def remaining(seconds: float) -> str:
    """What is left, as guesses are made: ``3s left``, ``4m08s left``; no tenths of a second."""
    said = f"{seconds:.0f}s" if seconds < _EXACT_BELOW else duration(seconds)
    return f"{said} left"


def share(part: int, whole: int) -> str:
    """An amount out of another, in the unit of the larger: ``41.2 of 85.9 GB``."""
    said = amount(whole)
    number, _, unit = said.partition(" ")
    size = _STEP ** _STEPS.index(unit)
    return f"{part / size:.1f} of {number} {unit}".replace(".0 ", " ")


def spans(numbers: Iterable[int]) -> str:
    """Numbers with every run of three or more in short: ``0-3, 6, 7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = ([f"{run[0]}-{run[-1]}"] if len(run) >= _IN_SHORT else map(str, run) for run in runs)
    return ", ".join(word for words in said for word in words)


def numbered(what: str, numbers: Collection[int]) -> str:
    """Things that have numbers: ``core 3``, ``GPUs 0-3, 6``."""
    return f"{what}{'' if len(numbers) == 1 else 's'} {spans(numbers)}"


def count(number: int, what: str, several: str | None = None) -> str:
    """``1 file``, ``2 files``, ``55,000 files``; ``several`` where that is no mere ``s``."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def listed(words: Sequence[str]) -> str:
    """``one``, ``one and two``, ``one, two and three``."""
    *others, last = words or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def shortened(text: str) -> str:
    """A text in one line, and a long one not whole."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def quoted(text: str) -> str:
    """A person's own text within a message."""
    return f"`{shortened(text)}`"
