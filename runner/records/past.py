"""Former runs as the planner is told of them, and how long such runs take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import WfError
from runner.plan.facts import FormerInput, Past, PastRun, TaggedRun
from runner.records import folder, manifests
from runner.stamps import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.records.index import Row
    from runner.records.store import Records

# a run now and then takes longer than others do
_USUAL_OF = 5


def gather(
    records: Records,
    workflows: Mapping[str, str | None],
    tags: Iterable[str],
    project: str,
    unfit: Mapping[str, str],
) -> Past:
    """The runs of ``workflows`` that may serve, and who carries ``tags``.

    Of each workflow that is the newest that succeeded in the folder ``project`` and, if a
    fingerprint is given for it, the newest that had this one, wherever. ``unfit`` are runs that
    cannot serve, each with the reason: for each of them there is one more.
    """
    runs: list[PastRun] = []
    for workflow, fingerprint in workflows.items():
        most = 1 + len(unfit)
        rows = records.index().succeeded_in(workflow, project, most)
        if fingerprint is not None:
            rows += records.index().succeeded_as(workflow, fingerprint, most)
        rows.sort(key=lambda row: row.submitted_at, reverse=True)
        found = list({row.name: _run(row, project, unfit) for row in rows}.values())
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


def _run(row: Row, project: str, unfit: Mapping[str, str]) -> PastRun:
    here = row.project == project
    return PastRun(row.name, row.workflow, row.fingerprint, here=here, unfit=unfit.get(row.name))


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
    if not manifests.intact(paths):
        return f"the artifacts of {run} are gone"
    if same and not paths.code.exists():
        return f"files changed while {run} was being made"
    return None


def usual(records: Records, name: str, workflow: str) -> float | None:
    """How long jobs such as that of the run ``name`` took, in seconds: the median of a few.

    ``None`` when none of its workflow has succeeded, or the index cannot be read: it is but a
    guess.
    """
    try:
        rows = records.index().like(name, workflow, _USUAL_OF)
    except WfError:
        return None
    took = sorted(
        _seconds(row.started_at, row.finished_at)
        for row in rows
        if row.started_at and row.finished_at
    )
    return max(0.0, took[len(took) // 2]) if took else None


def _seconds(start: str, end: str) -> float:
    return (moment(end) - moment(start)).total_seconds()
