"""What a cause is told with: a sentence, what to type next, and where things were asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.packages.lists import package_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.plan.environment import EnvironmentSpec, RequirementFile

NAME = r"[A-Za-z0-9](?:[\w.-]*\w)?"
_HEAD = re.compile(NAME)


class Cause(NamedTuple):
    """One lower-case sentence, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A requirement as somebody wrote it, and where."""

    name: str
    text: str
    place: str | None

    def __str__(self) -> str:
        return f"`{self.text}` ({self.place})" if self.place else f"`{self.text}`"


@dataclass(frozen=True, slots=True)
class Asked:
    """All that an environment is asked to hold."""

    wishes: tuple[Wish, ...]
    python: str
    as_of: str | None

    def about(self, requirement: str) -> list[Wish]:
        """Every line about a package, which may be named with a version."""
        name = package(requirement)
        return [wish for wish in self.wishes if wish.name == name]

    def who(self, requirement: str) -> str:
        """The line about a package, with its place, or what uv calls it if nobody wrote it."""
        found = self.about(requirement)
        return str(found[0]) if found else f"`{requirement}`"


def asked(spec: EnvironmentSpec) -> Asked:
    """What ``spec`` asks for."""
    packages = (_wish(text, None) for text in spec.packages)
    wishes = (*_written(spec.requirements), *(wish for wish in packages if wish))
    return Asked(wishes, spec.python, spec.as_of)


def package(requirement: str) -> str:
    """The name of a requirement's package as uv prints it (PEP 503)."""
    return package_name(requirement)


def _written(files: tuple[RequirementFile, ...]) -> Iterator[Wish]:
    from runner.plan.requirements import numbered

    for file in files:
        for line in numbered(file):
            wish = _wish(line.text, f"{file.path}:{line.number}")
            if wish:
                yield wish


def _wish(text: str, place: str | None) -> Wish | None:
    if not _HEAD.match(text):
        return None
    # hashes and markers are long, and not what is wrong
    return Wish(package(text), re.split(r"\s+--|\s*;|\s+\\", text)[0].strip(), place)
