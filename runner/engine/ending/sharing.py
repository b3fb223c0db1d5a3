"""What is left to be done of runs that have ended: many files are made one with their equals.

Nobody waits for it: a process of its own does it, which stands back. Whatever becomes of that one,
the mark at a run stays until it is done, and the next such process goes on, or ``wf prune``.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from runner import fork
from runner.artifacts.store import afterwards
from runner.artifacts.store.pool import Pool
from runner.disks import named, unwritable
from runner.process.background import stand_back
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.paths import Home, RunPaths

_FIRST = 3  # descriptors that are no streams


def begin(home: Home, runs: Iterable[str]) -> None:
    """Start such a process if it is needed for one of these runs, and forget it.

    It has nothing of ours but a copy of our memory, most of which is not copied as it is not
    written to: a new interpreter would take more.
    """
    if not any((home.unshared / name).exists() for name in runs):
        return

    def work(_: int) -> None:
        os.closerange(_FIRST, os.sysconf("SC_OPEN_MAX"))
        os.chdir("/")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        stand_back()
        with suppress(OSError):
            for paths in pending(home):
                with suppress(OSError):  # what is wrong with one is no matter of the others
                    _share(paths, home, wait=False)

    with suppress(OSError):  # no more processes for this user: somebody else does it
        os.close(fork.detached(work, lambda *_: os._exit(0)).output)


def share(paths: RunPaths, home: Home) -> int:
    """Do it now, or wait until it has been done; the bytes that the disk got back from us.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be read or written.
    """
    try:
        return _share(paths, home, wait=True)
    except OSError as error:
        what = f"equal files of {paths.root.name} could not be made one"
        raise unwritable(what, named(error), paths.root) from error


def pending(home: Home) -> list[RunPaths]:
    """The runs of which that is left to be done, but those that are not over yet."""
    with suppress(FileNotFoundError):
        runs = [home.run(name) for name in sorted(os.listdir(home.unshared))]
        return [paths for paths in runs if _is_over(paths)]
    return []


def _is_over(paths: RunPaths) -> bool:
    state = folder.read_state(paths)
    return state is None or state.terminal  # it may be gone


def _share(paths: RunPaths, home: Home, *, wait: bool) -> int:
    unshared = home.unshared / paths.root.name
    return afterwards.share(paths, unshared, Pool(home.objects), wait=wait)
