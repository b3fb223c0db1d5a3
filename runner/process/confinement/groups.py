"""Control groups of our own: made, entered, looked into and taken away again.

Named ``wf-PID-NUMBER`` after the process that made them, so that what a killed one left is told
from what is in use.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.process import tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PREFIX = "wf-"
# what a group that we are in ourselves must allow: we are a process like any other to the kernel
ROOM = 64 << 20
_TRIES = 20
_LOOK_AGAIN_SECONDS = 0.005


def make(parent: Path) -> Path:
    """A new group below ``parent``.

    Raises:
        OSError: none can be made there.
    """
    number = 0
    while True:
        group = parent / f"{_PREFIX}{os.getpid()}-{number}"
        try:
            group.mkdir(mode=0o755)
        except FileExistsError:
            number += 1
        else:
            return group


def write(file: Path, text: str) -> None:
    """Write to a file of a group, which the kernel takes as a command.

    Raises:
        OSError: it refuses.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def number(file: Path) -> int | None:
    """The number that a file of a group holds."""
    try:
        return int(file.read_bytes())
    except (OSError, ValueError):
        return None


def counter(file: Path, key: str) -> int:
    """The number behind a word in a file of a group; 0 when it is not there.

    Raises:
        OSError: the group is gone.
    """
    for line in file.read_text(encoding="ascii").splitlines():
        word, _, value = line.partition(" ")
        if word == key:
            return int(value)
    return 0


def move(pid: int, group: Path) -> None:
    """Put a process into a group.

    Raises:
        OSError: the process is gone, or the kernel refuses.
    """
    write(group / "cgroup.procs", str(pid))


@contextmanager
def visit(group: Path, home: Path) -> Iterator[None]:
    """Be in ``group`` for a moment; what is started meanwhile stays there.

    Raises:
        OSError: that cannot be had, or one could not come back from there.
    """
    move(os.getpid(), home)  # where we are: the kernel says whether we could come back
    move(os.getpid(), group)
    try:
        yield
    finally:
        move(os.getpid(), home)


def processes(group: Path) -> set[int]:
    """Who is in a group, and in groups below it; those that have ended are not."""
    found: set[int] = set()
    for folder, _, _ in os.walk(group):
        file = os.path.join(folder, "cgroup.procs")
        with suppress(OSError, ValueError), open(file, "rb") as lines:
            found.update(map(int, lines))
    return found - {0}  # of another namespace


def take_away(group: Path) -> None:
    """Remove a group, those below it first, and what killed ones of ours have left there.

    A group with a process in it stays.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_LOOK_AGAIN_SECONDS)
        if _removed(group):
            break
    for left in group.parent.glob(f"{_PREFIX}*-*"):
        maker = left.name.split("-")[1]
        with suppress(OSError, ValueError):
            if not tree.alive(int(maker)) and left.stat().st_uid == os.geteuid():
                _removed(left)


def left_by(makers: Iterable[int], trees: Iterable[Path]) -> dict[int, list[Path]]:
    """The groups that processes made which have ended; ``trees`` are the tops of hierarchies.

    What a living process has the id of is not told: the groups of that name may be its own.
    """
    gone = {maker for maker in makers if not tree.alive(maker)}
    found: dict[int, list[Path]] = {}
    if not gone:
        return found
    for top in trees:
        for folder, names, _ in os.walk(top):
            for name in names:
                word = name.split("-")[1] if name.startswith(_PREFIX) else ""
                if word.isdecimal() and int(word) in gone:
                    found.setdefault(int(word), []).append(Path(folder, name))
    return {maker: list(filter(_is_ours, groups)) for maker, groups in found.items()}


def _is_ours(group: Path) -> bool:
    try:
        return group.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # it is in use
            os.rmdir(folder)
    return not group.exists()
