"""Memory of the machine, not of a GPU."""

from __future__ import annotations

from runner.engine.failing.causes.cuda import smaller_batch
from runner.engine.failing.causes.rule import Rule, Seen, rule
from runner.engine.failing.failure import Cause

_KIND = "out_of_memory"
_KILLED = 137


def _full(seen: Seen) -> Cause:
    return Cause(_KIND, "there was not enough memory", _hint(seen))


def _killed(seen: Seen) -> Cause | None:
    if seen.known.code != _KILLED and seen.reading.code != -9:  # noqa: PLR2004 - SIGKILL
        return None
    said = "a process of it was killed: most likely the machine ran out of memory"
    return Cause(_KIND, said, _hint(seen))


def _hint(seen: Seen) -> str:
    if seen.known.memory is not None:
        return f"{seen.known.again('--memory SIZE')} with more, or let it need less"
    return smaller_batch(seen)


RULES: tuple[Rule, ...] = (
    rule(
        r"^(?:numpy\S+ArrayMemoryError|MemoryError)\b|Unable to allocate [\d.]+ \w+ for an array"
        r"|std::bad_alloc|DefaultCPUAllocator: (?:can't|not enough)|Cannot allocate memory",
        _full,
    ),
    rule(
        r"^(?:\S+: line \d+: +\d+ )?Killed\b|\(SIGKILL\)|signal 9|SIGKILL", _killed, anywhere=True
    ),
)
