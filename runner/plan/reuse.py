"""Jobs that know nothing of each other -> a Plan: where inputs come from, what is reused, and why.

What was asked for is always run. What it depends on is reused when a former run was the same, and
then nothing is needed of what that run itself depended on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.errors import UNSATISFIABLE, Problem, WfError
from runner.plan.fingerprint import NAMES, Fingerprint, hashed, part_name
from runner.plan.plan import Input, Plan
from runner.spec.mistakes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.plan.environment import EnvironmentSpec
    from runner.plan.facts import Code, FormerInput, Past, PastRun, TaggedRun
    from runner.plan.plan import Job
    from runner.spec.workflow import Dependency, Workflow

_SHOWN_FILES = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What the decision rests on.

    ``workflows`` are the names of all there are. ``code`` is that of each workflow;
    ``environments`` are the fingerprints of environments.
    """

    workflows: tuple[str, ...]

    code: Mapping[str, Code]
    environments: Mapping[EnvironmentSpec, str]
    past: Past


def link(
    jobs: Sequence[tuple[Workflow, Job]],
    known: Known,
    *,
    fresh: bool = False,
    everything: bool = False,
) -> Plan:
    """The plan for jobs in an order that works, the last one being what was asked for.

    ``fresh``: nothing is reused. ``everything``: each job was asked for.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when a run that is needed is not there; every one of them.
    """
    told = _Linking(jobs, known, everything=everything)
    if told.problems:
        first = told.problems[0].message
        raise WfError(UNSATISFIABLE, first, problems=tuple(told.problems))
    if everything:
        return Plan(tuple(told.linked.values()), everything=True)
    return Plan(_needed(told.linked, known, fresh=fresh))


class _Linking:
    """Inputs and fingerprints, in the order of the jobs."""

    def __init__(
        self, jobs: Sequence[tuple[Workflow, Job]], known: Known, *, everything: bool
    ) -> None:
        self._known = known
        self._everything = everything
        self._asked = jobs[-1][0] if jobs else None
        self.linked: dict[str, Job] = {}
        self.problems: list[Problem] = []
        for workflow, job in jobs:
            found = [self._input(needed, workflow) for needed in workflow.dependencies]
            inputs = tuple(given for given in found if given is not None)
            self.linked[job.workflow] = replace(
                job,
                inputs=inputs,
                fingerprint=fingerprint_of(
                    job,
                    known.code[job.workflow].digest,
                    known.environments[job.environment],
                    tuple(self._said(given, workflow) for given in inputs),
                ),
            )

    def _input(self, needed: Dependency, workflow: Workflow) -> Input | None:
        if needed.mode == "run":
            return Input("run", needed.workflow)
        former = self._former(needed, workflow)
        if former is not None:
            return Input(needed.mode, former.workflow, needed.tag, former.run)
        return self._there(needed, workflow)

    def _there(self, needed: Dependency, workflow: Workflow) -> Input | None:
        """A run that is there, to be taken as an input."""
        past = self._known.past
        name = needed.workflow
        if needed.mode == "last":
            if self._everything and name in self.linked and name != workflow.name:
                return Input("last", name)
            run = next((run for run in past.runs if _serves(run, name) and run.here), None)
            if run is not None:
                return Input("last", name, run=run.name)
            self.problems.append(_no_run(needed, self._known.workflows))
            return None
        tagged = past.tags.get(needed.tag or "")
        if tagged is not None and name in {None, tagged.workflow}:
            return Input("tag", tagged.workflow, needed.tag, tagged.name)
        self.problems.append(_no_tag(needed, tagged))
        return None

    def _former(self, needed: Dependency | Input, workflow: Workflow) -> FormerInput | None:
        """What the run that is repeated or resumed was given here."""
        if workflow is not self._asked:
            return None
        wanted = (needed.mode, needed.workflow, needed.tag)
        for former in self._known.past.inputs:
            # a tag may be written without a workflow, and is found with one
            if wanted in {former[:3], (former.mode, None, former.tag)}:
                return former
        return None

    def _said(self, given: Input, workflow: Workflow) -> str:
        """An input as it counts for the fingerprint."""
        if given.run is not None:
            return f"run {given.run}"
        former = self._former(given, workflow)
        if former is not None:
            return f"same as {former.fingerprint}"
        made = self.linked[str(given.workflow)].fingerprint
        return f"same as {made.digest if made else ''}"


def fingerprint_of(job: Job, code: str, environment: str, inputs: tuple[str, ...]) -> Fingerprint:
    """The fingerprint of a job.

    ``code`` and ``environment`` are digests; ``inputs`` are the fingerprints of the jobs it
    depends on, or the names of runs where those were chosen.
    """
    launch = job.launch
    told = {
        "launch": [type(launch).__name__, *(getattr(launch, name) for name in launch.__slots__)],
        "before": job.before,
        "working_dir": job.working_dir,
        "artifacts": [artifact.path for artifact in job.artifacts],
        "files": [[copied.local, copied.target] for copied in job.files],
        "nodes": job.nodes,
    }
    local = [[one.path, one.extras, one.editable] for one in job.environment.local]
    if local:  # told only where there are some: runs that were made before have none
        told["local"] = local
    parts = {
        "code": code,
        "command": hashed(told),
        # of a variable that is passed on nobody keeps the value, not even as a hash
        "variables": hashed([sorted(job.parameters), sorted(job.variables), sorted(job.passed)]),
        "environment": environment,
        "inputs": hashed(inputs),
    }
    if job.simulated:
        parts["devices"] = hashed(job.simulated)
    if job.resumes is not None:
        parts["resumed"] = hashed(job.resumes)
    return Fingerprint(tuple((name, parts[name]) for name in NAMES if name in parts))


def _serves(run: PastRun, workflow: str | None) -> bool:
    return run.workflow == workflow and run.unfit is None


def _no_run(needed: Dependency, workflows: tuple[str, ...]) -> Problem:
    name = needed.workflow or ""
    hint = f"`wf run {name}` makes one; `depends-on` would run it by itself"
    if name not in workflows:
        hint = did_you_mean(name, workflows, "the workflows are")
    message = f"no run of `{name}` has succeeded here yet"
    return Problem(message, route=needed.route, hint=hint, code="no-run")


def _no_tag(needed: Dependency, other: TaggedRun | None) -> Problem:
    if other is None:
        message = f"no run carries the tag `{needed.tag}`"
    else:
        whose = f"a run of `{other.workflow}`" if other.workflow else "files added by hand"
        message = f"the tag `{needed.tag}` belongs to {whose}, not `{needed.workflow}`"
    add = f"wf tags add {needed.tag}"
    hint = f"`{add} RUN` gives it to a run, `{add} -a PATH` to files of your own"
    if needed.workflow:
        hint = f"`wf run {needed.workflow} -t {needed.tag}` makes one"
    return Problem(message, route=needed.route, hint=hint, code="no-tag")


def _needed(linked: Mapping[str, Job], known: Known, *, fresh: bool) -> tuple[Job, ...]:
    """Decide from what was asked for backwards; only what a job to be run needs is looked at."""
    decided: dict[str, Job] = {}
    asked = linked[list(linked)[-1]]
    waiting = [asked]
    while waiting:
        job = waiting.pop(0)
        if job.workflow in decided:
            continue
        if job is asked:
            decided[job.workflow] = job
        else:
            decided[job.workflow] = _decide(job, known, fresh=fresh)
        if decided[job.workflow].action == "run":
            waiting += [linked[str(given.workflow)] for given in job.inputs if given.run is None]
    return tuple(_with_runs(decided[name], decided) for name in linked if name in decided)


def _with_runs(job: Job, decided: Mapping[str, Job]) -> Job:
    """The inputs of a job with the runs that are reused for them."""

    def resolved(given: Input) -> Input:
        made = decided.get(given.workflow or "")
        if given.run is None and made is not None and made.run is not None:
            return replace(given, run=made.run)
        return given

    if job.action == "reuse":
        return job
    return replace(job, inputs=tuple(resolved(given) for given in job.inputs))


def _decide(job: Job, known: Known, *, fresh: bool) -> Job:
    if fresh:
        return replace(job, reason="nothing is reused (--fresh)")
    given = (one for one in known.past.inputs if (one.mode, one.workflow) == ("run", job.workflow))
    again = next(given, None)
    if again is not None:
        reason = f"{again.run} is what the former run was given"
        return replace(job, action="reuse", reason=reason, run=again.run)
    former = [run for run in known.past.runs if run.workflow == job.workflow]
    digest = job.fingerprint.digest if job.fingerprint else ""
    same = next((run for run in former if run.fingerprint == digest and run.unfit is None), None)
    if same is not None:
        reason = f"same code, variables, environment and inputs as {same.name}"
        return replace(job, action="reuse", reason=reason, run=same.name)
    here = next((run for run in former if run.here), None)
    return replace(job, reason=_why(job, here, known.code[job.workflow]))


def _why(job: Job, former: PastRun | None, code: Code) -> str:
    """Why a job has to be run."""
    if former is None or job.fingerprint is None:
        return "there is no former run"
    if not former.parts:
        return f"it is not known what {former.name} was made of"
    part = job.fingerprint.difference(former.parts)
    if part is None:
        return former.unfit or ""
    if part == "resumed":
        return f"{former.name} went on from another run: it is none from start to end"
    said = f"{part_name(part)} changed since {former.name}"
    if part != "code" or former.files is None:
        return said
    changed = sorted(
        path
        for path in code.files.keys() | former.files.keys()
        if code.files.get(path) != former.files.get(path)
    )
    more = ", …" if len(changed) > _SHOWN_FILES else ""
    return f"{said} ({', '.join(changed[:_SHOWN_FILES])}{more})" if changed else said
