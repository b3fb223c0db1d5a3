"""A run gets onto the record: when it begins, or before what it depends on."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.engine import inputs
from runner.engine.ending.verdict import cancelled
from runner.errors import WfError
from runner.plan.plan import Plan
from runner.records import asking
from runner.records.submission import described

if TYPE_CHECKING:
    from runner.engine.basis import Basis
    from runner.engine.parts import Parts
    from runner.plan.plan import Job
    from runner.records.opened import OpenRun
    from runner.workspace.source import Source


def submission(plan: Plan, parts: Parts, basis: Basis, source: Source) -> dict[str, Any]:
    """What is asked for, as it stands on the record."""
    job = plan.job
    made_of = job.fingerprint
    # what is still to be made is not known yet
    ready = all(given.run is not None for given in job.inputs)
    return {
        "workflow": job.workflow,
        "executor": job.executor,
        "project": str(basis.project),
        "fingerprint": made_of and made_of.document(),
        "dependencies": inputs.described(job, parts.records) if ready else [],
        "plan": plan.document(),
        "edits": job.edits,
        "source": source.document(),
        "asked": job.chosen and described(job.chosen, basis.code),
        "resumed_from": job.resumes,
    }


def reserve(job: Job, parts: Parts, basis: Basis) -> OpenRun:
    """The record of a run that begins when what it depends on has succeeded.

    Raises:
        WfError: kind ``STORAGE`` when the state folder cannot be written.
    """
    source = basis.source or basis.git.source()
    document = submission(Plan((job,)), parts, basis, source)
    return parts.records.create(document, parts.choose)


def give_up(run: OpenRun, because: str | None) -> None:
    """End a reserved run that was not begun; ``because`` is the workflow at fault, if one is."""
    asked = asking.read(run.paths)
    with suppress(WfError):
        if because and asked is None:
            message = f"it was not started: {because}, which it depends on, did not succeed"
            run.advance("cancelled", reason="dependency", message=message)
        else:
            verdict = cancelled(signal.SIGTERM, asked, how=" before it was started")
            run.advance("cancelled", reason=verdict.reason, message=verdict.message)
    run.close()
