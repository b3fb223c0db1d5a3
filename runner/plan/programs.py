"""The programs that shell commands start, as far as they can be told without running them.

Text is read as POSIX shells read it (POSIX.1-2017, 2.2 to 2.4, 2.7 and 2.9): comments, quotes and
here-documents start nothing, ``$(…)`` and backquotes do, wherever they stand. What a variable or a
file holds is not known here.
"""

from __future__ import annotations

import re
from itertools import pairwise
from posixpath import basename
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Words = tuple[str, ...]
"""A program and its arguments, without quotes."""

# deeper than anybody nests; what lies below is not looked at
_MAX_DEPTH = 40
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done"}
)
# programs that start the one which follows them
_WRAPPERS = frozenset({"sudo", "env", "exec", "command", "builtin", "nohup", "nice", "timeout"})
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)+")
_PLAIN = re.compile(r"[^\s\\'\"`$<>;&|()]+")
_IN_DOUBLE = re.compile(r"[^\\\"`$]+")
_REDIRECTION = re.compile(r"(?:<<<|<<-?|[<>]&|>>|>\||<>|[<>])[ \t]*")
_PARAMETER = re.compile(r"\$\{[^}]*\}|\$\(\((?:[^()]|\([^()]*\))*\)\)")

_PIP = re.compile(r"pip(?:3(?:\.\d+)?)?")
_PYTHON = re.compile(r"python(?:\d+(?:\.\d+)?)?")
_WITH_VALUE = (["-W"], ["-X"])
_CONDAS = frozenset({"conda", "mamba", "micromamba"})
_MAY_INSTALL = re.compile(r"pip|uv|setup\.py|easy_install")
_MAY_BE_CONDA = re.compile(r"conda|mamba|activate")


def install(commands: Iterable[str]) -> bool:
    """Whether any of the commands installs packages: with pip, uv or a ``setup.py``."""
    return any(
        _installs(words)
        for text in commands
        if _MAY_INSTALL.search(text)
        for words in started(text)
    )


def use_conda(commands: Iterable[str]) -> bool:
    """Whether any of the commands calls conda, mamba or micromamba, or activates for them."""
    return any(
        _is_conda(words)
        for text in commands
        if _MAY_BE_CONDA.search(text)
        for words in started(text)
    )


def started(text: str) -> Iterator[Words]:
    """The programs of a shell's text with their arguments, those of inner shells as well."""
    return _started(text, 0)


def _started(text: str, depth: int) -> Iterator[Words]:
    for command in _Scanner(text, depth).commands():
        words = _unwrapped(command)
        if not words:
            continue
        yield words
        inner = _script(words)
        if inner is not None and depth < _MAX_DEPTH:
            yield from _started(inner, depth + 1)


def _unwrapped(words: Words) -> Words:
    """The program itself, behind keywords, assignments and the programs that only start it."""
    at, wrapped = 0, False
    while at < len(words):
        word = words[at]
        if word in _WRAPPERS:
            wrapped = True
        elif not (
            word in _KEYWORDS
            or _ASSIGNMENT.match(word)
            or (wrapped and (word.startswith("-") or word[:1].isdigit()))
        ):
            return words[at:]
        at += 1
    return ()


def _script(words: Words) -> str | None:
    """The text that a shell is told to run."""
    if words[0] == "eval":
        return " ".join(words[1:])
    if basename(words[0]) in _SHELLS:
        for option, text in pairwise(words):
            if re.fullmatch(r"-[a-z]*c", option):
                return text
    return None


def _installs(words: Words) -> bool:
    program, *rest = basename(words[0]), *words[1:]
    if not rest:
        return False
    if program in {"uv", "easy_install"} or _PIP.fullmatch(program):
        return True
    return _PYTHON.fullmatch(program) is not None and _python_installs(rest)


def _python_installs(words: list[str]) -> bool:
    for at, word in enumerate(words):
        if word.startswith("-m"):
            module = word[2:] or next(iter(words[at + 1 :]), "")
            return module in {"pip", "uv"}
        if not word.startswith("-") and words[at - 1 : at] not in _WITH_VALUE:
            return basename(word) == "setup.py" and not {"install", "develop"}.isdisjoint(words)
    return False


def _is_conda(words: Words) -> bool:
    if words[0] in {"source", "."}:
        return words[1:2] in {("activate",), ("deactivate",)}
    return basename(words[0]) in _CONDAS


class _Scanner:
    """One pass over a text, or over a part of it in brackets."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self._text = text
        self._at = 0
        self._depth = depth
        self._found: list[Words] = []
        self._documents: list[tuple[str, bool]] = []

    def commands(self) -> list[Words]:
        """The words of all simple commands; those in brackets come before what holds them."""
        while self._at < len(self._text):
            self._list("")
        return self._found

    def _list(self, closer: str) -> None:
        """Read commands up to the bracket that closes them."""
        words: list[str] = []
        self._depth += 1
        while self._at < len(self._text):
            blank = _BLANK.match(self._text, self._at)
            if blank:
                self._at = blank.end()
                continue
            character = self._text[self._at]
            if character == closer:
                self._at += 1
                break
            if character in "\n;&|()":
                self._at += 1
                self._end(words)
                words = []
                self._between(character)
            elif character == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif character in "<>":
                self._redirection()
            elif character == "`" and closer == "`":
                break
            else:
                words.append(self._word(closer))
        self._depth -= 1
        self._end(words)

    def _end(self, words: list[str]) -> None:
        if words:
            self._found.append(tuple(words))

    def _between(self, character: str) -> None:
        if character == "\n":
            self._skip_documents()
        elif character == "(" and self._depth < _MAX_DEPTH:
            self._list(")")

    def _redirection(self) -> None:
        """``> file``, ``<(command)``, ``<< EOF``: nothing of it is an argument."""
        if self._text.startswith(("<(", ">("), self._at):
            self._at += 2
            if self._depth < _MAX_DEPTH:
                self._list(")")
            return
        found = _REDIRECTION.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        operator = found[0].strip() if found else ""
        target = self._word("")
        if operator in {"<<", "<<-"}:
            self._documents.append((target, operator == "<<-"))

    def _skip_documents(self) -> None:
        for delimiter, dash in self._documents:
            while self._at < len(self._text):
                line, _, _ = self._text[self._at :].partition("\n")
                self._at += len(line) + 1
                if (line.lstrip("\t") if dash else line) == delimiter:
                    break
        self._documents = []

    def _word(self, closer: str) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            plain = _PLAIN.match(self._text, self._at)
            character = self._text[self._at]
            if plain:
                parts.append(plain[0])
                self._at = plain.end()
            elif character in " \t\r\n;&|()<>" or character == closer == "`":
                break
            elif character == "'":
                parts.append(self._single())
            elif character == '"':
                parts.append(self._double())
            else:
                parts.append(self._expansion())
        return "".join(parts)

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        end = len(self._text) if end < 0 else end
        said = self._text[self._at + 1 : end]
        self._at = end + 1
        return said

    def _double(self) -> str:
        parts: list[str] = []
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != '"':
            plain = _IN_DOUBLE.match(self._text, self._at)
            if plain:
                parts.append(plain[0])
                self._at = plain.end()
            else:
                parts.append(self._expansion())
        self._at += 1
        return "".join(parts)

    def _expansion(self) -> str:
        """A backslash, ``$(…)``, backquotes, ``${…}``; what it comes to is the text it stands as.

        Commands in brackets are read for themselves.
        """
        start = self._at
        character = self._text[start]
        if character == "\\":
            self._at += 2
            return self._text[start + 1 : start + 2].replace("\n", "")
        parameter = _PARAMETER.match(self._text, start)
        if parameter:
            self._at = parameter.end()
            return parameter[0]
        closer = "`" if character == "`" else ")" * self._text.startswith("$(", start)
        self._at += 2 if closer == ")" else 1
        if closer and self._depth < _MAX_DEPTH:
            self._list(closer)
        return self._text[start : self._at]
