"""An index that is new, made again or of an older schema is filled from the run folders."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from runner import tree
from runner.records import folder
from runner.records.index import Link, Row
from runner.units import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.paths import Home, RunPaths
    from runner.records.index import Index
    from runner.records.state import State

_AT_ONCE = 500
_PATIENT_SECONDS = 1.0


def fill(home: Home, index: Index, stamp: str, tell: Callable[[str], None]) -> None:
    """Put every run into the index; one command does it, and the others wait for that.

    It may be killed at any time: the next one begins again. ``tell`` is given a line for people
    when it takes longer than a moment.

    Raises:
        WfError: kind ``STORAGE`` when the index cannot be written.
    """
    with _turn(home, tell):
        if index.filled:
            return  # by whom we waited for
        try:
            names = os.listdir(home.runs)
        except FileNotFoundError:
            names = []
        for name in names:
            if name.startswith("."):  # older versions removed runs under such names
                with suppress(OSError):
                    tree.remove(home.runs / name)
        began, told = time.monotonic(), False
        for at in range(0, len(names), _AT_ONCE):
            _put(home, index, names[at : at + _AT_ONCE])
            took = time.monotonic() - began
            if took > _PATIENT_SECONDS and not told:
                told = True
                left = took / (at + _AT_ONCE) * (len(names) - at)
                tell(
                    f"making the index of runs again from {len(names):,} folders, which takes "
                    f"about {duration(left)}"
                )
        gone = [row.name for row in index.newest() if not os.path.lexists(home.run(row.name).root)]
        index.delete(*gone)
        index.fill(stamp)


def _put(home: Home, index: Index, names: list[str]) -> None:
    found = [one for name in names if (one := entry(home.run(name))) is not None]

    def there() -> Iterator[Row]:
        # asked while nobody else can write: a run that goes now is taken out of the index later
        for row, _ in found:
            if os.path.lexists(home.run(row.name).state):
                yield row

    index.put(there(), (link for _, links in found for link in links))


def entry(paths: RunPaths) -> tuple[Row, list[Link]] | None:
    """What the index is to say of a run, or ``None`` when its folder does not tell."""
    submitted, known = folder.read_submitted(paths), folder.read_state(paths)
    if submitted is None or known is None:
        return None
    name = paths.root.name
    inputs = (given.get("run") for given in submitted.get("dependencies", []))
    return row_of(paths, submitted, known), [Link(name, str(run)) for run in inputs if run]


def row_of(paths: RunPaths, submitted: dict[str, Any], known: State) -> Row:
    """A run's row."""
    return Row(
        name=paths.root.name,
        workflow=submitted["workflow"] or "",
        executor=submitted["executor"] or "",
        status=known.status,
        reason=known.reason,
        exit_code=known.exit_code,
        submitted_at=known.history[0][1],
        started_at=known.entered("running"),
        finished_at=known.finished_at,
        project=submitted.get("project"),
        fingerprint=(submitted.get("fingerprint") or {}).get("digest"),
    )


@contextmanager
def _turn(home: Home, tell: Callable[[str], None]) -> Iterator[None]:
    """Wait until nobody else fills it; the kernel lets go of who is killed."""
    descriptor = os.open(home.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another command, which makes the index of runs again")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
