"""Collecting by somebody else than who carried the run out: what it was to leave is on the record.

That is done for a run whose wf died, and again for one of which not everything could be kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.artifacts.collecting.collect import collect
from runner.artifacts.collecting.preparing import at_home
from runner.artifacts.store.pool import Pool
from runner.engine.ending.clearing import clear
from runner.engine.ending.sharing import share
from runner.errors import STORAGE, USAGE, WfError
from runner.plan.plan import DOCKER
from runner.records import folder, manifests
from runner.spec.interpolation import with_run_name
from runner.spec.workflow import ArtifactRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.artifacts.collecting.collect import Collected
    from runner.paths import Home, RunPaths
    from runner.records.store import Records


def recollect(
    paths: RunPaths, submitted: Mapping[str, Any], home: Home, *, durable: bool = True
) -> Collected:
    """Collect what the run was to leave behind, and write the list of it.

    Raises:
        WfError: kind ``STORAGE`` when that cannot be read or written.
    """
    requests = wanted(paths, submitted)
    try:
        job = submitted["plan"]["jobs"][-1]
        working_dir = paths.workspace / job["working_dir"]
    except (KeyError, IndexError, TypeError) as error:
        raise _unreadable() from error
    # what a container had is its own: nothing of this machine is taken for it
    root = paths.fetched if job.get("executor") == DOCKER else None
    done = collect(working_dir, requests, paths, Pool(home.objects), root=root)
    manifests.write(paths, done.artifacts, done.error, durable=durable)
    return done


def wanted(paths: RunPaths, submitted: Mapping[str, Any]) -> tuple[ArtifactRequest, ...]:
    """What a run was to leave behind.

    Raises:
        WfError: kind ``STORAGE`` when that cannot be read.
    """
    try:
        return _requests(paths, submitted["plan"]["jobs"][-1])
    except (KeyError, IndexError, TypeError) as error:
        raise _unreadable() from error


def _unreadable() -> WfError:
    return WfError(STORAGE, "what it was to leave behind cannot be read")


def missing(paths: RunPaths) -> WfError | None:
    """What could not be kept of a run whose artifacts have been collected."""
    error = (folder.read(paths.manifest) or {}).get("error")
    return error and WfError(STORAGE, str(error["message"]), hint=error["hint"])


def again(records: Records, paths: RunPaths) -> Collected | None:
    """Collect what could not be kept of a run that is over; ``None`` if all of it was.

    Its workspace goes when nothing is left in it that should be kept.

    Raises:
        WfError: kind ``USAGE`` when the run goes on, ``STORAGE`` when something cannot be written.
    """
    turn = folder.take_turns(paths)
    try:
        state = folder.read_state(paths)
        if state is None or not state.terminal:
            name = paths.root.name
            raise WfError(USAGE, f"{name} is not over yet", hint=f"wait for it: wf wait {name}")
        share(paths, records.home)
        if paths.manifest.exists() and missing(paths) is None:
            return None
        submitted = folder.read_submitted(paths) or {}
        if not paths.manifest.exists() and not paths.workspace.exists():
            return None  # it was given up, or never got so far
        done = recollect(paths, submitted, records.home)
        if done.error is None:
            clear(paths, keep_workspace=submitted.get("edits") is True)
        return done
    finally:
        os.close(turn)


def _requests(paths: RunPaths, job: dict[str, Any]) -> tuple[ArtifactRequest, ...]:
    """What a job was to leave behind; ``job`` is that of its plan, as it stands on the record."""
    if paths.workspace.is_symlink():
        return ()  # nothing is taken out of the project itself
    live = frozenset(job.get("live_artifacts", ()))
    requests = tuple(
        ArtifactRequest(with_run_name(path, paths.root.name), mount=path in live)
        for path in job["artifacts"]
    )
    return at_home(requests, os.path.realpath(os.path.expanduser("~")))
