"""What a run is given of others: looked up when it is made, and put into its workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.artifacts.giving.inputs import place
from runner.events import Warned
from runner.records import manifests
from runner.records.contents import Contents
from runner.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.artifacts.giving.layer import Layer
    from runner.artifacts.manifest import Artifact
    from runner.engine.attempt import Attempt
    from runner.plan.plan import Input, Job
    from runner.records.store import Records

_SHOWN = 3


def described(job: Job, records: Records) -> list[dict[str, Any]]:
    """The inputs of a job as they stand on the record."""
    return [
        {
            **given.document(),
            "artifacts": [artifact.path for artifact in _artifacts(given, records)],
        }
        for given in job.inputs
    ]


def put(attempt: Attempt, layer: Layer | None) -> int:
    """Put every input into the workspace, in the order written; how many artifacts there were.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be read or written.
    """
    job, records, observer = attempt.job, attempt.parts.records, attempt.session.observer
    working_dir = attempt.run.paths.workspace / job.working_dir
    progress = attempt.teller("inputs", "copied")
    placed: dict[str, Input] = {}
    found = [(given, _artifacts(given, records)) for given in job.inputs]
    every = [artifact for _, artifacts in found for artifact in artifacts]
    progress.expect(sum(one.files for one in every), sum(one.bytes for one in every))
    for given, artifacts in found:
        for artifact in artifacts:
            path = artifact.path
            if other := next((placed[known] for known in placed if _meet(path, known)), None):
                told = f"`{path}` comes from {other.run} and from {given.run}"
                observer.notify(Warned(f"{told}; where both have a file, the latter's is taken"))
            placed[path] = given
        source = records.home.run(str(given.run)).artifacts
        kept, inside = Contents(str(given.run), source, tuple(artifacts)), attempt.inside
        left = place(source, kept.entries(), working_dir, progress, layer, inside=inside)
        if left:
            observer.notify(Warned(not_put_back(str(given.run), left)))
        progress.go_on()
    return len(placed)


def not_put_back(run: str, paths: Sequence[str]) -> str:
    """What is said of absolute paths that are left alone."""
    shown = ", ".join(paths[:_SHOWN]) + (", …" if len(paths) > _SHOWN else "")
    what = f"{count(len(paths), 'file')} of {run} not put back, as there is something else"
    return f"{what}: {shown}"


def _artifacts(given: Input, records: Records) -> list[Artifact]:
    kept = manifests.read(records.home.run(str(given.run)))
    return [artifact for artifact in kept if artifact.digest]


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
