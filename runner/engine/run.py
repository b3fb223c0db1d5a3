"""Plan -> Record: carries a plan out, stage by stage, and writes down what came of it.

Every end is recorded: the job's own, wf's failures, interruptions. The environment is made ready
before devices are taken, so that nothing is held while packages install.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import errors
from runner.engine import layering, simulated
from runner.engine.advice import Adviser
from runner.engine.again import restoring
from runner.engine.attempt import Attempt
from runner.engine.basis import look
from runner.engine.chronicle import Chronicle
from runner.engine.containing import check_daemon, image_of
from runner.engine.ending import space
from runner.engine.ending.clearing import clear
from runner.engine.ending.verdict import Verdict, cancelled, given_up
from runner.engine.ending.verdict import read as read_verdict
from runner.engine.ending.verdict import write as write_verdict
from runner.engine.execution import leased
from runner.engine.placing import place_code, place_inputs
from runner.engine.provision import conda_of, provisioned
from runner.engine.retrying import carry_out_patiently
from runner.engine.submitting import submission
from runner.errors import ENVIRONMENT, WfError
from runner.events import RunCreated
from runner.failpoints import reach
from runner.process.signals import Interrupted
from runner.records import asking, folder

if TYPE_CHECKING:
    from pathlib import Path

    from runner.engine.basis import Basis
    from runner.engine.parts import Parts, Session
    from runner.engine.retrying import Outcome
    from runner.plan.plan import Plan
    from runner.records.opened import OpenRun

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


def execute(  # noqa: PLR0913 - all that a run is made of
    plan: Plan,
    root: Path,
    parts: Parts,
    session: Session,
    basis: Basis | None = None,
    *,
    run: OpenRun | None = None,
) -> Finished:
    """Carry out the job that was asked for on a snapshot of the project at ``root``.

    The runs that its inputs come from must be there. ``basis`` is what the snapshot is made from,
    if it was looked at before, and ``run`` the one that was reserved for it, if one was.

    Raises:
        WfError: wf's own failure, after it has been recorded.
    """
    basis = basis or look(root, session.variables)
    source = basis.source or basis.git.source()
    document = submission(plan, parts, basis, source)
    # who is stopped from here on leaves a run, whose end has to be written down
    session.signals.arm()
    run = _opened(run, document, parts)
    chronicle = Chronicle(run.paths, session.observer)
    session = session._replace(observer=chronicle)
    job = plan.job.of_run(run.name)
    adviser = Adviser(job, basis.project, session.variables)
    try:
        session.signals.disarm()
        reach("created")
        session.observer.notify(RunCreated(run.name, plan.job.workflow))
        if source.diff:
            folder.write_bytes(run.paths.diff, source.diff)
        verdict = _go_through(Attempt(run, job, parts, session), adviser, basis)
        _end(run, verdict, edited=job.edits)
        if job.container is not None:
            parts.daemon().settle()  # which has removed it meanwhile
        return Finished(parts.records.document(run.paths), verdict.shell_code)
    except Interrupted as interruption:
        session.signals.arm()  # another one must not keep this from being written down
        how = f" while it was {run.state.status}, before the job started"
        verdict = cancelled(interruption.signal, asking.read(run.paths), how=how)
        _end(run, verdict, edited=job.edits)
        return Finished(parts.records.document(run.paths), verdict.shell_code)
    except WfError as error:
        session.signals.arm()
        if error.kind == ENVIRONMENT:
            adviser.after_build(error)
        if not run.state.terminal:
            reason = _REASONS.get(error.kind, "internal_error")
            known = read_verdict(run.paths)  # the job has ended before
            code = known and known.exit_code
            end = Verdict("failed", reason, error.message, code, error.hint)
            _end(run, end, edited=job.edits)
        raise
    except Exception as error:
        session.signals.arm()
        if not run.state.terminal:
            with suppress(WfError):
                end = Verdict("failed", "internal_error", f"a bug in wf: {error!r}", None)
                _end(run, end, edited=job.edits)
        raise
    finally:
        chronicle.close()
        run.close()


def _opened(reserved: OpenRun | None, document: dict[str, Any], parts: Parts) -> OpenRun:
    if reserved is None:
        return parts.records.create(document, parts.choose)
    reserved.submit(document)
    return reserved


def _go_through(attempt: Attempt, adviser: Adviser, basis: Basis) -> Verdict:
    """All stages in their order; what the job came to."""
    simulated.announce(attempt)
    check_daemon(attempt)
    conda = conda_of(attempt)
    place_code(attempt, basis)
    reach("code-placed")
    code = restoring.in_the_way(attempt)
    layer = layering.offered(attempt)
    place_inputs(attempt, layer)
    reach("inputs-placed")
    restoring.restore(attempt, code, layer)
    layering.lay(layer)
    attempt.run.advance("provisioning")
    image = image_of(attempt, basis.project)
    attempt = attempt._replace(image=image)
    with provisioned(attempt, conda, image) as environment, leased(attempt) as lease:
        outcome = carry_out_patiently(attempt, environment, lease, basis.project)
        verdict = _judged(attempt, outcome, adviser)
    from runner.engine.collecting import keep

    kept = keep(attempt, outcome.ended)
    return verdict if kept else _aborted(attempt, verdict)


def _judged(attempt: Attempt, outcome: Outcome, adviser: Adviser) -> Verdict:
    """What the job came to; on the disk before anything is collected."""
    paths, verdict = attempt.run.paths, outcome.verdict
    if outcome.stopped is not None:
        how = f" before it was started again ({verdict.message})"
        verdict = cancelled(outcome.stopped, asking.read(paths), verdict.exit_code, how)
    verdict = adviser.after_run(paths, attempt.parts.records, verdict)
    verdict = space.explained(verdict, paths, attempt.session.variables)
    with suppress(WfError):  # a full disk keeps the artifacts from being collected, and tells so
        write_verdict(paths, verdict)
    reach("verdict-written")
    return verdict


def _aborted(attempt: Attempt, verdict: Verdict) -> Verdict:
    """The verdict on a run whose artifacts were given up."""
    if verdict.reason == "aborted":
        return verdict
    found = given_up(verdict, asking.read(attempt.run.paths))
    write_verdict(attempt.run.paths, found)
    return found


def _end(run: OpenRun, verdict: Verdict, *, edited: bool) -> None:
    """Write down the end, the last of all: whoever dies before has left a run that is not over.

    A workspace is kept where what could not be collected is still in it, or the job edited what is
    to stay.
    """
    left = verdict.reason == "storage" and run.state.status in ("running", "collecting")
    clear(run.paths, keep_workspace=edited or left)
    reach("cleared")
    run.advance(
        verdict.status,  # type: ignore[arg-type]
        reason=verdict.reason,
        message=verdict.message,
        hint=verdict.hint,
        exit_code=verdict.exit_code,
    )
