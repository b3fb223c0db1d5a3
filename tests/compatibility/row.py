"""One line of the compatibility page, and how it is known to be true.

A row says what ``wf`` makes of one key in one era. It holds the text that is tried, so that the
page cannot say anything that the reader does not do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.spec.eras.era import Era

WORKFLOWS = ".dstack/workflows.yaml"


@dataclass(frozen=True, slots=True)
class Read:
    """It is read: the workflow has ``value`` at ``attribute``, where dots lead on.

    ``notice`` is a part of what is told besides, if anything is.
    """

    attribute: str
    value: object
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Holds:
    """It is read: ``part`` is in the text at ``attribute`` of the workflow."""

    attribute: str
    part: str


@dataclass(frozen=True, slots=True)
class NoEffect:
    """It is told that ``key`` has no effect."""

    key: str


@dataclass(frozen=True, slots=True)
class NotLookedAt:
    """A file in which nothing is looked for; the others are read as if it were not there."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that holds something of another ``kind``: the others are read, and a note says so."""

    kind: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A mistake whose message holds ``message``."""

    message: str


Expected = Read | Holds | NoEffect | NotLookedAt | Passed | Refused


@dataclass(frozen=True, slots=True)
class Place:
    """Where keys stand. ``base`` are the lines that a workflow there cannot do without.

    ``of`` is the provider whose keys they are, and empty for keys of every workflow. ``file`` is
    the file they stand in: a list of workflows, or else a task.
    """

    name: str
    base: tuple[str, ...] = ()
    of: str = ""
    file: str = WORKFLOWS


@dataclass(frozen=True, slots=True)
class Row:
    """What ``wf`` makes of a key.

    ``key`` is the key as the reference calls it, ``text`` what is tried: further lines of a
    workflow called ``a``, which take the place of those of the base with the same key. ``says`` is
    what the page says. ``form`` is shown in place of the key where one key has several rows, or a
    trap. ``files`` are further files of the project, by path.
    """

    place: Place
    key: str
    text: str
    expected: Expected
    says: str
    form: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What the page says first."""
        if isinstance(self.expected, Refused):
            return "refused"
        return "read" if isinstance(self.expected, (Read, Holds)) else "no effect"

    @property
    def shown(self) -> str:
        """The key as the page shows it."""
        return self.form or self.key

    def project(self) -> dict[str, str]:
        """The files of the project in which the row is tried."""
        lines = _lines(self.place.base, self.text)
        listed = self.place.file == WORKFLOWS
        written = _in_a_list(lines) if listed else lines
        return {self.place.file: "\n".join(written) + "\n", **self.files}


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of an era, or those that are the same in all of them (``era`` is ``None``)."""

    era: Era | None
    about: str
    rows: tuple[Row, ...]


def _lines(base: tuple[str, ...], text: str) -> list[str]:
    written = text.splitlines()
    own = {_key(line) for line in written}
    return [line for line in ("name: a", *base) if _key(line) not in own] + written


def _in_a_list(lines: list[str]) -> list[str]:
    return ["workflows:", "  -", *(f"    {line}" for line in lines)]


def _key(line: str) -> str:
    return line.partition(":")[0].strip()
