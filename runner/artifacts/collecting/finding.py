"""Finding what a declared path stands for: the path itself, or all that matches it as a pattern."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import stored
from runner.paths import ABSOLUTE
from runner.spec.patterns import Pattern, fixed, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable


class Found(NamedTuple):
    """What a path stands for, sorted, none within another, each as the job has it.

    ``unread`` are folders that may not be looked into, with the reason.
    """

    paths: tuple[str, ...]
    unread: tuple[tuple[str, OSError], ...] = ()


def in_workspace(working_dir: str, path: str) -> Found:
    """What it stands for below the working directory, or anywhere if it is absolute."""
    return _found(path, lambda below: os.path.join(working_dir, below))


def among_artifacts(root: str, path: str) -> Found:
    """What it stands for below the folder of a run's artifacts, at the paths the job had."""
    return _found(path, lambda below: os.path.join(root, stored(below)))


def by_names(path: str) -> list[str]:
    """The order of the lists: by names, folder by folder."""
    return path.split("/")


def _found(path: str, where: Callable[[str], str]) -> Found:
    # something of this very name is meant before all that would match it
    if os.path.lexists(where(path)):
        return Found((path,))
    return _matches(path, where) if is_pattern(path) else Found(())


def _matches(path: str, where: Callable[[str], str]) -> Found:
    begin = fixed(path)
    pattern = Pattern.of(path[len(begin) :].lstrip("/"))
    found: list[str] = []
    unread: list[tuple[str, OSError]] = []
    left = [(begin, pattern.start())]
    while left:
        at, reached = left.pop()
        if pattern.matched(reached):
            if os.path.lexists(where(at)):
                found.append(at)
            continue
        try:
            entries = _entries(where(at))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            unread.append((at, error))
            continue
        for name, is_folder in entries:
            if not at and name == ABSOLUTE:
                continue  # what lies there has absolute paths
            further = pattern.step(reached, name)
            if further and (is_folder or pattern.matched(further)):
                left.append((f"{at}/{name}" if at else name, further))
    return Found(tuple(sorted(found, key=by_names)), tuple(unread))


def _entries(folder: str) -> list[tuple[str, bool]]:
    with os.scandir(folder) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]


def link_on_the_way(base: str, path: str) -> str | None:
    """The first folder on the way to ``path`` that is a link, as far as the way goes."""
    names = path.split("/")
    for end in range(1, len(names)):
        folder = "/".join(names[:end])
        if folder and os.path.islink(os.path.join(base, folder)):
            return folder
    return None
