"""What a job leaves behind: its use of the machine, and its artifacts."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from runner import tree
from runner.artifacts.collecting.collect import Told, collect
from runner.artifacts.entries import stored
from runner.artifacts.store.afterwards import mark
from runner.artifacts.store.pool import Pool
from runner.engine import fetching
from runner.engine.accounting import usage
from runner.engine.ending.verdict import shell_code, shortcomings
from runner.engine.fetching import Fetched
from runner.envvars import WF_RUN
from runner.errors import WfError
from runner.events import PhaseFinished, PhaseStarted, Warned
from runner.failpoints import reach
from runner.process.signals import Interrupted
from runner.records import folder, manifests
from runner.records.asking import aborted
from runner.records.reserve import helps
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.artifacts.collecting.collect import Collected
    from runner.artifacts.manifest import Artifact
    from runner.engine.attempt import Attempt
    from runner.engine.execution import Ended
    from runner.paths import RunPaths


def keep(attempt: Attempt, ended: Ended) -> bool:
    """Write it all down, and collect the artifacts; ``False`` when somebody gave these up."""
    paths, exited = attempt.run.paths, ended.exited
    attempt.run.advance("collecting", exit_code=shell_code(exited) if not exited.lost else None)
    for text in shortcomings(exited):
        attempt.notify(Warned(text))
    used = usage.document(exited, ended.wall, ended.sampled, _own_peak())
    with suppress(WfError):  # on a full disk the artifacts matter more
        folder.write(paths.usage, used, durable=False)
    if said := usage.idle(used):
        attempt.notify(Warned(said))
    signals = attempt.session.signals
    signals.only_abort(lambda: aborted(paths))
    try:
        kept = not aborted(paths) and _collected(attempt, ended)
    except Interrupted:
        kept = False
    finally:
        signals.arm()
    if not kept:
        # half of them would be taken for all of them
        with suppress(FileNotFoundError):
            tree.remove(paths.artifacts)
    fetching.discard(attempt)
    return kept


def _collected(attempt: Attempt, ended: Ended) -> bool:
    """Collect the artifacts."""
    paths = attempt.run.paths
    started = time.monotonic()
    attempt.notify(PhaseStarted("artifacts", "collecting"))
    working_dir = paths.workspace / attempt.job.working_dir
    reach("collecting")
    tell = attempt.teller("artifacts", "kept")
    tell.expect_of(lambda: tree.measure(paths.artifacts))
    told = Told(attempt.teller("artifacts", "copied"), tell)
    home = attempt.parts.records.home

    def later() -> bool:
        # within another run's job nobody could do it later: what outlives a job is ended
        return WF_RUN not in attempt.session.variables and mark(home.unshared / attempt.run.name)

    fetched, root = Fetched(), None
    if attempt.job.container is not None:
        fetched, root = _fetched(attempt, ended, told.copied), paths.fetched

    def collected() -> Collected:
        pool = Pool(home.objects)
        return collect(working_dir, attempt.requests, paths, pool, told, root=root, later=later)

    try:
        kept, remarks, error = collected()
    except WfError as failed:
        # files are moved, but lists are written: on a full disk there is room for short ones
        if not isinstance(failed.__cause__, OSError) or not helps(failed.__cause__, paths.root):
            raise
        kept, remarks, error = collected()
    remarks, error = (*fetched.remarks, *remarks), error or fetched.error
    attempt.session.signals.arm()  # what is complete is not given up any more
    reach("collected")
    manifests.write(paths, kept, error)
    reach("manifest-written")
    for remark in remarks:
        attempt.notify(Warned(remark))
    if attempt.job.edits and not attempt.job.in_place:
        attempt.notify(Warned(f"what was edited stays in {paths.workspace} until `wf rm`"))
    text = ", ".join(
        f"{_called(artifact, paths)} {count(artifact.files, 'file')} {amount(artifact.bytes)}"
        for artifact in kept
        if artifact.digest
    )
    if text:
        attempt.notify(PhaseFinished("artifacts", text, time.monotonic() - started))
    if error is not None:
        raise error
    return True


def _fetched(attempt: Attempt, ended: Ended, tell: Callable[[int, int], None]) -> Fetched:
    """What lies in the container is fetched; it is not needed any more then."""
    if not attempt.job.kept_outside:
        return Fetched()
    container, paths = fetching.container_of(attempt), attempt.run.paths
    if ended.exited.lost is None:
        return fetching.fetch(container, attempt.requests, paths, tell)
    # that it is lost says more than that its files are, too
    found = fetching.fetch(container, attempt.requests, paths, tell, patience=0)
    return found if found.error is None else Fetched((found.error.message,))


def _called(artifact: Artifact, paths: RunPaths) -> str:
    """Its path, with a slash behind that of a folder."""
    whole = paths.artifacts / stored(artifact.path)
    return f"{artifact.path}/" if whole.is_dir() and not whole.is_symlink() else artifact.path


def _own_peak() -> int:
    """The most memory that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2)
