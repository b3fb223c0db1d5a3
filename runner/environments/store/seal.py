"""What an environment was when it was marked ready, and whether it still is.

It is asked before every use, and so must be cheap: for each folder its time of change, which tells
of files that were added or removed; for each file of code its own, which tells of a changed byte.
Bytecode does not count, as it is written by whoever imports a module first. A file whose times were
put back after it had been changed is found by :mod:`runner.environments.packages.files`, which
reads all of it.

A seal is one line of JSON, which says how long the parts behind it are: times in nanoseconds, paths
that a NUL ends, and the names in each folder, which are looked at only where a time has changed.
"""

from __future__ import annotations

import json
import os
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

_FORMAT = 1
_BYTECODE = b"__pycache__"
# uv's own lock on the environment
_UNCOUNTED = frozenset({_BYTECODE, b".lock"})
_CODE = (b".py", b".so", b".pth", b".cfg")
_SHARED_LIBRARY = b".so."
_COMMANDS = b"bin"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is not as it was, as paths below the environment."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.added)

    def __str__(self) -> str:
        told = [
            f"`{path}` {what}"
            for what, paths in (
                ("was changed", self.changed),
                ("is gone", self.missing),
                ("was added", self.added),
            )
            for path in paths
        ]
        more = len(told) - 1
        return told[0] + (f", and {more} more" if more else "") if told else "nothing"


class _Seal(NamedTuple):
    """``times`` are those of ``folders``, then those of ``code``; ``names`` is JSON."""

    folders: list[bytes]
    code: list[bytes]
    times: array[int]
    names: bytes


def write(root: Path, path: Path) -> None:
    """Seal the environment in the folder ``root`` as it is now.

    Raises:
        OSError: it cannot be read, or the seal not be written.
    """
    found = list(_walk(root))
    code = [
        os.path.join(folder, name)
        for folder, _, names in found
        for name in names
        if _is_code(folder, name)
    ]
    times = array("q", [time for _, time, _ in found]) + _times(root, code)
    names = json.dumps([[os.fsdecode(name) for name in names] for _, _, names in found])
    _keep(path, _Seal([folder for folder, _, _ in found], code, times, names.encode()))


def damage(root: Path, path: Path) -> Damage | None:
    """What has happened to a sealed environment; ``None`` if nothing.

    A folder in which something came and went is noted as it is now, so that the next look at it is
    quick again.
    """
    try:
        seal = _read(path)
        if _same(root, seal):
            return None
        found, times = _compare(root, seal)
    except FileNotFoundError as error:
        # the seal itself, or all of the environment in this very moment
        return Damage(missing=(os.path.basename(os.fsdecode(error.filename)),))
    except (OSError, ValueError, KeyError, TypeError):
        return Damage(changed=(path.name,))
    if found:
        return found
    with suppress(OSError):
        _keep(path, seal._replace(times=times))
    return None


def _same(root: Path, seal: _Seal) -> bool:
    try:
        return _times(root, seal.folders + seal.code) == seal.times
    except OSError:
        return False  # something is gone; what it is takes longer to say


def _compare(root: Path, seal: _Seal) -> tuple[Damage, array[int]]:
    """What differs, and the times of today where nothing does."""
    kept = dict(zip(seal.folders, _names(seal), strict=True))
    code = dict(zip(seal.code, seal.times[len(seal.folders) :], strict=True))
    changed, missing, added = [], [], []
    times = dict.fromkeys(seal.folders, 0)
    for folder, time, listed in _walk(root, kept):
        times[folder] = time
        there, was = set(listed), set(kept[folder])
        added += [_said(folder, name) for name in there - was]
        missing += [_said(folder, name) for name in was - there]
        changed += [
            _said(folder, name)
            for name in there & was
            if _is_code(folder, name)
            and code[os.path.join(folder, name)] != _time(root, os.path.join(folder, name))
        ]
    found = Damage(tuple(sorted(changed)), tuple(sorted(missing)), tuple(sorted(added)))
    return found, array("q", times.values()) + seal.times[len(seal.folders) :]


def _walk(
    root: Path, known: Container[bytes] | None = None
) -> Iterator[tuple[bytes, int, list[bytes]]]:
    """Every folder with its time and the names in it; only those in ``known``, if given."""
    base = os.fsencode(root)
    left = [b""]
    while left:
        folder = left.pop()
        where = os.path.join(base, folder)
        time = os.stat(where).st_mtime_ns  # before it is listed: what comes later changes it
        names = []
        with os.scandir(where) as entries:
            for entry in entries:
                if entry.name in _UNCOUNTED:
                    continue
                names.append(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    below = os.path.join(folder, entry.name)
                    if known is None or below in known:
                        left.append(below)
        yield folder, time, names


def _is_code(folder: bytes, name: bytes) -> bool:
    return name.endswith(_CODE) or _SHARED_LIBRARY in name or folder == _COMMANDS


def _times(root: Path, paths: list[bytes]) -> array[int]:
    inside = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return array("q", [os.lstat(path or b".", dir_fd=inside).st_mtime_ns for path in paths])
    finally:
        os.close(inside)


def _time(root: Path, path: bytes) -> int:
    return os.lstat(os.path.join(os.fsencode(root), path)).st_mtime_ns


def _said(folder: bytes, name: bytes) -> str:
    return os.fsdecode(os.path.join(folder, name))


def _names(seal: _Seal) -> list[list[bytes]]:
    return [[os.fsencode(name) for name in names] for names in json.loads(seal.names)]


def _read(path: Path) -> _Seal:
    """A seal as it was kept.

    Raises:
        OSError, ValueError, KeyError, TypeError: it cannot be read.
    """
    with path.open("rb") as file:
        head = json.loads(file.readline())
        if head["format"] != _FORMAT:
            raise ValueError(head)
        times = array("q")
        times.frombytes(file.read(head["times"]))
        paths = file.read(head["paths"]).split(b"\0")[:-1]
        names = file.read()
    if len(paths) != len(times):
        raise ValueError(path)
    return _Seal(paths[: head["folders"]], paths[head["folders"] :], times, names)


def _keep(path: Path, seal: _Seal) -> None:
    """Write it down as a whole: whoever reads it meanwhile reads the old one."""
    times = seal.times.tobytes()
    paths = b"".join(one + b"\0" for one in (*seal.folders, *seal.code))
    head = {"format": _FORMAT, "folders": len(seal.folders),
            "times": len(times), "paths": len(paths)}  # fmt: skip
    staged = path.with_name(f"{path.name}.{os.getpid()}")
    staged.write_bytes(json.dumps(head).encode() + b"\n" + times + paths + seal.names)
    staged.replace(path)
