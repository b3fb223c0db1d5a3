"""What a script uses, and what it will find -> warnings, each with what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Problem
from runner.plan.ageing.advice import older_python
from runner.plan.ageing.days import Changed, choose
from runner.plan.ageing.rules import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.plan.ageing.uses import Unreadable, Use
    from runner.plan.ageing.versions import Expected, Versions

AGED = "aged"
UNREADABLE = "unreadable-script"
# what the parser says to the Python of before 2020 (its messages of 3.10 and later)
_PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(?:print|exec)'|multiple exception types must be paren"
    r"|leading zeros in decimal integer literals|invalid decimal literal"
)
# the first version of the unified package that has the Trainer
_UNIFIED_SINCE = "2022-11-02"


class _Found(NamedTuple):
    use: Use
    expected: Expected


def warnings(
    uses: Iterable[Use], versions: Versions, changed: Callable[[], Changed | None]
) -> list[Problem]:
    """What is certain to be missed, where it stands.

    ``changed`` tells when the requirements were last changed; it is asked at most once, and only
    where an earlier day would help.
    """
    found = [
        _Found(use, expected)
        for use in uses
        if (expected := versions.expected(use.removal, use.root)) is not None
    ]
    releases = [one.use.removal.release for one in found if _as_of_helps(one)]
    day = choose(releases, changed()) if releases else None
    written = day and f"add `as-of: {day.day}` to the workflow ({day.why})"
    return [_warning(one, written if _as_of_helps(one) else None) for one in found]


def _as_of_helps(found: _Found) -> bool:
    """Whether an earlier day gives back what was removed."""
    return not found.expected.held and not _before_unified(found)


def _before_unified(found: _Found) -> bool:
    """Whether the unified package never had what its parts had lost before."""
    unified = found.use.root == "lightning"
    return unified and found.use.removal.release.day <= _UNIFIED_SINCE


def _warning(found: _Found, day: str | None) -> Problem:
    use, expected = found
    removal = use.removal
    release = removal.release
    verb = "is an error since" if removal.kind == "missing" else "left"
    what = f"{expected.package} {release.version}"
    if removal.kind != "missing":
        what = f"{expected.package} in {release.version}"
    return Problem(
        f"`{use.written}` {verb} {what}, and {expected.said}",
        place=use.place,
        hint=", or ".join(filter(None, (_instead(removal.instead), day or _other(found)))) or None,
        code=AGED,
    )


def _instead(instead: str | None) -> str | None:
    return None if instead is None else f"write {instead}"


def _other(found: _Found) -> str | None:
    """What gives it back where a day does not."""
    release = found.use.removal.release
    if release.package == PYTHON:
        return f"choose Python {older_python(release)} (`--python {older_python(release)}`)"
    if found.expected.held and not _before_unified(found):
        return f"ask for {found.expected.package}<{release.version}"
    return None


def unreadable(found: Unreadable, python: str, own: str) -> Problem | None:
    """That a script cannot be parsed, if the workflow's Python cannot either.

    ``own`` is the Python that parsed it. Older ones know less of the language, but for those of
    before 3.7, to which ``async`` was a name like any other.
    """
    try:
        asked, known = _minor(python), _minor(own)
    except ValueError:
        return None
    if not (3, 7) <= asked <= known:
        return None
    old = _PYTHON_2.search(found.said) is not None
    hint = (
        "it looks like Python 2, which wf does not provide; 2to3 and futurize translate it"
        if old
        else "the run would end on this line"
    )
    said = f"{found.said[:1].lower()}{found.said[1:]}"
    message = f"Python {python} cannot read the script: {said}"
    return Problem(message, place=found.place, hint=hint, code=UNREADABLE)


def _minor(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
