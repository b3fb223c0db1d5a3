"""A run that is removed: out of sight by one rename, then file by file.

Its artifacts go first, then those names of the pool that they leave alone there, which the lists
tell, and the lists last: whoever goes on after a crash finds them.

Half a folder must not be taken for a run. What a killed command leaves of one is removed by the
next command (:mod:`runner.records.transit`).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from runner import tree
from runner.artifacts.manifest import noted
from runner.artifacts.store.afterwards import unmark
from runner.artifacts.store.pool import Pool
from runner.artifacts.store.room import Freeing
from runner.artifacts.store.taking import clear_staging
from runner.failpoints import reach
from runner.paths import RunPaths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.paths import Home


@contextmanager
def out_of_sight(home: Home, run: str) -> Iterator[Path]:
    """Take a run's folder away from the others; where it is then, for whoever empties it.

    Raises:
        OSError: it is not there (any more), or cannot be moved.
    """
    home.removed.mkdir(mode=0o700, exist_ok=True)
    before, gone = home.run(run).root, home.removed / f"{run}.{os.urandom(4).hex()}"
    descriptor = os.open(before, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # shared: whoever settles the run takes turns by the same lock, and is not waited for
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.rename(before, gone)
        yield gone
    finally:
        os.close(descriptor)


def empty(home: Home, gone: Path) -> int:
    """Remove a run's folder that is out of sight; the bytes that the disk gets back.

    Raises:
        OSError: something cannot be removed.
    """
    paths = RunPaths(gone)
    # who is sharing its files is waited for: for one file, as that one sees that it is gone
    unmark(home.unshared / gone.name.rpartition(".")[0])
    clear_staging(paths.artifacts)
    freed = Freeing().add(gone)
    with suppress(FileNotFoundError):
        tree.remove(paths.artifacts)
    reach("artifacts-removed")
    pool = Pool(home.objects)
    freed += sum(pool.release(digest) for digest in noted(paths.lists))
    tree.remove(gone)
    return freed
