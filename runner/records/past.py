"""Former runs as the planner is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.plan.facts import FormerInput, Past, PastRun, TaggedRun
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.records.store import Records


def gather(records: Records, workflows: Iterable[str], tags: Iterable[str], project: str) -> Past:
    """Runs of ``workflows`` that succeeded, and who carries ``tags``.

    ``project`` is the folder whose runs count as made here.
    """
    runs: list[PastRun] = []
    for workflow in workflows:
        found = [
            PastRun(row.name, workflow, row.fingerprint, here=row.project == project)
            for row in records.index().succeeded(workflow)
        ]
        newest = next((at for at, run in enumerate(found) if run.here), None)
        if newest is not None:
            found[newest] = _told(records, found[newest])
        runs += found
    return Past(tuple(runs), {tag: run for tag in tags if (run := _tagged(records, tag))})


def inputs_of(records: Records, run: str) -> tuple[FormerInput, ...]:
    """What a run was given of others, as far as those are still there with all they left behind."""
    submitted = folder.read_submitted(records.home.run(run)) or {}
    found = []
    for given in submitted.get("dependencies", ()):
        name = given["run"]
        if name is not None and unfit(records, name, same=False) is None:
            made = (folder.read(records.home.run(name).submitted) or {}).get("fingerprint") or {}
            mode, workflow, tag = given["mode"], given["workflow"], given["tag"]
            found.append(FormerInput(mode, workflow, tag, name, made.get("digest")))
    return tuple(found)


def _told(records: Records, run: PastRun) -> PastRun:
    """The run with what it was made of, for an explanation."""
    paths = records.home.run(run.name)
    submitted = folder.read(paths.submitted) or {}
    return run._replace(parts=submitted.get("fingerprint") or {}, files=folder.read(paths.code))


def _tagged(records: Records, tag: str) -> TaggedRun | None:
    carried = records.tags.read(tag)
    if carried is None:
        return None
    paths = records.home.run(carried.run)
    submitted, known = folder.read_submitted(paths), folder.read_state(paths)
    if submitted is None or known is None or not known.terminal:
        return None
    return TaggedRun(carried.run, submitted["workflow"])


def unfit(records: Records, run: str, *, same: bool) -> str | None:
    """Why a run cannot serve, or ``None``: what it left behind must be there.

    With ``same`` it must also be known that its code was that of its fingerprint.
    """
    paths = records.home.run(run)
    if not folder.intact(paths):
        return f"the artifacts of {run} are gone"
    if same and not paths.code.exists():
        return f"files changed while {run} was being made"
    return None
