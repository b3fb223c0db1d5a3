"""What a known cause is recognised by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.failing.failure import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.engine.failing.known import Known
    from runner.engine.failing.reading import Reading


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a rule has found its words."""

    match: re.Match[str]
    reading: Reading
    known: Known

    def __getitem__(self, group: str) -> str:
        """A group of the match; nothing where it took no part, or its rule has none."""
        return self.match.groupdict().get(group) or ""


class Rule(NamedTuple):
    """Words, and what they mean.

    ``explain`` may answer that they do not mean it after all. ``anywhere``: the words count among
    the last lines of the log even where a traceback says something else, as it is of them.
    """

    words: re.Pattern[str]
    explain: Callable[[Seen], Cause | None]
    anywhere: bool = False


def rule(words: str, explain: Callable[[Seen], Cause | None], *, anywhere: bool = False) -> Rule:
    """A rule for words; ``^`` and ``$`` are those of lines."""
    return Rule(re.compile(words, re.MULTILINE), explain, anywhere)


def always(kind: str, said: str, hint: str) -> Callable[[Seen], Cause]:
    """The same explanation whatever the words."""
    cause = Cause(kind, said, hint)

    def explain(_: Seen) -> Cause:
        return cause

    return explain
