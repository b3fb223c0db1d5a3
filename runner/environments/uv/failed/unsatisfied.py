"""No versions go together: what there is not, what this Python cannot have, who contradicts whom.

uv tells it as a proof in English (the form is PubGrub's): `Because … depends on … and you
require …, we can conclude …`. Names are taken from where that form has them, as packages may be
called like any word of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.uv.failed.cause import NAME, Cause, package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.environments.uv.failed.cause import Asked
    from runner.environments.uv.failed.said import Said

_ONE = r"(?:==|!=|<=|>=|~=|<|>)[\w.+!-]*(?:\w|\*)"
_REQUIREMENT = rf"{NAME}(?:\[[\w,. -]*\])?(?:{_ONE}(?:,{_ONE})*)?"
_MISSING = re.compile(rf"({NAME}) was not found in (the [a-z ]+?)(?= and |,|$)")
_NO_VERSION = re.compile(rf"there (?:is|are) no versions? of ({_REQUIREMENT})")
_ONLY = re.compile(rf"only ({_REQUIREMENT}) (?:is|are) available")
_ONLY_THESE = re.compile(rf"only the following versions of {NAME} are available: (.+?) and ")
_DEPENDS = re.compile(rf"(?:all versions of )?({_REQUIREMENT}) depends? on ({_REQUIREMENT})")
# what a constraint asks for, uv tells as a wish of the package that it concerns
_CONSTRAINED = re.compile(
    rf"depends? on {_REQUIREMENT} and ({NAME}{_ONE}(?:,{_ONE})*)(?=, we can|, and | and |$)"
)
_REQUIRE = re.compile(r"you require (.+?)(?:, we can|, and |\.(?:\s|$)| \(|$)")
_NO_WHEEL = re.compile(rf"({_REQUIREMENT}) has no wheels with a matching Python")
_NO_PLATFORM = re.compile(rf"({_REQUIREMENT}) has no wheels with a matching platform tag")
_TAGS = re.compile(r"wheels for .*? tags?: (.*)")
_PLATFORMS = re.compile(r"following platforms?: (.*)")
_PYTHON = re.compile(
    rf"does not satisfy Python([<>=!~]\S+).*? and ({_REQUIREMENT}) depends on Python"
)
_BROKEN = re.compile(r"The structure of `([^`]+)` \(v?([^)]+)\) was invalid: (.*)")
_FILTERED = re.compile(r"`([^`]+)` was filtered by `exclude-newer`")
_PUBLISHED = re.compile(r"published at ([0-9-]+)T")
_LATEST = re.compile(r"latest version satisfying the requirement is v?(\S*\w)")


def unsatisfied(said: Said, asked: Asked) -> Cause | None:
    """Why there is no solution."""
    for read in (_too_new, _broken, _other_python, _other_platform, _missing, _no_version):
        cause = read(said, asked)
        if cause:
            return cause
    return _conflict(said, asked)


def requirements(said: Said) -> Iterator[str]:
    """The packages that uv's proof is about, in its order."""
    for found in re.finditer(
        rf"`({_REQUIREMENT})`|(?:versions? of|depends? on|Because|[Oo]nly) ({_REQUIREMENT})"
        rf"(?= (?:was|has|is|are|depends?|cannot|and)\b|,|$)|you require ({_REQUIREMENT})",
        said.error,
    ):
        yield next(name for name in found.groups() if name)


def _too_new(said: Said, asked: Asked) -> Cause | None:
    """Only the date is at fault."""
    if asked.as_of is None:
        return None
    for hint in said.hints:
        found = _FILTERED.search(hint)
        if found:
            latest, came = _LATEST.search(hint), _PUBLISHED.search(hint)
            if latest and not came:
                return Cause(
                    f"the index does not say when {asked.who(found[1])} was uploaded, "
                    f"so nothing can be taken as of {asked.as_of}",
                    "use an index that says it (PEP 700), or --as-of none",
                )
            later = f"; {latest[1]} came on {came[1]}" if latest and came else ""
            return Cause(
                f"{asked.who(found[1])} has no version that was out on {asked.as_of}{later}",
                "choose a later --as-of, or leave it out",
            )
    return None


def _broken(said: Said, asked: Asked) -> Cause | None:
    found = next(filter(None, map(_BROKEN.search, said.hints)), None)
    if found is None:
        return None
    return Cause(
        f"the file of {asked.who(found[1])} on the index is damaged: {_lower(found[3])}",
        "try again; if it stays so, tell whoever keeps the index, or choose another version",
    )


def _other_python(said: Said, asked: Asked) -> Cause | None:
    told = _PYTHON.search(said.error)
    if told:
        return Cause(
            f"{asked.who(told[2])}{_by(told[2], said, asked)} "
            f"does not run on Python {asked.python}: it needs {told[1]}",
            "choose another version of it, or another Python with --python",
        )
    found = _NO_WHEEL.search(said.error)
    if found is None:
        return None
    tags = next(filter(None, map(_TAGS.search, said.hints)), None)
    pythons = _pythons(tags[1]) if tags else []
    there = f", but for {_listed(pythons)}" if pythons else ""
    choose = f"run it with --python {_nearest(pythons, asked.python)}, or " if pythons else ""
    return Cause(
        f"{asked.who(found[1])}{_by(found[1], said, asked)} "
        f"has no wheel for Python {asked.python}{there}",
        f"{choose}choose a version that has one",
    )


def _other_platform(said: Said, asked: Asked) -> Cause | None:
    found = _NO_PLATFORM.search(said.error)
    if found is None:
        return None
    platforms = next(filter(None, map(_PLATFORMS.search, said.hints)), None)
    there = f", but for {platforms[1].replace('`', '')}" if platforms else ""
    return Cause(
        f"{asked.who(found[1])}{_by(found[1], said, asked)} has no wheel for this machine{there}",
        "choose a version that has one, or leave it out here with a marker: "
        "…; sys_platform == 'win32'",
    )


def _missing(said: Said, asked: Asked) -> Cause | None:
    found = _MISSING.search(said.error)
    if found is None:
        return None
    where = {"the cache": "in uv's cache, and the network is disabled (UV_OFFLINE)"}.get(
        found[2], f"in {found[2]}"
    )
    return Cause(
        f"there is no package {asked.who(found[1])}{_by(found[1], said, asked)} {where}",
        "correct its name, or name the index that has it (--extra-index-url)",
    )


def _no_version(said: Said, asked: Asked) -> Cause | None:
    absent, only = _NO_VERSION.search(said.error), _ONLY.search(said.error)
    these = _ONLY_THESE.search(said.error)
    named = absent or only or re.search(rf"versions of ({NAME}) are available", said.error)
    if named is None:
        return None
    name = package(named[1])
    sides = [side for side in _sides(said) if package(side[1]) == name]
    if len({what for _, what in sides}) > 1:
        return None  # there is a version for each of them, but none for all
    there = only[1] if only else " and ".join(these[1].split()) if these else None
    has = f"; there is {there}" if there and there != name else ""
    wanted = sides[0][1] if sides else named[1]
    return Cause(
        f"there is no version for {_exactly(wanted, asked)}{_needed_by(name, said, asked)}{has}",
        f"choose a version that there is{_as_of(asked)}",
    )


def _exactly(requirement: str, asked: Asked) -> str:
    """The very line that asks for this, where a package has several."""
    name = package(requirement)
    wish = requirement[len(name) :]
    lines = [line for line in asked.about(name) if line.text.replace(" ", "").endswith(wish)]
    return str(lines[0]) if lines else asked.who(requirement)


def _as_of(asked: Asked) -> str:
    return f"; versions are those that were out on {asked.as_of}" if asked.as_of else ""


def _conflict(said: Said, asked: Asked) -> Cause | None:
    sides = _sides(said)
    for target in dict.fromkeys(package(what) for _, what in sides):
        about = list(dict.fromkeys(side for side in sides if package(side[1]) == target))
        if len({what for _, what in about}) > 1:
            return Cause(
                f"the requirements exclude each other: {_sides_told(about, asked)}",
                f"loosen one of them{_as_of(asked)}",
            )
    return None


def _sides(said: Said) -> list[tuple[str | None, str]]:
    """Who wants what: a package, or nobody but the user."""
    found: list[tuple[str | None, str]] = [
        (who, what) for who, what in _DEPENDS.findall(said.error) if not what.startswith("Python")
    ]
    found += [(None, what) for what in _CONSTRAINED.findall(said.error)]
    for require in _REQUIRE.findall(said.error):
        found += [(None, what) for what in re.findall(_REQUIREMENT, require) if what != "and"]
    # `you require leaf` says nothing of its version
    return [(who, what) for who, what in found if who or not re.fullmatch(NAME, what)]


def _sides_told(sides: list[tuple[str | None, str]], asked: Asked) -> str:
    wanted = dict.fromkeys(_exactly(what, asked) for who, what in sides if who is None)
    needed = dict.fromkeys(f"{asked.who(who)} needs {what}" for who, what in sides if who)
    if not needed:
        return " and ".join(wanted)
    return ", but ".join((*needed, *(f"{one} is asked for" for one in wanted)))


def _by(requirement: str, said: Said, asked: Asked) -> str:
    """The same within a sentence."""
    told = _needed_by(requirement, said, asked)
    return f"{told}," if told else ""


def _needed_by(requirement: str, said: Said, asked: Asked) -> str:
    """The package that wants it, where the user did not."""
    name = package(requirement)
    if asked.about(name):
        return ""
    who = next((who for who, what in _sides(said) if who and package(what) == name), None)
    return f", which {asked.who(who)} needs" if who else ""


def _pythons(tags: str) -> list[str]:
    """``cp36m``, ``cp310`` as versions, oldest first (PEP 425)."""
    found = {(int(major), int(minor)) for major, minor in re.findall(r"\bcp(\d)(\d+)", tags)}
    return [f"{major}.{minor}" for major, minor in sorted(found)]


def _nearest(pythons: list[str], python: str) -> str:
    wanted = int([*python.split("."), "0"][1])
    return min(pythons, key=lambda version: abs(int(version.split(".")[1]) - wanted))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
