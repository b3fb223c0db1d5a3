"""What a table of metadata asks for: dependencies, a Python, settings of uv's.

The tables are those of a script's block (PEP 723) and of ``[project]`` (PEP 621), which have the
same keys here. Of ``[tool.uv]`` is read what decides where packages come from (docs.astral.sh/uv,
"Settings"): ``sources``, ``index``, ``index-url``, ``extra-index-url``, ``exclude-newer``.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.errors import Problem
from runner.plan.environment import RequirementFile
from runner.plan.requirements import Local, Requirements, read
from runner.plan.requirements.targets import Target
from runner.plan.requirements.variables import PROJECT
from runner.units import quoted

if TYPE_CHECKING:
    from runner.errors import Place
    from runner.plan.metadata.toml import Toml

_UNREAD = (
    "constraint-dependencies", "override-dependencies", "prerelease", "resolution", "find-links",
    "no-index", "no-binary-package", "no-build-package", "no-build", "no-binary",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A value, and where it was written."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a script or a project says of its environment.

    ``numbers`` are the lines of the file that those of the requirements stand for.
    ``exclude_newer`` is as it was written. ``itself`` is where a project says that it is built and
    installed. ``place`` is where it all begins.
    """

    path: str
    place: Place | None = None
    requirements: Requirements = field(default_factory=Requirements)
    numbers: tuple[int, ...] = ()
    requires_python: Said | None = None
    exclude_newer: Said | None = None
    itself: int | None = None
    notices: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def folder(self) -> str:
        """The folder that the file lies in."""
        return posixpath.dirname(self.path) or "."

    @property
    def said_anything(self) -> bool:
        """Whether there is a block or table at all, and not just something that looks like one."""
        return self.place is not None or bool(self.problems)

    @property
    def is_readable(self) -> bool:
        """Whether there is a block or table that could be read."""
        return self.place is not None

    @property
    def file(self) -> RequirementFile | None:
        """What it asks for, in the form of a requirements file; ``None`` if that is nothing."""
        text = self.requirements.text
        return RequirementFile(self.path, text, self.numbers) if text else None


def failed(path: str, problem: Problem) -> Metadata:
    """What cannot be read."""
    return Metadata(path, problems=(problem,))


class Reader:
    """Reads the tables of one file. ``header`` is the name of the one with the dependencies."""

    def __init__(self, toml: Toml, header: str | None = None) -> None:
        self._toml = toml
        self._header = header
        self._table = toml.table(header) if header else toml.values
        self._uv = toml.table("tool", "uv")
        self.notices: list[Problem] = []
        self.problems: list[Problem] = []
        self._lines: list[str] = []
        self._numbers: list[int] = []
        self._local: list[Local] = []

    def metadata(self, place: Place, itself: int | None = None) -> Metadata:
        """All that is said; ``place`` and ``itself`` are those of the :class:`Metadata`."""
        for name, at in self._dependencies():
            self._dependency(name, at)
        self._indexes()
        self._unread()
        found = self._requirements()
        return Metadata(
            self._toml.path,
            place,
            found,
            tuple(self._numbers),
            self._text("requires-python", self._table, self._header),
            self._text("exclude-newer", self._uv, "tool.uv"),
            itself,
            (*self.notices, *found.notices),
            (*self.problems, *found.problems),
        )

    def _requirements(self) -> Requirements:
        file = RequirementFile(self._toml.path, "\n".join(self._lines), tuple(self._numbers))
        found = read(file)
        return Requirements(
            found.text,
            local=(*found.local, *self._local),
            options=found.options,
            notices=found.notices,
            problems=found.problems,
        )

    def problem(self, message: str, line: int, part: str = "", hint: str | None = None) -> None:
        """Note a mistake."""
        place = self._toml.place(line, part)
        self.problems.append(Problem(message, place=place, hint=hint, code="requirement"))

    def _text(self, key: str, table: dict[str, Any], header: str | None) -> Said | None:
        value = table.get(key)
        if value is None:
            return None
        line = self._toml.key(key, header)
        if not isinstance(value, str):
            self.problem(f"`{key}` must be a text", line)
            return None
        return Said(value, self._toml.place(line, value))

    def _dependencies(self) -> list[tuple[str, int]]:
        """Every dependency, with the line it stands on."""
        found = self._table.get("dependencies", [])
        line = self._toml.key("dependencies", self._header)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            hint = 'write dependencies = ["torch==2.13.0"]'
            self.problem("`dependencies` must be a list of texts", line, hint=hint)
            return []
        placed = []
        for one in found:
            line = self._toml.find(one, line) or line
            placed.append((one, line))
        return placed

    def _dependency(self, text: str, line: int) -> None:
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            wanted = Requirement(text)
        except (InvalidRequirement, RecursionError) as error:
            said = str(error).partition("\n")[0]
            message = f"{quoted(text)} is not a requirement: {said[:1].lower()}{said[1:]}"
            self.problem(message, line, text, "write, for example, torch==2.13.0")
            return
        sources = self._source(wanted.name)
        if not sources:
            self._add(" ".join(text.split()), line)
            return
        extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
        for source in sources:
            said = str(source.get("marker", "")) or str(wanted.marker or "")
            marker = f" ; {said}" if said else ""
            address = _address(source)
            if address:
                self._add(f"{wanted.name}{extras} @ {address}{marker}", line)
            elif isinstance(source.get("path"), str):
                self._path(source, tuple(sorted(wanted.extras)), said, line)
            elif source.get("workspace"):
                hint = "run `uv lock`: the lock says where it is"
                message = f"`{wanted.name}` is another project of the workspace"
                self.problem(message, line, text, hint)
            else:
                self._add(" ".join(text.split()), line)

    def _add(self, text: str, line: int) -> None:
        self._lines.append(text)
        self._numbers.append(self._toml.number(line))

    def _path(
        self, source: dict[str, Any], extras: tuple[str, ...], marker: str, line: int
    ) -> None:
        """A path of uv's is relative to the file that names it."""
        folder = posixpath.dirname(self._toml.path)
        at = posixpath.join(PROJECT, folder, source["path"])
        found = Target(at, is_local=True, extras=extras, marker=marker)
        editable = bool(source.get("editable"))
        self._local.append(Local(found, editable, self._toml.place(line)))

    def _source(self, name: str) -> list[dict[str, Any]]:
        from packaging.utils import canonicalize_name

        sources = self._uv.get("sources", {})
        if not isinstance(sources, dict):
            return []
        wanted = canonicalize_name(name)
        for key, value in sources.items():
            if canonicalize_name(key) == wanted:
                listed = value if isinstance(value, list) else [value]
                return [one for one in listed if isinstance(one, dict)]
        return []

    def _indexes(self) -> None:
        """Every index that is for all packages, and each that a source of ours names."""
        named = {
            str(one.get("index"))
            for key in self._uv.get("sources", {})
            for one in self._source(key)
            if one.get("index")
        }
        listed = self._uv.get("index", [])
        for index in listed if isinstance(listed, list) else []:
            url = index.get("url") if isinstance(index, dict) else None
            if not isinstance(url, str) or (
                index.get("explicit") and index.get("name") not in named
            ):
                continue
            line = self._toml.find(url) or 1
            self._add(
                f"{'--index-url' if index.get('default') else '--extra-index-url'} {url}", line
            )
        for key in ("index-url", "extra-index-url"):
            value = self._uv.get(key, [])
            for url in value if isinstance(value, list) else [value]:
                if isinstance(url, str):
                    self._add(f"--{key} {url}", self._toml.key(key, "tool.uv"))

    def _unread(self) -> None:
        for key in _UNREAD:
            if key in self._uv:
                line = self._toml.key(key, "tool.uv")
                message = f"`{key}` of [tool.uv] has no effect without a uv.lock"
                place = self._toml.place(line, key)
                self.notices.append(Problem(message, place=place, code="requirement"))


def _address(source: dict[str, Any]) -> str | None:
    """The address of a source, as a requirement has it (uv's docs, "Dependency sources")."""
    if isinstance(source.get("url"), str):
        return str(source["url"])
    git = source.get("git")
    if not isinstance(git, str):
        return None
    revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), None)
    below = source.get("subdirectory")
    return (
        f"git+{git}"
        + (f"@{revision}" if revision else "")
        + (f"#subdirectory={below}" if below else "")
    )
