"""What ``pip install`` asks for, its requirement files read: whether a later run asks the same.

What another run would find under the same words can be kept for it: a version in an index, a file
at an address. A folder of the workspace and a branch cannot; they change under the same name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.environments.uv.pip.command import Install

_FILE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?=[^\s=-]))(\S.*)")
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_EDITABLE = re.compile(r"-e|--editable")
_LINKS = re.compile(r"(?:-f|--find-links)(?:\s*=\s*|\s+)(\S+)")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FROM_ADDRESS = re.compile(r"[^/]*@\s*(?=\S)")
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.(?:gz|bz2|xz)|tgz)(?:\[|\s|$)", re.IGNORECASE)
# pip.pypa.io, "VCS Support": only a whole commit stays what it is
_VERSION_CONTROL = re.compile(r"(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_COMMIT = re.compile(r"@[0-9a-f]{40}(?:[#\s]|$)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_MAX_FILES = 200
_MAX_BYTES = 4 << 20


class Asked(NamedTuple):
    """``said`` is all that was read, ``names`` the packages it names (as written).

    ``passing`` says why a later run cannot be given the same; ``None``: it can.
    """

    said: tuple[str, ...]
    names: tuple[str, ...]
    passing: str | None


def gather(install: Install, folder: Path) -> Asked:
    """All that an installation asks for; ``folder`` is what relative paths start from.

    A file that cannot be read is left to uv, which says so.
    """
    reading = _Reading(folder)
    for place in install.links:
        reading.links(place)
    for requirement in install.named:
        reading.requirement(requirement)
    if install.editable:
        reading.reason("an editable installation is the run's own")
    for option, paths in (("-r", install.files), ("-c", install.constraints)):
        for path in paths:
            reading.said.append(option)
            reading.file(path, folder)
    return Asked(tuple(reading.said), tuple(reading.names), reading.passing)


class _Reading:
    """One installation being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: set[str] = set()
        self.said: list[str] = []
        self.names: list[str] = []
        self.passing: str | None = None

    def reason(self, text: str) -> None:
        """There is a reason not to keep it; the first is told."""
        self.passing = self.passing or text

    def links(self, place: str) -> None:
        """A folder to find packages in."""
        if not place.startswith(("http:", "https:")):
            self.reason(f"what lies in {place} may change")

    def requirement(self, written: str) -> None:
        """One requirement, from the command or a file."""
        text = written.strip()
        target = text[found.end() :] if (found := _FROM_ADDRESS.match(text)) else text
        self.said.append(text)
        if _VERSION_CONTROL.match(target):
            if not _COMMIT.search(target):
                self.reason(f"{_without_credentials(text)} names no commit, and may change")
        elif target.startswith(("file:", ".", "/", "~")) or self._is_path(target):
            self.reason(f"{text} lies in the workspace or beside it")
        elif not _ADDRESS.match(target) and (name := _NAME.match(text)):
            self.names.append(name[0])

    def _is_path(self, text: str) -> bool:
        """As pip tells: with a separator, or an archive that is there."""
        if _ADDRESS.match(text):
            return False
        return "/" in text.partition(";")[0] or (
            _ARCHIVE.search(text) is not None and (self._folder / text).exists()
        )

    def file(self, path: str, base: Path) -> None:
        """A requirements file, and those it includes."""
        if _ADDRESS.match(path):
            self.reason(f"{_without_credentials(path)} may change")
            return
        place = Path(os.path.normpath(base / path))
        if str(place) in self._files:
            return
        self._files.add(str(place))
        if len(self._files) > _MAX_FILES or not place.is_file():
            self.reason(f"{path} is no ordinary file")
            return
        with place.open("rb") as file:
            text = file.read(_MAX_BYTES)
        self._lines(text.decode(errors="replace"), place.parent)

    def _lines(self, text: str, base: Path) -> None:
        from runner.plan.requirements import lines

        self.said.append("file")
        for line in lines(text):
            said = _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), line.text)
            if included := _FILE.fullmatch(said):
                self.said.append(included[1])
                self.file(included[2], base)
            elif _EDITABLE.match(said):
                self.reason("an editable installation is the run's own")
            elif not said.startswith("-"):
                self.requirement(said)
            else:
                self.said.append(said)
                if found := _LINKS.fullmatch(said):
                    self.links(found[1])


def _without_credentials(address: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://", address)


def normal(names: Iterable[str]) -> tuple[str, ...]:
    """Names of packages in their normal form (PEP 503), each once."""
    return tuple(dict.fromkeys(re.sub(r"[-_.]+", "-", name).lower() for name in names))
