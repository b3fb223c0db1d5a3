"""Code for another Python than the one it ran on."""

from __future__ import annotations

import re

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause

_KIND = "python_version"
# docs.python.org, "What's New": what the older ones take for a mistake
_NEWER = (
    (re.compile(r"^(?:match|case)\b.*:$"), "3.10"),
    (re.compile(r"^except\*"), "3.11"),
    (re.compile(r"^type \w+(?:\[.*\])? ="), "3.12"),
    (re.compile(r"^(?:def|class) \w+\[.*\]"), "3.12"),
    (re.compile(r"\bt(['\"]).*\1"), "3.14"),
    (re.compile(r"\bf(['\"]).*\{[^}]*\1"), "3.12"),
    (re.compile(r":="), "3.8"),
    (re.compile(r"\blazy import\b"), "3.15"),
)


def _syntax(seen: Seen) -> Cause | None:
    code, have = seen.reading.source, seen.known.python
    for form, since in _NEWER:
        if form.search(code) and have is not None and _number(have) < _number(since):
            return _newer(seen, since)
    return None


def _newer(seen: Seen, since: str) -> Cause | None:
    have = seen.known.python
    if have is not None and _number(have) >= _number(since):
        return None
    on = "an older one" if have is None else have
    said = f"it is written for Python {since} and newer, and ran on {on}"
    return Cause(_KIND, said, seen.known.again(f"--python {since}"))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


RULES: tuple[Rule, ...] = (
    rule(
        r"Missing parentheses in call to '(?:print|exec)'",
        always(_KIND, "it is written for Python 2", "2to3 -w FILE puts most of it right"),
    ),
    rule(r"^SyntaxError\b", _syntax),
    rule(r"unsupported operand type\(s\) for \|: '\w*type\w*'", lambda seen: _newer(seen, "3.10")),
    rule(r"'(?:type|ABCMeta)' object is not subscriptable", lambda seen: _newer(seen, "3.9")),
)
