"""The installed packages of folders that come one after the other on Python's path."""

from __future__ import annotations

import csv
import json
import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_INFO = ".dist-info"
_RECORD = "RECORD"


class Distribution(NamedTuple):
    """A package in a folder; ``name`` is in its normal form (PEP 503)."""

    name: str
    info: Path

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return self.info.parent


def found(folders: Iterable[Path]) -> dict[str, Distribution]:
    """Every package by its name; what stands in an earlier folder hides what stands later."""
    seen: dict[str, Distribution] = {}
    for folder in folders:
        for one in sorted(inside(folder)):
            seen.setdefault(one.name, one)
    return seen


def inside(folder: Path) -> list[Distribution]:
    """The packages of one folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [
        Distribution(_name(name), folder / name)
        for name in names
        if name.endswith(_INFO) and "-" in name
    ]


def _name(info: str) -> str:
    return re.sub(r"[-_.]+", "-", info.partition("-")[0]).lower()


def files(one: Distribution) -> frozenset[str]:
    """What it has installed, as paths from its folder (``../../../bin/tool`` for a command)."""
    try:
        with (one.info / _RECORD).open(encoding="utf-8", newline="") as record:
            listed = [row[0] for row in csv.reader(record) if row]
    except FileNotFoundError:
        listed = []
    return frozenset({one.info.name, *map(posixpath.normpath, listed)})


def line(one: Distribution) -> str:
    """A package as ``pip freeze`` lists it; where it came from is told as PEP 610 records it.

    Raises:
        OSError, ValueError: its metadata cannot be read.
    """
    from packaging.version import Version

    try:
        said = json.loads((one.info / "direct_url.json").read_bytes())
    except FileNotFoundError:
        version = one.info.name.removesuffix(_INFO).partition("-")[2]
        return f"{one.name}=={Version(version)}"
    address = str(said["url"])
    if said.get("dir_info", {}).get("editable"):
        return f"-e {address}"
    if "vcs_info" in said:
        address = f"{said['vcs_info']['vcs']}+{address}@{said['vcs_info']['commit_id']}"
    below = f"#subdirectory={said['subdirectory']}" if "subdirectory" in said else ""
    return f"{one.name} @ {address}{below}"


def show(distributions: Iterable[Distribution], folder: Path) -> None:
    """Let an installer that looks into ``folder`` see packages that lie elsewhere.

    It finds them installed: their metadata are links. Taking one away takes only these.

    Raises:
        OSError: the folder cannot be written.
    """
    for one in distributions:
        shown = folder / one.info.name
        shown.mkdir()
        names = [name for name in os.listdir(one.info) if name != _RECORD]
        for name in names:
            (shown / name).symlink_to(one.info / name)
        lines = [f"{shown.name}/{name},,\n" for name in (*names, _RECORD)]
        (shown / _RECORD).write_text("".join(lines), encoding="utf-8")


def hide(distributions: Iterable[Distribution], folder: Path) -> None:
    """Take away what :func:`show` put there and is still there.

    Raises:
        OSError: the folder cannot be written.
    """
    for one in distributions:
        shown = folder / one.info.name
        metadata = shown / "METADATA"
        if metadata.is_symlink() and os.readlink(metadata) == str(one.info / "METADATA"):
            for path in shown.iterdir():
                path.unlink()
            shown.rmdir()
