"""What a run needs only while it goes on, and what a crash leaves of a file that is replaced."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner import tree
from runner.artifacts.giving.settling import discard, settle
from runner.records.folder import STAGED

if TYPE_CHECKING:
    from runner.paths import RunPaths


def clear(paths: RunPaths, *, keep_workspace: bool) -> None:
    """Remove it; called before the end of the run is written, and safe to repeat.

    What cannot be removed stays: no run ends badly for that. A workspace is kept where not all of
    it could be collected, or the job edited what is to stay; one that is the project itself never
    counts as the run's.
    """
    with suppress(OSError):
        if keep_workspace:
            settle(paths, ".")
        discard(paths)
    with suppress(OSError):
        if paths.workspace.is_symlink():
            paths.workspace.unlink()
        elif not keep_workspace:
            tree.remove(paths.workspace)
    if not keep_workspace:
        with suppress(OSError):
            tree.remove(paths.fetched)
    for folder in (paths.own_environment, paths.copied, paths.fetching, paths.inside, paths.home):
        with suppress(OSError):
            tree.remove(folder)
    with suppress(OSError):
        staged = [name for name in os.listdir(paths.root) if name.endswith(STAGED)]
        # by now what a job with secrets noted is on the record, or nobody is left who could mask it
        passing = (paths.waiting, paths.progress, paths.unmasked_notes, paths.handed_on)
        for name in (*(path.name for path in (*passing, paths.variables)), *staged):
            with suppress(OSError):
                os.unlink(paths.root / name)
