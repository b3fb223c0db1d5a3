"""A run that begins: its folder is made aside, and appears among the others by one rename.

So a run that anybody sees has its first files, and whoever is killed in between leaves no half of
one. What is left aside then is removed by a later command.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from runner import tree
from runner.failpoints import reach
from runner.paths import RunPaths
from runner.records import folder, reserve, supervision, transit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.paths import Home
    from runner.records.state import State

_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})


class Started(NamedTuple):
    """A run's folder with the descriptors of its two locks."""

    paths: RunPaths
    lock: int
    supervising: int


def start(
    home: Home, document: dict[str, Any], first: State, choose: Callable[[Sequence[str]], str]
) -> Started:
    """Make a run's folder under a name that nobody else has, and take its locks.

    Raises:
        OSError: the state folder cannot be written.
        WfError: kind ``STORAGE``, for the same reason.
    """
    with _aside(home) as aside:
        lock, supervising = folder.hold(aside), supervision.hold(aside)
        folder.write_new(aside.submitted, document)
        folder.write_new(aside.state, first.document())
        reserve.keep(aside)
        reach("made")
        return Started(_appear(home, aside, choose), lock, supervising)


def whole(
    home: Home, work: Callable[[RunPaths], None], choose: Callable[[Sequence[str]], str]
) -> RunPaths:
    """Make a run that is over when it appears: ``work`` fills its folder.

    Raises:
        OSError: the state folder cannot be written.
        WfError: as ``work`` does.
    """
    with _aside(home) as aside:
        work(aside)
        reach("made")
        return _appear(home, aside, choose)


@contextmanager
def _aside(home: Home) -> Iterator[RunPaths]:
    """A folder that will be a run's; it goes when that comes to nothing."""
    made, held = transit.claim(home.starting)
    try:
        home.runs.mkdir(mode=0o700, exist_ok=True)
        yield RunPaths(made)
    except BaseException:
        with suppress(OSError):
            tree.remove(made)
        raise
    finally:
        os.close(held)


def _appear(home: Home, aside: RunPaths, choose: Callable[[Sequence[str]], str]) -> RunPaths:
    """Take a name; that a folder appears under it is what takes it."""
    from runner.records.names import candidates

    for name in candidates(choose):
        paths = home.run(name)
        if os.path.lexists(paths.root):
            continue  # an empty one would be replaced
        try:
            os.rename(aside.root, paths.root)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            continue
        return paths
    raise AssertionError
