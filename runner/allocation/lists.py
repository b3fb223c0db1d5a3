"""Lists of numbers as the system writes them: ``0-3,8`` (cpuset(7), "List format"). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# a kernel counts its cores to 8192 at most (CONFIG_NR_CPUS on x86)
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def listed(text: str) -> tuple[int, ...]:
    """The numbers of a list, in order; none if it is none."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        ends = _RANGE.fullmatch(part)
        if ends is None:
            return ()
        first, last = int(ends[1]), int(ends[2] or ends[1])
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def in_ranges(numbers: Iterable[int]) -> str:
    """Numbers as a list."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, ends)) for ends in ranges)
