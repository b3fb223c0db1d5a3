"""Single values of today's format (``type: task``): what may be written, and what it means.

The rules are those of 0.21.2:src/dstack/_internal/core/models, unless a docstring says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.document.document import Scalar
from runner.spec.forms import assignments
from runner.spec.mistakes import did_you_mean
from runner.spec.text import (
    below,
    duration,
    kind_of,
    mistake,
    part,
    port,
    switch,
    text,
    variable_name,
    word,
)
from runner.spec.workflow import Volume
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# where dstack put the project in its containers: until 0.19, and since
_PROJECT = re.compile(r"/(?:workflow|dstack/run)(?:/+(.*))?")
_BLANK = re.compile(r"([0-9]+)\s+([a-z])")
_SHELLS = ("sh", "bash")
_CRON_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Variables:
    """``env``: values of the file, and names whose values the caller must have set."""

    given: tuple[tuple[str, str], ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """``ports``: the job listens on ``number``; ``local`` is where the client reached it."""

    number: int
    local: int | None


@dataclass(frozen=True, slots=True)
class File:
    """``files``: both paths, or neither where the file is at its place already."""

    local: str | None = None
    target: str | None = None


def variables(value: Any) -> Variables:  # noqa: ANN401
    """A list of ``K=V`` and ``K`` (the caller's own value), or a mapping."""
    if isinstance(value, list):
        read = assignments(value)
        given = tuple((key, item) for key, item in read.items() if item is not None)
        return Variables(given, tuple(key for key, item in read.items() if item is None))
    if isinstance(value, dict):
        return Variables(
            tuple(
                (part(variable_name, key, key, at_key=True), part(_variable, item, key))
                for key, item in value.items()
            )
        )
    raise mistake(
        f"variables are wanted here, not {kind_of(value)}",
        "write `NAME: value` lines, or a list of NAME=value",
    )


def _variable(value: Any) -> str:  # noqa: ANN401
    if value is None:
        raise mistake("a value is missing here", 'write "" for an empty one')
    if isinstance(value, Scalar) and value.kind == "bool":
        raise mistake(
            f"a text or a number is wanted here, not {kind_of(value)}",
            f'put quotes around it: "{value}"',
        )
    return word(value)


def task_port(value: Any) -> Port:  # noqa: ANN401
    """``80``, ``local:80`` or ``*:80`` (0.10.6 and later; before, the order was the other one)."""
    local, colon, number = value.rpartition(":") if isinstance(value, str) else ("", "", value)
    if not colon or local == "*":
        return Port(_port(number, value), None)
    return Port(_port(number, value), _port(local, value))


def _port(number: Any, written: Any) -> int:  # noqa: ANN401
    if isinstance(number, str) and ":" not in number:
        return port(number)
    raise mistake(
        f"a port is wanted here, not {kind_of(written)}", "write 8080, 8000:8080 or *:8080"
    )


def span(value: Any) -> int | None:  # noqa: ANN401
    """A time span in seconds; 0 for ``off`` and ``false``, ``None`` for ``true`` (the default)."""
    if isinstance(value, Scalar) and value.kind == "bool":
        return None if switch(value) else 0
    blank = _BLANK.fullmatch(value) if isinstance(value, str) else None
    return duration(f"{blank[1]}{blank[2]}" if blank else value)


def idle_span(value: Any) -> int | None:  # noqa: ANN401
    """The same, where -1 is another word for ``off``."""
    return 0 if value == "-1" else span(value)


def shell(value: Any) -> str:  # noqa: ANN401
    """``sh``, ``bash`` or the absolute path of another shell."""
    written = text(value)
    if written in _SHELLS or written.startswith("/"):
        return written
    raise mistake(f"{quoted(written)} is no shell", "write sh, bash, or the absolute path of one")


def within_project(path: str) -> str | None:
    """A path below the project for one that dstack's containers had, or ``None`` for another."""
    found = _PROJECT.fullmatch(path)
    return None if found is None else below(found[1] or ".")


def working_dir(value: Any) -> str:  # noqa: ANN401
    """A folder below the project.

    Any absolute path is where a container has the project (0.20: listed repositories land in
    ``working_dir``), so it is the project folder itself.
    """
    written = text(value)
    if not written.startswith(("/", "~")):
        return below(written)
    return within_project(written) or "."


def file(value: Any) -> File:  # noqa: ANN401
    """``path``, ``local:container`` or ``{local_path, path}``."""
    local, target = _file_paths(value)
    if target is None or target == local:
        if local.startswith(("/", "~")):
            return File()
        return File(below(local), below(local))
    inside = within_project(target) or target
    if inside.startswith(("/", "~")):
        raise mistake(
            f"{quoted(target)} is a place in a container, where wf puts no files",
            "write a path below the working directory",
        )
    if local.startswith(("/", "~")):
        raise mistake(
            f"{quoted(local)} lies outside the project, and wf copies what is in it",
            "put it into the project, or let the commands read it where it is",
        )
    return File(below(local), below(inside))


def _file_paths(value: Any) -> tuple[str, str | None]:  # noqa: ANN401
    if isinstance(value, dict):
        if set(value) != {"local_path", "path"}:
            raise mistake(
                "`local_path` and `path` are wanted here, and nothing else", "write local:target"
            )
        return part(text, value["local_path"], "local_path"), part(text, value["path"], "path")
    local, *more = text(value).split(":")
    if len(more) > 1 or not local or more == [""]:
        message = f"a file and where it goes are wanted here, not {kind_of(value)}"
        raise mistake(message, "write local:target")
    return local, more[0] if more else None


def volume(value: Any) -> Volume:  # noqa: ANN401
    """A folder of this machine. One of a cloud can only be optional: it is never there."""
    found = Volume(*_volume_parts(value))
    if found.optional or found.source.startswith("/"):
        return found
    raise mistake(
        f"the volume {quoted(found.source)} lies in a cloud",
        "put the data where the commands find them, and take the volume out "
        f"(it was at {found.path})",
    )


def _volume_parts(value: Any) -> tuple[str, str, bool]:  # noqa: ANN401
    if isinstance(value, dict):
        known = ("name", "path", "instance_path", "optional")
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known, "the keys here are")
                raise mistake(f"unknown key {quoted(key)}", hint, at=(key,), at_key=True)
        source = value.get("instance_path", value.get("name"))
        source = source[0] if isinstance(source, list) and source else source
        optional = part(switch, value["optional"], "optional") if "optional" in value else False
        return text(source), _mount_point(value.get("path")), optional
    source, colon, path = text(value).rpartition(":")
    if not colon or not source:
        message = f"a volume is wanted here, not {kind_of(value)}"
        raise mistake(message, "write /folder:/folder")
    return source, _mount_point(path), False


def _mount_point(value: Any) -> str:  # noqa: ANN401
    path = text(value)
    if not path.startswith("/") or ".." in path.split("/"):
        raise mistake(f"{quoted(path)} is no absolute path", "write /folder:/folder")
    return path


def one_of(*words: str) -> Callable[[Any], str]:
    """A reader of one of some words."""

    def read(value: Any) -> str:  # noqa: ANN401
        written = text(value)
        if written in words:
            return written
        hint = did_you_mean(written, words, "the words here are")
        raise mistake(f"{quoted(written)} is not read here", hint)

    return read


def refused(message: str, hint: str) -> Callable[[Any], Any]:
    """A reader of what wf cannot do, whatever the value."""

    def read(_: Any) -> Any:  # noqa: ANN401
        raise mistake(message, hint)

    return read


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A reader of whole numbers from ``least`` to ``most``."""

    def read(value: Any) -> int:  # noqa: ANN401
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            number = int(value)
            if least <= number <= most:
                return number
        message = f"a number from {least} to {most} is wanted here, not {kind_of(value)}"
        raise mistake(message, f"write, for example, {least}")

    return read


def price(value: Any) -> str:  # noqa: ANN401
    """A price above zero."""
    written = value if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", written) and float(written) > 0:
        return str(written)
    raise mistake(f"a price is wanted here, not {kind_of(value)}", "write, for example, 1.5")


def labels(value: Any) -> Mapping[str, str]:  # noqa: ANN401
    """Names and their values."""
    if not isinstance(value, dict):
        message = f"a mapping is wanted here, not {kind_of(value)}"
        raise mistake(message, "write `name: value` lines")
    return {key: part(word, item, key) for key, item in value.items()}


def cron(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Five fields of a schedule, or several of them."""
    lines = value if isinstance(value, list) else [value]
    for line in lines:
        if len(text(line).split()) != _CRON_FIELDS:
            message = f"{quoted(line)} is no schedule: it has five fields"
            raise mistake(message, 'write, for example, "0 8 * * 1"')
    return tuple(map(str, lines))
