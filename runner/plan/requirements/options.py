"""Options in a requirements file: those of pip, told apart as pip does it.

The form is pip's (pip.pypa.io, "Requirements File Format", and ``req_file.py`` of pip 23.2 for what
that page leaves open): a line is a requirement with options of its own behind it, or nothing but
options that hold for all files, several of them if need be.
"""

from __future__ import annotations

import re
import shlex
from types import MappingProxyType
from typing import NamedTuple

_BEGIN = re.compile(r"(?:^|\s)(?=-)")
_SHORT = MappingProxyType(
    {
        "-r": "--requirement",
        "-c": "--constraint",
        "-e": "--editable",
        "-i": "--index-url",
        "-f": "--find-links",
        "-C": "--config-settings",
    }
)
# other names for the same
_ALIASES = MappingProxyType(
    {
        "--pypi-url": "--index-url",
        "--config-setting": "--config-settings",
    }
)
FLAGS = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
"""Options without a value."""
FOR_ALL = frozenset(
    {"--requirement", "--constraint", "--editable", "--index-url", "--extra-index-url",
     "--find-links", "--no-binary", "--only-binary", "--trusted-host", "--use-feature"}
) | FLAGS  # fmt: skip
"""Options that stand on a line of their own."""
OF_ONE = frozenset({"--hash", "--config-settings", "--global-option", "--install-option"})
"""Options that stand behind a requirement."""


class Option(NamedTuple):
    """An option by its long name, with its value (empty for a flag), and as it was written."""

    name: str
    value: str
    written: str


class Mistake(Exception):  # noqa: N818 - it is told, not handled
    """Why a line's options cannot be read, and the word at fault."""

    def __init__(self, message: str, word: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.word = word
        self.hint = hint


def divided(text: str) -> tuple[str, str]:
    """A line as the requirement (or nothing) and its options, which pip looks at separately."""
    begin = _BEGIN.search(text)
    return (text[: begin.start()].strip(), text[begin.end() :]) if begin else (text, "")


def parse(text: str) -> list[Option]:
    """The options of a line.

    Raises:
        Mistake: a word that is no option of a requirements file, or one without its value.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Mistake(f"a quotation is not closed: {str(error).lower()}", "") from error
    found: list[Option] = []
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            if word == ";" and found and found[-1].name == "--editable":
                marker = " ".join(waiting)
                last = found.pop()
                found.append(last._replace(value=f"{last.value} ; {marker}"))
                continue
            raise Mistake(f"`{word}` belongs to no option", word, "quote a path that has blanks")
        name, value = _split(word)
        if name in FLAGS:
            if value is not None:
                raise Mistake(f"`{name}` takes no value", word)
            found.append(Option(name, "", word))
            continue
        if name not in FOR_ALL | OF_ONE:
            hint = "pip itself knows only some of its options in a requirements file"
            raise Mistake(f"`{name}` is no option of a requirements file", word, hint)
        given = next(waiting, None) if value is None else value
        if not given:
            raise Mistake(f"`{word}` lacks its value", word)
        found.append(Option(name, given, word.partition("=")[0]))
    return found


def _split(word: str) -> tuple[str, str | None]:
    """An option's long name, and its value where it stands in the same word."""
    if not word.startswith("--"):
        # pip takes the `=` of `-r=x` for a part of the name; uv does not, and nor do people
        value = word[2:].removeprefix("=")
        return _SHORT.get(word[:2], word[:2]), value or None
    name, equals, value = word.partition("=")
    return _ALIASES.get(name, name), value if equals else None
