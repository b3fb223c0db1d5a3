"""Histories: run folders as runs leave them, by the thousand, made in seconds.

Each is a copy of one real run's folder. What a run never changes again is linked rather than
copied: what is measured reads it, or removes its name. Links to one file are limited (65,000 in
ext4), so there is a copy of each for every few thousand runs.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.records.names import ADJECTIVES, ANIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINKS = 10_000
_PASSING = frozenset({"state.json", "submitted.json", "lock", "supervisor"})
_MINUTE = timedelta(minutes=1)


def extend(runs: Path, total: int, workflows: int = 20) -> None:
    """Add runs older than those that are there, a minute apart, until there are ``total``.

    They are of as many workflows, the one of the real runs among them.
    """
    found = sorted(runs.iterdir())
    origin = found[-1]
    submitted = json.loads((origin / "submitted.json").read_bytes())
    state = json.loads((origin / "state.json").read_bytes())
    own = submitted["workflow"]
    stock = runs.with_name("stock")
    for number, name in zip(range(total - len(found)), _names(), strict=False):
        if number % _LINKS == 0:
            shutil.rmtree(stock, ignore_errors=True)
            shutil.copytree(origin, stock, symlinks=True)
        folder = runs / name
        _link(stock, folder)
        workflow = own if number % workflows == 0 else f"{own}-{number % workflows}"
        _write(folder / "submitted.json", {**submitted, "workflow": workflow})
        _write(folder / "state.json", _aged(state, (number + 2) * _MINUTE))
        for lock in ("lock", "supervisor"):
            os.close(os.open(folder / lock, os.O_WRONLY | os.O_CREAT, 0o600))
    shutil.rmtree(stock, ignore_errors=True)


def _names() -> Iterator[str]:
    """Names as many runs have them: each pair of words has several numbers."""
    number = 1000
    while True:
        for adjective in ADJECTIVES:
            for animal in ANIMALS:
                yield f"{adjective}-{animal}-{number}"
        number += 1


def _link(source: Path, target: Path) -> None:
    os.mkdir(target, 0o700)
    for entry in os.scandir(source):
        if entry.is_dir(follow_symlinks=False):
            _link(Path(entry.path), target / entry.name)
        elif entry.name not in _PASSING:
            os.link(entry.path, target / entry.name)


def _aged(state: dict[str, Any], by: timedelta) -> dict[str, Any]:
    history = [[status, _earlier(at, by)] for status, at in state["history"]]
    return {**state, "history": history}


def _earlier(stamp: str, by: timedelta) -> str:
    at = datetime.fromisoformat(stamp.replace("Z", "+00:00")) - by
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(path: Path, document: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document))
