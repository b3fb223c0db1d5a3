"""Reading requirement files, enough to refuse what cannot be installed before anything starts.

The form is pip's (pip.pypa.io, "Requirements File Format"); uv installs from the same text. A
line that packaging cannot read is a mistake of the user's, not of the installation.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Place, Problem
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.plan.environment import RequirementFile

# one blank, not all: a long row of them would be looked at from each
_COMMENT = re.compile(r"(^|\s)#")
# nobody reads more
_MAX_PROBLEMS = 100
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?=[^\s-]))(.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)(.+)")
_LOCAL = re.compile(r"\.{1,2}(/|\[|$)|/|file:|~")
# what is named relative to the file: uv reads a copy of it, which lies elsewhere
_RELATIVE = re.compile(
    r"(?:-f|--find-links)(?:\s+|=)(?!/|[a-z][a-z0-9+.-]*://).+|[^@]+@\s*\.{1,2}/.*", re.IGNORECASE
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_OPTIONS = re.compile(r"\s--(hash|config-settings|global-option)[=\s].*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line (continued ones joined, comment gone); ``number`` is its first line's."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file, read: the paths it includes, and what cannot be installed."""

    includes: tuple[str, ...]
    problems: tuple[Problem, ...]


def read(file: RequirementFile) -> Requirements:
    """Read a requirements file."""
    return Requirements(includes(file.path, file.text), tuple(check(file)))


def lines(text: str) -> Iterator[Line]:
    """The lines of a requirements file that say something.

    A comment ends with its line, whatever its last character: so does uv read it.
    """
    joined, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first or number
        comment = _COMMENT.search(raw)
        said = raw[: comment.start()].rstrip() if comment else raw
        if said.endswith("\\"):
            joined += said[:-1] + " "
            continue
        if whole := (joined + said).strip():
            yield Line(first, whole)
        joined, first = "", 0
    if whole := joined.strip():
        yield Line(first, whole)


def includes(path: str, text: str) -> tuple[str, ...]:
    """The files that the file at ``path`` includes (-r) or is constrained by (-c).

    They are named relative to the including file, as pip reads them; URLs are left to uv.
    """
    found = (_INCLUDE.fullmatch(line.text) for line in lines(text))
    base = posixpath.dirname(path)
    return tuple(
        posixpath.normpath(posixpath.join(base, match[1].strip()))
        for match in found
        if match and not _URL.match(match[1])
    )


def check(file: RequirementFile) -> list[Problem]:
    """The lines of the file that could not be installed whatever the index holds."""
    written = _Written(file.path, file.text.splitlines())
    found = (problem for line in lines(file.text) if (problem := _problem(line, written)))
    return list(islice(found, _MAX_PROBLEMS))


class _Written(NamedTuple):
    """A file's path, and its lines as they stand there."""

    path: str
    lines: list[str]


def _problem(line: Line, file: _Written) -> Problem | None:
    editable = _EDITABLE.fullmatch(line.text)
    target = editable[1] if editable else line.text
    if (
        _LOCAL.match(target)
        or _RELATIVE.fullmatch(target)
        or (editable and not _URL.search(target))
    ):
        return Problem(
            f"{quoted(line.text)} installs from the project folder, "
            "which a shared environment cannot",
            place=_place(file, line, 0, len(line.text)),
            hint="import the package from the working directory, or name a published version",
        )
    if line.text.startswith("-") or _URL.match(target):
        return None
    return _syntax(line, file)


def _syntax(line: Line, file: _Written) -> Problem | None:
    from packaging.requirements import InvalidRequirement, Requirement

    written = _OPTIONS.sub("", line.text)
    try:
        Requirement(written)
    except (InvalidRequirement, RecursionError) as error:
        deep = isinstance(error, RecursionError)  # packaging follows brackets by recursion
        said, _, drawing = ("Nested too deeply" if deep else str(error)).partition("\n")
        at = drawing.rpartition("\n")[2].find("^") - 4  # packaging indents its drawing by 4
        start = at if 0 <= at < len(written) else 0
        return Problem(
            f"{quoted(written)} is not a requirement: {said[:1].lower()}{said[1:]}",
            place=_place(file, line, start, len(written) if start == 0 else start + 1),
            hint="write, for example, torch==2.13.0",
            code="requirement",
        )
    return None


def _place(file: _Written, line: Line, start: int, end: int) -> Place:
    excerpt = file.lines[line.number - 1]
    indent = len(excerpt) - len(excerpt.lstrip())
    if indent + end > len(excerpt):  # it lies on a line that continues this one
        start, end = 0, max(len(excerpt.rstrip("\\ \t")) - indent, 1)
    return Place(file.path, line.number, indent + start + 1, indent + end + 1, excerpt)
