"""Masking secrets in what a job prints, by how many there are."""

from __future__ import annotations

import random
import string
import time
from typing import TYPE_CHECKING

from benchmarks.measure import amount
from runner.process.redaction import Redaction
from runner.secrets.disguises import disguises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort, Row

_CHUNK = 1 << 16
_SIZE = 100_000_000
# of a usual token few forms differ; these have signs that every quoting changes
_LETTERS = string.ascii_letters + string.digits
_SIGNS = _LETTERS + "+/ \"'$\\é"
# seconds for 100 MB: 100 MB/s and 30 MB/s
_BUDGETS = {2: 1.0, 10: 100 / 30}


class _Nowhere:
    """A log that costs nothing."""

    error = None

    def write(self, piece: memoryview) -> None:
        """Take no note."""

    def finish(self) -> None:
        """The same."""

    def mark(self) -> bytes:
        """The same."""
        return b""

    def go_on(self, mark: bytes) -> None:
        """The same."""


def masking(effort: Effort) -> Iterator[Row]:
    """Seconds for 100 MB of lines, within one process; pieces are what a pipe holds."""
    chance = random.Random(1)
    lines = b"".join(
        b"Epoch %d: step %d loss=%.5f lr=%.3e\n" % (i, i, chance.random(), chance.random())
        for i in range(30_000)
    )
    pieces = [memoryview(lines)[at : at + _CHUNK] for at in range(0, len(lines), _CHUNK)]
    for kind, letters in (("usual tokens", _LETTERS), ("values with every form", _SIGNS)):
        for number, budget in _BUDGETS.items():
            values = ["".join(chance.choices(letters, k=40)) for _ in range(number)]
            needles = disguises(values)
            found = [_seconds(pieces, needles) for _ in range(effort.pairs(5, 2))]
            what = f"100 MB, {number} {kind}, {len(needles)} forms"
            yield amount("masking", what, found, "s", budget)


def _seconds(pieces: list[memoryview], needles: tuple[bytes, ...]) -> float:
    sink = Redaction(_Nowhere(), needles)
    started = time.perf_counter()
    left = _SIZE
    while left > 0:
        for piece in pieces:
            sink.write(piece)
            left -= len(piece)
    sink.finish()
    return time.perf_counter() - started
