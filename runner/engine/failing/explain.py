"""The end of a failed job's log -> its failure."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from runner.engine.failing.causes.rule import Seen
from runner.engine.failing.causes.table import RULES
from runner.engine.failing.failure import MAX_LINES, Failure
from runner.engine.failing.reading import read
from runner.engine.failing.screen import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.engine.failing.failure import Cause
    from runner.engine.failing.known import Known
    from runner.engine.failing.reading import Reading

LIMIT = 1 << 17
"""How much of a log is looked at, in bytes: its end."""

_LAST = 3
_WIDTH = 300


def explain(tail: bytes, known: Known) -> Failure:
    """What went wrong in a job whose log ends with ``tail``."""
    reading = read(lines(tail[-LIMIT:]), known)
    cause = _cause(reading, known) or _advised("\n".join(reading.end), known)
    return Failure(reading.place, reading.rank, tuple(_told(reading)), cause)


def _cause(reading: Reading, known: Known) -> Cause | None:
    """The first that is known of the error's own words, then of those it came of."""
    for scope in (reading.error, reading.before):
        text = "\n".join(scope)
        found = _advised(text, known) or _ruled(text, reading, known, every=True)
        if found is not None and not _vague(found):
            return found
    return _ruled("\n".join(reading.end), reading, known, every=False) or (
        _ruled("\n".join(reading.error), reading, known, every=True)
    )


def _vague(cause: Cause) -> bool:
    """Whether what came before may say more."""
    return cause.kind == "worker_died"


def _advised(text: str, known: Known) -> Cause | None:
    return known.advised(text) if text else None


def _ruled(text: str, reading: Reading, known: Known, *, every: bool) -> Cause | None:
    for rule in RULES:
        if not (every or rule.anywhere):
            continue
        for match in rule.words.finditer(text):
            cause = rule.explain(Seen(match, reading, known))
            if cause is not None:
                return cause
    return None


def _told(reading: Reading) -> Iterator[str]:
    """The line of code, and the last words."""
    said = [line for line in reading.error if line.strip()]
    if not reading.traced:
        yield from (_cut(line) for line in said[-_LAST:])
        return
    if reading.source:
        yield _cut(reading.source)
    if len(said) > 1 and said[0].rstrip().endswith(":"):
        said[:2] = [f"{said[0].rstrip()} {said[1].strip()}"]
    yield _cut(said[0])
    # what else the error says is indented; the rest may be another process's
    more = takewhile(lambda line: line[:1] in {" ", "+"}, said[1 : MAX_LINES - 1])
    yield from (_cut(line) for line in more)


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1].rstrip()}…"
