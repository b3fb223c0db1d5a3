"""Whether large inputs of a job are laid below its workspace, or copied into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.disks import named, unwritable
from runner.failpoints import reach
from runner.records import manifests

if TYPE_CHECKING:
    from runner.artifacts.giving.layer import Layer
    from runner.engine.attempt import Attempt

# less than this is copied as fast as it takes to lay anything over it
_WORTH_IT = 64 << 20
_WHAT = "the workspace could not be laid over its inputs"


def offered(attempt: Attempt) -> Layer | None:
    """The layer that large inputs may be taken in to; ``None`` when they are all to be copied.

    What others are to see while the job runs, or after it, cannot be laid over anything: the
    daemon that has a container see the workspace has the machine's mounts, and not the run's.

    Raises:
        WfError: kind ``STORAGE`` when its folders cannot be made.
    """
    job, home = attempt.job, attempt.parts.records.home
    seen = job.edits or job.container is not None or any(kept.mount for kept in job.kept)
    if seen or job.in_place:
        return None
    former = [str(given.run) for given in job.inputs]
    if job.resumes is not None:
        former.append(job.resumes)
    kept = (manifests.read(home.run(name)) for name in former)
    size = sum(artifact.bytes for artifacts in kept for artifact in artifacts)
    if size < _WORTH_IT:
        return None
    from runner.artifacts.giving.layer import below

    try:
        return below(attempt.run.paths)
    except OSError as error:
        raise unwritable(_WHAT, named(error), attempt.run.paths.root) from error


def lay(layer: Layer | None) -> None:
    """Lay the workspace over it.

    Raises:
        WfError: kind ``STORAGE`` when that cannot be done.
    """
    if layer is None:
        return
    try:
        layer.lay()
        reach("laid")
    except OSError as error:
        raise unwritable(_WHAT, named(error), error.filename or "/") from error
