"""A command line of conda's, with environments by name turned into folders of the run's own. Pure.

The options are those of conda 4 to 26; mamba and micromamba share them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.environments.conda.find import Kind

BASE = "base"

_NAME = re.compile(r"-n|--name")
_NAME_WITH = re.compile(r"(?:--name=|-n=?)(?!-)(.+)")
_FILE = re.compile(r"-f|--file")
_FILE_WITH = re.compile(r"(?:--file=|-f=)(.+)")
_PREFIX = re.compile(r"-p|--prefix|(?:--prefix=|-p).+")
_CHANGES = frozenset({"install", "update", "upgrade", "remove", "uninstall"})
_NAMED = re.compile(r"^name\s*:\s*(['\"]?)([^'\"#\s]+)\1\s*(?:#.*)?$", re.MULTILINE)
_DEFAULT_FILE = "environment.yml"


class Own(NamedTuple):
    """The run's own environments: their folder, their names, and whether one of them is active."""

    folder: str
    names: Collection[str]
    active: bool

    def place(self, name: str) -> str:
        """The folder of the environment of this name."""
        return f"{self.folder}/{name}"


class Given(NamedTuple):
    """Options about environments, and the other words."""

    words: tuple[str, ...]
    name: str | None
    file: str | None
    prefix: bool


def translated(words: Sequence[str], kind: Kind, own: Own, named: str | None) -> list[str]:
    """The words that do the same in the run's own folder.

    ``named`` is the name that the environment file says, where it says one.
    """
    verb, rest = _verb(words)
    if verb and verb[0].partition(".")[0] == "shell":
        return [*verb, *_activation(rest, own)]
    stop = verb == ["run"]
    given = _given(rest, stop_at_program=stop)
    if verb in (["create"], ["env", "create"], ["env", "update"]):
        return _making(verb, given, kind, own, named)
    if given.name in own.names:
        return [*verb, "--prefix", own.place(str(given.name)), *given.words]
    changes = bool(verb) and verb[0] in _CHANGES
    if changes and not given.prefix and given.name in {None, BASE}:
        if own.active and given.name is None:
            return [*verb, *rest]
        return [*verb, "--prefix", own.place(BASE), *given.words]
    return [*verb, *rest]


def needs_base(words: Sequence[str], own: Own) -> bool:
    """Whether packages are to be changed where none of the run's own environments is active.

    That is the base environment, which is everybody's; the run has one of its own instead.
    """
    verb, rest = _verb(words)
    given = _given(rest)
    where = given.name == BASE or (given.name is None and not own.active)
    return (
        bool(verb)
        and verb[0] in _CHANGES
        and where
        and not given.prefix
        and (BASE not in own.names)
    )


def environment_file(words: Sequence[str]) -> str | None:
    """The file that the words make an environment from."""
    verb, rest = _verb(words)
    given = _given(rest)
    if verb in (["env", "create"], ["env", "update"]):
        return given.file or _DEFAULT_FILE
    if verb == ["create"] and given.file and given.file.endswith((".yml", ".yaml")):
        return given.file
    return None


def name_in(text: str) -> str | None:
    """The name that an environment file says."""
    found = _NAMED.search(text)
    return found[2] if found else None


def _verb(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sub-command, which stands first, and the rest."""
    length = 2 if words[:1] == ["env"] else 1
    return list(words[:length]), list(words[length:])


def _given(words: Sequence[str], *, stop_at_program: bool = False) -> Given:
    others: list[str] = []
    name = file = None
    prefix = False
    at = 0
    while at < len(words):
        word, following = words[at], words[at + 1] if at + 1 < len(words) else None
        with_name, with_file = _NAME_WITH.fullmatch(word), _FILE_WITH.fullmatch(word)
        at += 1
        if stop_at_program and not word.startswith("-"):
            others += words[at - 1 :]
            break
        if _NAME.fullmatch(word) and following is not None:
            name, at = following, at + 1
        elif with_name and not word.startswith("--no"):
            name = with_name[1]
        elif _FILE.fullmatch(word) and following is not None:
            file, at = following, at + 1
            others += [word, following]
        else:
            file = with_file[1] if with_file else file
            prefix = prefix or _PREFIX.fullmatch(word) is not None
            others.append(word)
    return Given(tuple(others), name, file, prefix)


def _making(verb: list[str], given: Given, kind: Kind, own: Own, named: str | None) -> list[str]:
    words = list(given.words)
    if kind == "micromamba" and verb == ["env", "create"]:
        verb = ["create"]  # which reads such files itself
        if given.file is None:
            words += ["--file", _DEFAULT_FILE]
    name = given.name or named
    if given.prefix or name is None:
        return [*verb, *words]
    return [*verb, "--prefix", own.place(name), *words]


def _activation(words: list[str], own: Own) -> list[str]:
    """``activate NAME``, as the shell's part of conda asks for it."""
    if words[:1] != ["activate"]:
        return words
    named = [own.place(word) if word in own.names else word for word in words[1:]]
    if not named and BASE in own.names:
        named = [own.place(BASE)]
    return ["activate", *named]
