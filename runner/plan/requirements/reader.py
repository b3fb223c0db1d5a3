"""A requirements file -> what uv installs, what lies in the project, and every mistake.

pip's form and uv's differ: uv takes one option a line, knows some of them only on its command line
and replaces variables in addresses alone. So a file is read as pip reads it, and said again for uv.
Lines stay where they were, for the places in messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Problem
from runner.plan.requirements.lines import Written, lines
from runner.plan.requirements.options import FOR_ALL, Mistake, Option, divided, parse
from runner.plan.requirements.syntax import checked
from runner.plan.requirements.targets import target
from runner.plan.requirements.variables import PROJECT, names
from runner.units import quoted

if TYPE_CHECKING:
    from runner.errors import Place
    from runner.plan.environment import RequirementFile
    from runner.plan.requirements.lines import Line
    from runner.plan.requirements.targets import Target

# nobody reads more
_MAX_PROBLEMS = 100
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# docs.astral.sh/uv, "Compatibility with pip": of the version control systems, git alone
_FOREIGN = ("hg+", "svn+", "bzr+")


class Include(NamedTuple):
    """Another file (-r, -c), relative to this one; ``path`` is as written."""

    path: str
    constrains: bool
    place: Place


class Local(NamedTuple):
    """A requirement that is a path, relative to the folder that installs are started in."""

    target: Target
    editable: bool
    place: Place


class Links(NamedTuple):
    """A path to find packages in, relative to this file; ``line`` of the text for uv says so."""

    path: str
    line: int
    place: Place


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file, read.

    ``text`` is what uv is given of it. ``options`` are those that uv takes on its command line
    only, by their names in pip, with their values. ``notices`` are parts without effect.
    """

    text: str = ""
    includes: tuple[Include, ...] = ()
    local: tuple[Local, ...] = ()
    links: tuple[Links, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    notices: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(file: RequirementFile) -> Requirements:
    """Read a requirements file as it stands in the project."""
    reading = _Reading(Written(file.path, file.text), [""] * len(file.text.splitlines()))
    for line in lines(file.text):
        reading.take(line)
        if len(reading.problems) >= _MAX_PROBLEMS:
            break
    return Requirements(
        "\n".join(reading.text).rstrip("\n") + "\n" if any(reading.text) else "",
        tuple(reading.includes),
        tuple(reading.local),
        tuple(reading.links),
        tuple(dict.fromkeys(reading.options)),
        tuple(reading.notices),
        tuple(reading.problems),
    )


@dataclass(slots=True)
class _Reading:
    """A file while it is read."""

    written: Written
    text: list[str]
    includes: list[Include] = field(default_factory=list)
    local: list[Local] = field(default_factory=list)
    links: list[Links] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, line: Line) -> None:
        """Read one line."""
        requirement, written = divided(line.text)
        try:
            options = parse(written)
        except Mistake as error:
            self._problem(line, error.message, error.word, error.hint)
            return
        if requirement:
            self._requirement(line, requirement, options)
            return
        for option in options:
            if option.name in FOR_ALL:
                self._option(line, option)
            else:
                self._problem(
                    line,
                    f"`{option.name}` belongs behind a requirement",
                    option.written,
                    f"write, for example, torch==2.13.0 {option.name}={option.value}",
                )

    def _say(self, line: Line, text: str) -> int:
        """Say something to uv, at the same line if nothing stands there; the line where it is."""
        at = line.number - 1
        if self.text[at]:
            self.text.append(text)
            return len(self.text)
        self.text[at] = text
        return line.number

    def _problem(self, line: Line, message: str, part: str = "", hint: str | None = None) -> None:
        place = self.written.place(line, part)
        self.problems.append(Problem(message, place=place, hint=hint, code="requirement"))

    def _notice(self, line: Line, message: str, part: str, hint: str | None = None) -> None:
        place = self.written.place(line, part)
        self.notices.append(Problem(message, place=place, hint=hint, code="requirement"))

    # --- requirements -----------------------------------------------------------------------------

    def _requirement(self, line: Line, requirement: str, options: list[Option]) -> None:
        misplaced = next((option for option in options if option.name in FOR_ALL), None)
        if misplaced is not None:
            message = f"`{misplaced.name}` belongs on a line of its own"
            self._problem(line, message, misplaced.written)
            return
        found = target(requirement)
        if found is None or not found.is_local:
            name = found.name if found else checked(requirement, line, self.written, self.problems)
            if found is None and name is None:
                return
            self._packaged(line, found.text if found else requirement, name, options)
            if found is not None:
                self._address(line, found)
            return
        self._local(line, found, editable=False)
        self._settings(line, found.name, options)

    def _packaged(
        self, line: Line, requirement: str, name: str | None, options: list[Option]
    ) -> None:
        hashes = [f"--hash={option.value}" for option in options if option.name == "--hash"]
        self._say(line, " ".join((requirement, *hashes)))
        self._settings(line, name, options)

    def _settings(self, line: Line, name: str | None, options: list[Option]) -> None:
        for option in options:
            if option.name == "--hash":
                continue
            if option.name != "--config-settings":
                message = f"`{option.name}` cannot be passed on: pip itself has dropped it"
                hint = 'what builds today reads --config-settings "--build-option=…"'
                self._problem(line, message, option.written, hint)
            elif not name:
                message = f"`{option.name}` needs the package's name"
                self._problem(line, message, option.written, "write NAME @ ADDRESS")
            else:
                self.options.append(("--config-settings", f"{name}:{option.value}"))

    def _address(self, line: Line, found: Target) -> None:
        if found.at.lower().startswith(_FOREIGN):
            system = found.at.partition("+")[0]
            message = f"uv, which installs packages here, does not know the address `{system}+`"
            hint = "name a published version, or a git repository: git+https://…"
            self._problem(line, message, found.at, hint)

    def _local(self, line: Line, found: Target, *, editable: bool) -> None:
        if names(found.at.replace(PROJECT, "")):
            message = f"{quoted(found.at)} depends on a variable, and must be known before the run"
            self._problem(line, message, found.at, "write the path itself")
            return
        # one with another base is said so in the message
        self.local.append(Local(found, editable, self.written.place(line)))

    # --- options for all --------------------------------------------------------------------------

    def _option(self, line: Line, option: Option) -> None:
        match option.name:
            case "--requirement" | "--constraint":
                self._include(line, option)
            case "--editable":
                self._editable(line, option)
            case "--find-links":
                self._find(line, option)
            case "--no-binary" | "--only-binary":
                # uv takes one name a line
                for name in filter(None, (name.strip() for name in option.value.split(","))):
                    self._say(line, f"{option.name} {name}")
            case "--index-url" | "--extra-index-url":
                self._say(line, f"{option.name} {option.value}")
            case "--no-index" | "--require-hashes":
                self._say(line, option.name)
            case "--prefer-binary" | "--use-feature":
                message = (
                    f"`{option.name}` has no effect: uv, which installs here, has no such choice"
                )
                self._notice(line, message, option.written)
            case _:  # --pre, --trusted-host
                self.options.append((option.name, option.value))

    def _include(self, line: Line, option: Option) -> None:
        if _URL.match(option.value):
            short = {"--requirement": "-r", "--constraint": "-c"}[option.name]
            self._say(line, f"{short} {option.value}")
        elif names(option.value):
            message = (
                f"{quoted(option.value)} depends on a variable, and must be known before the run"
            )
            self._problem(line, message, option.value, "write the path itself")
        else:
            constrains = option.name == "--constraint"
            place = self.written.place(line, option.value)
            self.includes.append(Include(option.value, constrains, place))
            self._say(line, f"{'-c' if constrains else '-r'} {option.value}")

    def _editable(self, line: Line, option: Option) -> None:
        found = target(option.value, editable=True)
        if found is None or found.is_local:
            if found is not None:
                self._local(line, found, editable=True)
            return
        # a checkout to work on would have to lie in the project: it is installed as it is
        self._say(line, found.text)
        self._address(line, found)

    def _find(self, line: Line, option: Option) -> None:
        at = self._say(line, f"--find-links {option.value}")
        if not _URL.match(option.value) and not option.value.startswith(("/", "file:", "${")):
            self.links.append(Links(option.value, at, self.written.place(line, option.value)))
