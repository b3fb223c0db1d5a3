"""Plan -> Record: carries a plan out, stage by stage, and writes down what came of it.

Every end is recorded: the job's own, wf's failures, interruptions. The environment is made ready
before devices are taken, so that nothing is held while packages install.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import errors
from runner.engine import inputs, simulated
from runner.engine.advice import Adviser
from runner.engine.attempt import Attempt
from runner.engine.basis import look
from runner.engine.clearing import clear
from runner.engine.collecting import keep
from runner.engine.execution import carry_out, leased
from runner.engine.placing import place_code, place_inputs
from runner.engine.provision import conda_of, provisioned
from runner.engine.verdict import cancelled_code, judge
from runner.errors import ENVIRONMENT, WfError
from runner.events import RunCreated
from runner.failpoints import reach
from runner.process.signals import Interrupted
from runner.records import folder

if TYPE_CHECKING:
    from pathlib import Path

    from runner.engine.basis import Basis
    from runner.engine.parts import Parts, Session
    from runner.plan.plan import Job, Plan
    from runner.process.values import Exit
    from runner.records.state import Status
    from runner.records.store import OpenRun

_REASONS = {
    errors.UNSATISFIABLE: "cannot_be_satisfied",
    errors.STORAGE: "storage",
    errors.BUSY: "busy",
    errors.ENVIRONMENT: "environment",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: its document, and the code that ``wf run`` exits with."""

    document: dict[str, Any]
    exit_code: int


def execute(
    plan: Plan, root: Path, parts: Parts, session: Session, basis: Basis | None = None
) -> Finished:
    """Carry out the job that was asked for on a snapshot of the project at ``root``.

    The runs that its inputs come from must be there. ``basis`` is what the snapshot is made from,
    if it was looked at before.

    Raises:
        WfError: wf's own failure, after it has been recorded.
    """
    basis = basis or look(root, session.variables)
    source = basis.source or basis.git.source()
    made_of = plan.job.fingerprint
    run = parts.records.create(
        {
            "workflow": plan.job.workflow,
            "executor": parts.executor.name,
            "project": str(basis.project),
            "fingerprint": made_of and made_of.document(),
            "dependencies": inputs.described(plan.job, parts.records),
            "plan": plan.document(),
            "edits": plan.job.edits,
            "source": source.document(),
        },
        parts.choose,
    )
    job = plan.job.of_run(run.name)
    adviser = Adviser(job, basis.project, session.variables)
    try:
        reach("created")
        session.observer.notify(RunCreated(run.name, plan.job.workflow))
        if source.diff:
            folder.write_bytes(run.paths.diff, source.diff)
        code = _go_through(Attempt(run, job, parts, session), adviser, basis)
        return Finished(parts.records.document(run.paths), code)
    except Interrupted as interruption:
        session.signals.arm()  # another one must not keep this from being written down
        name = signal.Signals(interruption.signal).name
        _end(
            run,
            job,
            "cancelled",
            reason="interrupted",
            message=f"interrupted ({name}) while it was {run.state.status}, before the job started",
        )
        return Finished(parts.records.document(run.paths), cancelled_code(interruption.signal))
    except WfError as error:
        session.signals.arm()
        if error.kind == ENVIRONMENT:
            adviser.after_build(error)
        if not run.state.terminal:
            reason = _REASONS.get(error.kind, "internal_error")
            _end(run, job, "failed", reason=reason, message=error.message, hint=error.hint)
        raise
    except Exception as error:
        session.signals.arm()
        if not run.state.terminal:
            with suppress(WfError):
                said = f"a bug in wf: {error!r}"
                _end(run, job, "failed", reason="internal_error", message=said)
        raise
    finally:
        run.close()


def _go_through(attempt: Attempt, adviser: Adviser, basis: Basis) -> int:
    """All stages in their order; the code for the shell."""
    simulated.announce(attempt)
    conda = conda_of(attempt)
    place_code(attempt, basis)
    reach("code-placed")
    place_inputs(attempt)
    reach("inputs-placed")
    attempt.run.advance("provisioning")
    with provisioned(attempt, conda) as environment, leased(attempt) as lease:
        ended = carry_out(attempt, environment, lease, basis.project.name)
    keep(attempt, ended)
    return _finish(attempt, ended.exited, adviser)


def _finish(attempt: Attempt, exited: Exit, adviser: Adviser) -> int:
    verdict = judge(exited)
    failed = verdict.status == "failed" and verdict.reason == "exit_code"
    advice = adviser.after_run(attempt.run.paths.log) if failed else None
    _end(
        attempt.run,
        attempt.job,
        verdict.status,  # type: ignore[arg-type]
        reason=verdict.reason,
        message=f"{verdict.message}: {advice.cause}" if advice else verdict.message,
        hint=advice.hint if advice else verdict.hint,
        exit_code=verdict.exit_code,
    )
    return verdict.shell_code


def _end(run: OpenRun, job: Job, status: Status, **facts: Any) -> None:  # noqa: ANN401 - those of advance
    """Write down the end, the last of all: whoever dies before has left a run that is not over."""
    clear(run.paths, keep_workspace=job.edits or facts["reason"] == "storage")
    reach("cleared")
    run.advance(status, **facts)
