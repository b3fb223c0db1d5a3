"""Reading single values: what a person may write, and what they are told otherwise.

Each reader takes what the document holds (a scalar as written, a list, a mapping) and returns the
meaning, or raises pydantic's custom error whose context carries a hint.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, TypeVar

from runner.document.document import Scalar
from runner.errors import Fix
from runner.units import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import PydanticCustomError

    from runner.errors import Route

T = TypeVar("T")

# 0.0.7:src/dstack/providers/__init__.py: suffixes with an i count in 1024, the others in 1000
_UNITS = {
    "mb": 10**6, "m": 10**6, "gb": 10**9, "g": 10**9, "tb": 10**12, "t": 10**12,
    "mib": 2**20, "mi": 2**20, "gib": 2**30, "gi": 2**30, "tib": 2**40, "ti": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,9})\s*([A-Za-z]+)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw]?)")
_NUMBER = re.compile(r"[0-9]{1,9}")
_PYTHON = re.compile(r"([0-9])\.(0|[1-9][0-9]?)(\.(0|[1-9][0-9]?))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.?post|\.?dev)[0-9]+)?")
_PORT = re.compile(r"([0-9]{1,5})(?::[0-9]{1,5})?")
_SWITCHES = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
_OLDEST_PYTHON = 6
_LAST_PORT = 65535


def mistake(  # noqa: PLR0913 - a value with six parts, written once
    message: str,
    hint: str | None = None,
    *,
    at: Route = (),
    at_key: bool = False,
    related: tuple[tuple[Route, str], ...] = (),
    fix: Fix | None = None,
) -> PydanticCustomError:
    """What a reader raises: a message in our voice, and what to write instead.

    ``at`` leads on from the value that is read to the part of it that is at fault, and so do the
    routes of ``related`` to other parts, each with what is there.
    """
    # options of the command line are read without it, as long as they are right
    from pydantic_core import PydanticCustomError

    # the message goes through a template, where braces are fields
    context = {
        "message": message,
        "hint": hint,
        "at": at,
        "at_key": at_key,
        "related": related,
        "fix": fix,
    }
    return PydanticCustomError("wf", "{message}", context)


def part(reader: Callable[[Any], T], value: Any, step: str | int, *, at_key: bool = False) -> T:  # noqa: ANN401
    """Read a part of a value, so that a mistake leads there and not to the whole."""
    from pydantic_core import PydanticCustomError

    try:
        return reader(value)
    except PydanticCustomError as error:
        said = error.context or {}
        at = (step, *said["at"])
        raise mistake(
            said["message"], said["hint"], at=at, at_key=at_key or said["at_key"]
        ) from None


def kind_of(value: Any) -> str:  # noqa: ANN401 - whatever YAML can hold
    """What a value is called in messages."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, Scalar) and value.kind in {"int", "float"}:
        return f"the number {shortened(value)}"
    return quoted(value) if value.strip() else "an empty text"


def text(value: Any) -> str:  # noqa: ANN401
    """A scalar, as it was written: ``3.10``, ``010`` and ``yes`` stay what they are."""
    if isinstance(value, str) and value.strip():
        return str(value)
    colon = isinstance(value, dict) and len(value) == 1
    hint = "put quotes around a text that holds a colon and a space" if colon else None
    fix = Fix("quote") if colon else None
    raise mistake(f"a text is wanted here, not {kind_of(value)}", hint, fix=fix)


def word(value: Any) -> str:  # noqa: ANN401
    """A scalar as it was written, which may be empty: an argument of a program."""
    return str(value) if isinstance(value, str) else text(value)


def name(value: Any) -> str:  # noqa: ANN401
    """A workflow's name: it becomes a word on the command line and part of nothing else."""
    written = text(value)
    if _NAME.fullmatch(written):
        return written
    raise mistake(
        f"{quoted(written)} cannot be a workflow's name",
        "use letters, digits, dots, dashes and underscores, at most 63, a letter or digit first",
    )


def tag(value: Any) -> str:  # noqa: ANN401
    """A tag, which names a run: spelled as a workflow's name."""
    written = text(value)
    if _NAME.fullmatch(written):
        return written
    raise mistake(
        f"{quoted(written)} cannot be a tag",
        "use letters, digits, dots, dashes and underscores, at most 63, a letter or digit first",
    )


def switch(value: Any) -> bool:  # noqa: ANN401
    """``true`` or ``false`` (YAML 1.2 knows no ``yes`` and ``on``)."""
    if isinstance(value, Scalar) and value.kind == "bool":
        return value.lower() == "true"
    meant = _SWITCHES.get(value.lower()) if isinstance(value, str) else None
    hint = f"write {meant}" if meant else "write one of the two"
    raise mistake(f"true or false is wanted here, not {kind_of(value)}", hint)


def count(value: Any) -> int:  # noqa: ANN401
    """A whole number of at least 1."""
    return _number(value, 1, "leave it out to share all cores")


def count_or_none(value: Any) -> int:  # noqa: ANN401
    """A whole number; 0 stands for none (0.0.7 reads ``gpu: 0`` so)."""
    return _number(value, 0, "write 0 for none")


def _number(value: Any, least: int, hint: str) -> int:  # noqa: ANN401
    if isinstance(value, str) and _NUMBER.fullmatch(value.removeprefix("-")):
        if int(value) >= least:
            return int(value)
        raise mistake(f"a number of at least {least} is wanted here, not {value}", hint)
    raise mistake(f"a whole number is wanted here, not {kind_of(value)}", "write, for example, 2")


def size(value: Any) -> int:  # noqa: ANN401
    """An amount of memory in bytes."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        number = value if isinstance(value, str) and _NUMBER.fullmatch(value) else "16"
        raise mistake(
            f"an amount of memory with its unit is wanted here, not {kind_of(value)}",
            f"write {number}GB (counted in 1000) or {number}GiB (counted in 1024)",
        )
    if int(found[1]) == 0:
        raise mistake("no memory at all is not enough", "leave the key out")
    return int(found[1]) * unit


def duration(value: Any) -> int:  # noqa: ANN401
    """A time span in seconds; 0 for ``off`` (0.21.2:.../core/models/duration.py)."""
    written = value if isinstance(value, str) else ""
    if written == "off":
        return 0
    found = _DURATION.fullmatch(written)
    if found is None:
        raise mistake(
            f"a time span is wanted here, not {kind_of(value)}",
            "write, for example, 90m or 2h (s, m, h, d or w after one number), or off",
        )
    if int(found[1]) == 0:
        raise mistake("no time at all is not enough", "write off for no limit")
    return int(found[1]) * _SECONDS[found[2]]


def python_version(value: Any) -> str:  # noqa: ANN401
    """A Python version as written: ``3.10`` is 3.10, whatever YAML thinks of numbers."""
    written = value if isinstance(value, str) else ""
    found = _PYTHON.fullmatch(written)
    if found is None:
        raise mistake(
            f"a Python version is wanted here, not {kind_of(value)}", "write, for example, 3.11"
        )
    if found[1] != "3" or int(found[2]) < _OLDEST_PYTHON:
        close = f"{written}0 or {written}1" if written == "3.1" else f"3.{_OLDEST_PYTHON} or newer"
        raise mistake(f"there is no environment with Python {written}", f"write {close}")
    return str(written)


def tool_version(value: Any) -> str:  # noqa: ANN401
    """The version of a tool: numbers and dots (0.1:cli/dstack/schemas/workflows.json)."""
    if isinstance(value, str) and _VERSION.fullmatch(value):
        return str(value)
    raise mistake(
        f"the version of a tool is wanted here, not {kind_of(value)}", "write, for example, 3.4.5"
    )


def port(value: Any) -> int:  # noqa: ANN401
    """A port that the job listens on: a number, or the first of ``container:local`` (0.9.2)."""
    found = _PORT.fullmatch(value) if isinstance(value, str) else None
    number = int(found[1]) if found else 0
    if not 1 <= number <= _LAST_PORT:
        raise mistake(
            f"a port is wanted here, not {kind_of(value)}", f"ports go from 1 to {_LAST_PORT}"
        )
    return number


def below(value: Any) -> str:  # noqa: ANN401
    """A path that stays below the folder it is read from, in its shortest form."""
    written = text(value)
    path = posixpath.normpath(written)
    if path.startswith("/"):
        raise mistake(
            f"{quoted(written)} is an absolute path", "write it relative to the project folder"
        )
    if path.startswith("~"):
        raise mistake(
            f"{quoted(written)}: `~` is not read here", "write a path below the project folder"
        )
    if path == ".." or path.startswith("../"):
        raise mistake(
            f"{quoted(written)} leads out of the project folder",
            "write a path below the project folder",
        )
    return path


def variable_name(written: str) -> str:
    """The name of an environment variable (POSIX 2017, chapter 8)."""
    if _VARIABLE.fullmatch(written):
        return written
    if not written:
        raise mistake("a variable without a name", "write NAME=value")
    raise mistake(
        f"{quoted(written)} cannot be the name of a variable",
        "use letters, digits and underscores, no digit first",
    )
