"""What uv is doing, told from what it draws: bars with bytes, and what is being built."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.units import amount, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
          "kB": 1000, "KB": 1000, "MB": 10**6, "GB": 10**9}  # fmt: skip
_SIZE = r"([0-9]+(?:\.[0-9]+)?)\s?([kKMGT]?i?B)"
# a name, anything drawn, then `88.2 MiB/190.1 MiB`
_BAR = re.compile(rf"^\s*([A-Za-z0-9]\S*)\s.*?{_SIZE}\s?/\s?{_SIZE}")
_WORK = re.compile(r"^\s*(Building|Updating|Fetching)\s+(.+)")
_COUNTED = re.compile(r"[\[(](\d+)/(\d+)[\])]")
# uv's spinners are Braille signs and its bars blocks; nothing that it says begins with one
_DRAWN = re.compile(r"^\s*[\u2500-\u259f\u2800-\u28ff]")
_SPINNING = re.compile(r"^\s*[\u2800-\u28ff]\s+(\S.*)")
# the speed is that of the last few seconds
_WINDOW_SECONDS = 4.0
_LEAST_SECONDS = 0.3
# what is smaller is not worth a line of the log; uv without a terminal draws the line there too
_WORTH_A_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Download:
    """A download as it is drawn; both numbers are bytes."""

    name: str
    done: int
    total: int


def downloads(lines: Sequence[str]) -> list[Download]:
    """The downloads that are drawn on a screen."""
    found = (_BAR.match(line) for line in lines)
    return [
        Download(match[1], _bytes(match[2], match[3]), _bytes(match[4], match[5]))
        for match in found
        if match and match[3] in _UNITS and match[5] in _UNITS
    ]


def drawn(line: str) -> bool:
    """Whether a line is drawn, to be drawn again, rather than said."""
    return bool(_DRAWN.match(line) or _BAR.match(line))


def at_work(line: str) -> bool:
    """Whether a line stands there as long as something is at work."""
    return bool(_WORK.match(line))


def announced(lines: Sequence[str]) -> list[str]:
    """What is at work on a screen, as uv says it where it cannot draw."""
    large = [one for one in downloads(lines) if one.total >= _WORTH_A_LINE]
    return [
        *(f"Downloading {one.name} ({amount(one.total)})" for one in large),
        *(line.rstrip() for line in lines if at_work(line)),
    ]


class Progress:
    """What uv is doing in a few words, with the speed of its downloads."""

    def __init__(self) -> None:
        self._seen: dict[str, Download] = {}
        self._past: deque[tuple[float, int]] = deque()

    def told(self, lines: Sequence[str], now: float) -> str:
        """What the screen shows at the time ``now`` (seconds of any clock), or nothing."""
        going = downloads(lines)
        if going:
            return self._downloading(going, now)
        working = [match for line in lines if (match := _WORK.match(line))]
        if working:
            more = f" · {len(working) - 1} more" if len(working) > 1 else ""
            return f"{working[-1][1].lower()} {working[-1][2].strip()}{more}"
        return next((text for line in reversed(lines) if (text := _step(line))), "")

    def _downloading(self, going: list[Download], now: float) -> str:
        self._seen |= {one.name: one for one in going}
        names = {one.name for one in going}
        whole = sum(one.done if one.name in names else one.total for one in self._seen.values())
        left = sum(one.total - one.done for one in going)
        first = max(going, key=lambda one: one.total - one.done)
        parts = [f"{first.name} {_of(first.done, first.total)}"]
        if len(going) > 1:
            parts.append(f"{len(going) - 1} more")
        speed = self._speed(whole, now)
        if speed is not None:
            parts.append(f"{amount(int(speed))}/s")
        if speed and left:
            parts.append(f"{duration(left / speed)} left")
        return " · ".join(parts)

    def _speed(self, whole: int, now: float) -> float | None:
        """Bytes a second, once there is something to measure."""
        self._past.append((now, whole))
        while len(self._past) > 2 and now - self._past[1][0] >= _WINDOW_SECONDS:  # noqa: PLR2004 - two ends
            self._past.popleft()
        began, before = self._past[0]
        if now - began < _LEAST_SECONDS:
            return None
        return max(whole - before, 0) / (now - began)


def _of(done: int, total: int) -> str:
    """``88.2 of 190.1 MB``: a unit that both share is said once."""
    number, unit = amount(done).split(" ")
    said = amount(total)
    return f"{number} of {said}" if said.endswith(f" {unit}") else f"{number} {unit} of {said}"


def _step(line: str) -> str:
    """A step that uv draws without bytes, or has done."""
    counted = _COUNTED.search(line)
    if line.startswith(("Resolved", "Prepared", "Installed", "Downloading")):
        return line[0].lower() + line[1:]
    if not _DRAWN.match(line):
        return ""
    if counted:
        verb = "preparing" if "Preparing" in line else "installing"
        done, total = counted.groups()
        return f"{verb}, {done} of {total}" if total != "0" else verb
    spinning = _SPINNING.match(line)
    if spinning is None:
        return ""
    said = spinning[1].strip()
    return "resolving" if said.startswith("Resolving") else f"resolving {said}"


def _bytes(number: str, unit: str) -> int:
    return int(float(number) * _UNITS[unit])
