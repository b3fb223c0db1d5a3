"""The end of a failed job's log -> its failure."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.failing.causes.rule import Seen
from runner.engine.failing.causes.table import RULES
from runner.engine.failing.failure import MAX_LINES, Failure
from runner.engine.failing.reading import read
from runner.engine.failing.screen import lines

if TYPE_CHECKING:
    from runner.engine.failing.failure import Cause
    from runner.engine.failing.known import Known
    from runner.engine.failing.reading import Reading

LIMIT = 1 << 17
"""How much of a log is looked at, in bytes: its end."""

_LAST = 3
_WIDTH = 300


class _Found(NamedTuple):
    """A cause, and the line that told it; ``None`` where that is not one line of the error."""

    cause: Cause
    line: str | None = None


def explain(tail: bytes, known: Known) -> Failure:
    """What went wrong in a job whose log ends with ``tail``."""
    reading = read(lines(tail[-LIMIT:]), known)
    found = _found(reading, known)
    told = _traced(reading) if reading.traced else _untraced(reading, found)
    cause = None if found is None else found.cause
    return Failure(reading.place, reading.rank, tuple(_cut(line) for line in told), cause)


def _found(reading: Reading, known: Known) -> _Found | None:
    """What is known of the error's own words, then of those it came of, then of all there are."""
    vague = None
    for scope in (reading.error, reading.before):
        text = "\n".join(scope)
        found = _advised(text, known) or _ruled(text, reading, known, every=True)
        if found is not None and not _vague(found.cause):
            return found
        vague = vague or found
    end = "\n".join(reading.end)
    return _ruled(end, reading, known, every=False) or vague or _advised(end, known)


def _vague(cause: Cause) -> bool:
    """Whether what came before may say more."""
    return cause.kind == "worker_died"


def _advised(text: str, known: Known) -> _Found | None:
    cause = known.advised(text) if text else None
    return None if cause is None else _Found(cause)


def _ruled(text: str, reading: Reading, known: Known, *, every: bool) -> _Found | None:
    for rule in RULES:
        if not (every or rule.anywhere):
            continue
        for match in rule.words.finditer(text):
            cause = rule.explain(Seen(match, reading, known))
            if cause is not None:
                return _Found(cause, _line(text, match.start()))
    return None


def _line(text: str, at: int) -> str:
    """The line that has the character number ``at``."""
    return text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]


def _traced(reading: Reading) -> list[str]:
    """The line of code, and the error."""
    said = [line for line in reading.error if line.strip()]
    if len(said) > 1 and said[0].rstrip().endswith(":"):
        said[:2] = [f"{said[0].rstrip()} {said[1].strip()}"]
    # what else the error says is indented; the rest may be another process's
    more = takewhile(lambda line: line[:1] in {" ", "+"}, said[1 : MAX_LINES - 1])
    source = [reading.source] if reading.source else []
    return [*source, *said[:1], *(f"  {line.strip()}" for line in more)]


def _untraced(reading: Reading, found: _Found | None) -> list[str]:
    """The last words, from those on that told the cause."""
    said = [line for line in reading.error if line.strip()]
    if found is not None and found.line in said:
        return said[said.index(found.line) :][:_LAST]
    return said[-_LAST:]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1].rstrip()}…"
