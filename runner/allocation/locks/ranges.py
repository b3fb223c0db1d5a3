"""Stretches of whole numbers, as ``0-3,7``: cores, and units of memory. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_NUMBER = 10


class Stretch(NamedTuple):
    """``length`` numbers in a row."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first number behind it."""
        return self.start + self.length


def of(numbers: Iterable[int]) -> tuple[Stretch, ...]:
    """The numbers as stretches, in order."""
    return merged(Stretch(number, 1) for number in numbers)


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same numbers in as few stretches as possible, in order."""
    found: list[Stretch] = []
    for each in sorted(stretches):
        if found and each.start <= found[-1].end:
            last = found.pop()
            found.append(Stretch(last.start, max(last.end, each.end) - last.start))
        else:
            found.append(each)
    return tuple(found)


def size(stretches: Iterable[Stretch]) -> int:
    """How many numbers they are."""
    return sum(each.length for each in stretches)


def numbers(stretches: Iterable[Stretch]) -> Iterator[int]:
    """Every number of them."""
    for each in stretches:
        yield from range(each.start, each.end)


def clipped(stretches: Iterable[Stretch], end: int) -> Iterator[Stretch]:
    """What of them lies below a number."""
    for each in stretches:
        if each.start < end:
            yield Stretch(each.start, min(each.end, end) - each.start)


def lowest_free(taken: Iterable[Stretch], wanted: int, end: int) -> tuple[Stretch, ...] | None:
    """The lowest ``wanted`` numbers below ``end`` that are not taken; ``None``: not so many."""
    found: list[Stretch] = []
    at = 0
    for each in (*merged(taken), Stretch(end, 0)):
        length = min(each.start - at, end - at, wanted)
        if length > 0:
            found.append(Stretch(at, length))
            wanted -= length
        at = max(at, each.end)
    return None if wanted > 0 else tuple(found)


def overlap(one: Iterable[Stretch], other: Iterable[Stretch]) -> bool:
    """Whether a number is in both."""
    others = tuple(other)
    return any(a.start < b.end and b.start < a.end for a in one for b in others)


def text(stretches: Iterable[Stretch]) -> str:
    """``0-3,7``."""
    return ",".join(
        str(each.start) if each.length == 1 else f"{each.start}-{each.end - 1}"
        for each in stretches
    )


def parsed(said: object) -> tuple[Stretch, ...]:
    """What :func:`text` wrote; nothing where it is something else."""
    if not isinstance(said, str) or not said:
        return ()
    found = []
    for part in said.split(","):
        first, dash, last = part.partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            return ()
        start, end = int(first), int(last if dash else first) + 1
        if end <= start:
            return ()
        found.append(Stretch(start, end - start))
    return merged(found)


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) <= _LONGEST_NUMBER
