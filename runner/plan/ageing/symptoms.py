"""The last words of a failed job or build -> whether what it ran into smells of age, and of what.

Most errors name what is missing; it is looked up in the same tables that scripts are checked with.
The rest are messages of well-known breaks, each with the release that brought it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.plan.ageing.catalogue import canonical, catalogue
from runner.plan.ageing.rules import PYTHON, Release, Removal
from runner.plan.ageing.tables.packages import SETUPTOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1 << 16
"""How much of a log is looked at, in bytes: its end."""


class Symptom(NamedTuple):
    """What a failure smells of: the cause in a sentence, and the release that brought it."""

    cause: str
    release: Release


_SETUPTOOLS_58 = Release("setuptools", "58.0.0", "2021-09-05", "3.6")
_PROTOBUF = Release("protobuf", "4.21.0", "2022-05-26", "3.7")
_NUMPY = Release("numpy", "2.0.0", "2024-06-16", "3.9")
_TORCHMETRICS = Release("torchmetrics", "1.0.0", "2023-07-05", "3.8")
_PYTHON_3_12 = Release(PYTHON, "3.12", "2023-10-02")
_LIGHTNING = Release("pytorch-lightning", "2.0.0", "2023-03-15", "3.8")

_MESSAGES: tuple[tuple[str, Symptom], ...] = (
    (
        r"No module named '?pkg_resources",
        Symptom("setuptools 82.0.0 and newer no longer bring `pkg_resources`", SETUPTOOLS),
    ),
    (
        r"Descriptors cannot (?:not )?be created directly",
        Symptom("protobuf 4 refuses code that was generated for protobuf 3", _PROTOBUF),
    ),
    (
        (
            r"A module that was compiled using NumPy 1\.x cannot be run in|_ARRAY_API not found"
            r"|numpy\.dtype size changed, may indicate binary incompatibility"
        ),
        Symptom("a package that was compiled for NumPy 1 met NumPy 2", _NUMPY),
    ),
    (
        r"use_2to3 is invalid",
        Symptom("setuptools 58.0.0 and newer build nothing that needs 2to3", _SETUPTOOLS_58),
    ),
    (
        r"No module named '?distutils",
        Symptom("Python 3.12 and newer no longer have `distutils`", _PYTHON_3_12),
    ),
    (
        r"cannot import name '_compare_version' from 'torchmetrics",
        Symptom("this Lightning is too old for torchmetrics 1.0.0", _TORCHMETRICS),
    ),
    (
        r"Support for `\w+` has been removed in v2\.0",
        Symptom("pytorch-lightning 2.0.0 removed a hook that the module still has", _LIGHTNING),
    ),
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_RESULTS = {"DataFrame": "DataFrame", "ImageDraw": "Draw", "FreeTypeFont": "truetype"}
# the errors that name what is missing, in CPython's words of 3.8 to 3.14
_MISSING = (
    r"No module named '(?P<module>[\w.]{1,200})'",
    r"cannot import name '(?P<name>\w{1,100})' from '(?P<source>[\w.]{1,200})'",
    r"module '(?P<owner>[\w.]{1,200})' has no attribute '(?P<attribute>\w{1,100})'",
    r"`np\.(?P<numpy>\w{1,100})` was removed in the NumPy",
    r"type object '(?P<class>\w{1,100})' has no attribute '(?P<member>\w{1,100})'",
    r"'(?P<object>\w{1,100})' object has no attribute '(?P<of>\w{1,100})'",
    (
        r"(?:(?P<call>\w{1,100})\.)?(?P<function>\w{1,100})\(\) "
        r"got an unexpected keyword argument '(?P<keyword>\w{1,100})'"
    ),
)


def symptom(text: str) -> Symptom | None:
    """What the end of a log smells of: the last such words count."""
    said = _COLOURS.sub("", text[-LIMIT:])
    found: list[tuple[int, Symptom]] = []
    for pattern, known in _MESSAGES:
        found += [(match.start(), known) for match in re.finditer(pattern, said)]
    for pattern in _MISSING:
        for match in re.finditer(pattern, said):
            removal = _looked_up({k: v for k, v in match.groupdict().items() if v})
            if removal is not None:
                found.append((match.start(), _of(removal)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _of(removal: Removal) -> Symptom:
    release = removal.release
    package = "Python" if release.package == PYTHON else release.package
    short = removal.name.rpartition(".")[2]
    what = {
        "name": removal.name,
        "keyword": f"{short}({removal.part}=…)",
        "member-keyword": f"{short}.{removal.part}({''.join(removal.values[:1])}=…)",
    }.get(removal.kind, f"{short}.{removal.part}")
    return Symptom(f"`{what}` left {package} in {release.version}", release)


def _looked_up(said: dict[str, str]) -> Removal | None:
    """The row that an error is about, if there is one."""
    match said:
        case {"class": owner, "member": member}:
            ending = f".{owner}.{member}"
            return _row(lambda row: row.kind == "name" and row.name.endswith(ending))
        case {"object": owner, "of": member}:
            maker = f".{_RESULTS.get(owner, owner)}"
            return _row(
                lambda row: row.kind == "member" and row.part == member and row.name.endswith(maker)
            )
        case {"function": function, "keyword": keyword}:
            return _unexpected(said.get("call"), function, keyword)
        case _:
            names = _full_names(said)
            rows = (catalogue().name(canonical(name)) for name in names)
            return next((row for row in rows if row is not None), None)


def _full_names(said: dict[str, str]) -> tuple[str, ...]:
    """What an error names: the thing itself, or for a module all that it lies in."""
    match said:
        case {"module": module}:
            parts = module.split(".")
            return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))
        case {"name": name, "source": source}:
            return (f"{source}.{name}",)
        case {"owner": owner, "attribute": attribute}:
            return (f"{owner}.{attribute}",)
        case {"numpy": name}:
            return (f"numpy.{name}",)
        case _:
            return ()


def _unexpected(owner: str | None, function: str, keyword: str) -> Removal | None:
    """The row for an argument that a call no longer takes."""
    if function == "__init__":
        # before 3.10 the class is not named: then only the Trainer, whose arguments are telling
        ending = f".{owner or 'Trainer'}"
        return _row(
            lambda row: (
                row.kind == "keyword"
                and not row.values
                and row.part == keyword
                and row.name.endswith(ending)
            )
        )
    return _row(
        lambda row: (
            (row.kind == "member-keyword" and (row.part, row.values) == (function, (keyword,)))
            or (
                row.kind == "keyword"
                and not row.values
                and row.part == keyword
                and row.name.endswith(f".{function}")
            )
        )
    )


def _row(fits: Callable[[Removal], bool]) -> Removal | None:
    return next((row for row in catalogue().rows if fits(row)), None)
