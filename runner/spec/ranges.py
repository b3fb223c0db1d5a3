"""Ranges of resources, as today's format writes them: ``4``, ``4..``, ``..8``, ``24GB..80GB``.

Sizes count in 1024, whatever the letters say: ``16GB`` are 16 * 2**30 bytes, and a bare number is
in GB (0.21.2:src/dstack/_internal/core/models/resources.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.spec.text import kind_of, mistake, part
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

_DOTS = ".."
_NUMBER = re.compile(r"[0-9]{1,9}")
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(mb|gb|tb)?", re.IGNORECASE)
_BYTES = {"mb": 2**20, "gb": 2**30, "tb": 2**40}
_ENDS = frozenset({"min", "max"})


@dataclass(frozen=True, slots=True)
class Range:
    """From ``lower`` to ``upper``, both included; ``None``: open at that end. Never both."""

    lower: int | None = None
    upper: int | None = None

    def __str__(self) -> str:
        if self.lower == self.upper:
            return str(self.lower)
        ends = ("" if end is None else str(end) for end in (self.lower, self.upper))
        return _DOTS.join(ends)

    @property
    def more(self) -> int | None:
        """What may be there besides the least: so much at most, 0 for any; ``None``: no more."""
        return None if self.lower == self.upper else self.upper or 0

    @property
    def least(self) -> int | None:
        """What must at least be there; ``None`` when nothing must."""
        return self.lower or None

    @property
    def most(self) -> int | None:
        """What may at most be there: the upper end of what was written with two."""
        return None if self.upper == self.lower else self.upper


def numbers(value: Any) -> Range:  # noqa: ANN401
    """A range of whole numbers."""
    return _range(value, _number)


def sizes(value: Any) -> Range:  # noqa: ANN401
    """A range of sizes, in bytes."""
    return _range(value, size)


def size(value: Any) -> int:  # noqa: ANN401
    """One size, in bytes."""
    written = _squeezed(value) if isinstance(value, str) else ""
    found = _SIZE.fullmatch(written)
    if found is None:
        kilo = re.fullmatch(r"([0-9.]+)([mgt])ib", written, re.IGNORECASE)
        hint = "write, for example, 512MB, 16GB or 1TB; a number alone is in GB"
        if kilo:
            hint = f"write {kilo[1]}{kilo[2].upper()}B, which counts in 1024 in this format"
        raise mistake(f"an amount of memory is wanted here, not {kind_of(value)}", hint)
    return int(float(found[1]) * _BYTES[(found[2] or "gb").lower()])


def _number(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, str) and _NUMBER.fullmatch(_squeezed(value)):
        return int(value)
    raise mistake(
        f"a whole number or a range of them is wanted here, not {kind_of(value)}",
        "write, for example, 4, 4.. (at least) or 2..8",
    )


def _range(value: Any, one: Callable[[Any], int]) -> Range:  # noqa: ANN401
    if isinstance(value, dict) and value and value.keys() <= _ENDS:
        ends = {key: part(one, value[key], key) for key in value if value[key] is not None}
        return _ordered(Range(ends.get("min"), ends.get("max")), "this range")
    if not isinstance(value, str) or _DOTS not in value:
        exact = one(value)
        return Range(exact, exact)
    low, _, high = _squeezed(value).partition(_DOTS)
    ends_read = (one(low) if low else None, one(high) if high else None)
    return _ordered(Range(*ends_read), quoted(value))


def _ordered(found: Range, written: str) -> Range:
    if found.lower is None and found.upper is None:
        raise mistake(f"{written} has no end at all", "write a number before or behind the dots")
    if found.lower is not None and found.upper is not None and found.lower > found.upper:
        raise mistake(f"{written} goes down", "write the smaller end first")
    return found


def _squeezed(written: str) -> str:
    return "".join(written.split())
