"""A plan, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.allocation.matching.fitting import gpus_asked
from runner.cli.render.problems import error_document
from runner.cli.render.style import harmless, style
from runner.units import amount, count, duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import WfError
    from runner.plan.plan import Input, Job, Plan
    from runner.spec.workflow import ArtifactRequest, Resources


def plan_document(
    planned: Plan, ready: Mapping[str, bool], lacking: WfError | None
) -> dict[str, Any]:
    """The plan with what this machine says to it; ``ready`` tells of environments by workflow."""
    job = planned.job
    return {
        **planned.document(),
        "environment": None
        if planned.everything
        else {"fingerprint": _environment(job), "ready": ready[job.workflow]},
        "satisfiable": lacking is None,
        "problem": lacking and error_document(lacking),
    }


def _environment(job: Job) -> str | None:
    return dict(job.fingerprint.parts)["environment"] if job.fingerprint else None


def show_plan(
    planned: Plan, ready: Mapping[str, bool], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """Write one block a job, in the order in which they are done."""
    dress = style(stream, variables)
    for job in planned.jobs:
        head = dress.paint(job.workflow, "bold")
        colour = "green" if job.action == "run" else "blue"
        stream.write(f"{dress.paint('●', colour)} {job.action} {head}: {job.reason}\n")
        if job.action == "run":
            stream.writelines(
                f"  {dress.paint(f'{name:<11}', 'dim')} {dress.plain(harmless(said))}\n"
                for name, said in _facts(job, ready=ready[job.workflow])
            )


def _facts(job: Job, *, ready: bool) -> list[tuple[str, str]]:
    facts = [
        ("command", job.command),
        *_container(job),
        ("environment", _packages(job, ready=ready)),
        ("devices", _devices(job)),
    ]
    if job.working_dir != ".":
        facts.insert(1, ("working_dir", job.working_dir))
    if job.inputs:
        facts.append(("inputs", ", ".join(_input(given) for given in job.inputs)))
    if job.variables:
        facts.append(("variables", " ".join(f"{key}={value}" for key, value in job.variables)))
    if job.artifacts:
        facts.append(("artifacts", ", ".join(_artifact(kept) for kept in job.artifacts)))
    return facts + _more_facts(job)


def _container(job: Job) -> list[tuple[str, str]]:
    """What few jobs run in: ``docker, in python:3.11-slim (81e62e1a911e)``."""
    if job.container is None:
        return []
    kind, _, digest = (job.environment.image or "").partition(":")
    known = f"({digest[:12]})" if kind == "sha256" else "· will be pulled"
    return [("executor", f"{job.executor}, in {job.container.image} {known}")]


def _packages(job: Job, *, ready: bool) -> str:
    """Python, where its packages come from, and whether they are installed already."""
    wanted = job.environment
    if job.container is not None and wanted.bare:
        return "what the image has" + (f", as in {wanted.locked.run}" if wanted.locked else "")
    files = ", ".join(wanted.origins)
    what = "the image's python" if wanted.any_python else f"python {wanted.python}"
    what += f" with {files}" if files else ""
    what += f" as of {wanted.as_of}" if wanted.as_of else ""
    if wanted.locked is not None:
        what += f" and all else as in {wanted.locked.run}"
    state = "ready" if ready else "will be built"
    return f"{what} · {(_environment(job) or '')[:12]} · {state}"


def _artifact(kept: ArtifactRequest) -> str:
    return f"{kept.path} (seen while it runs)" if kept.mount else kept.path


def _more_facts(job: Job) -> list[tuple[str, str]]:
    """What few jobs have."""
    wanted = job.environment
    reasons = (("python", wanted.python_reason), ("as of", wanted.as_of_reason))
    facts = [(name, reason) for name, reason in reasons if reason]
    if job.secrets:
        facts.append(("secrets", ", ".join(job.secrets)))
    if job.ports.fixed or job.ports.free:
        ports = [*map(str, job.ports.fixed), *["a free one"] * job.ports.free]
        facts.append(("ports", ", ".join(ports)))
    if job.service is not None:
        facts.append(("service", job.service.name))
    if job.files:
        facts.append(("files", ", ".join(f"{file.local} → {file.target}" for file in job.files)))
    if job.limits.max_duration is not None:
        facts.append(("ends after", duration(job.limits.max_duration)))
    return facts


def _devices(job: Job) -> str:
    devices = describe(job.resources, job.simulated)
    return devices if job.nodes == 1 else f"{job.nodes} nodes side by side, each with {devices}"


def _input(given: Input) -> str:
    """Where an input comes from: ``prepare (wet-mango-1)``, or ``:best (wet-mango-1)``."""
    name = f":{given.tag}" if given.tag else str(given.workflow)
    return f"{name} ({given.run})" if given.run else name


def describe(asked: Resources, simulated: int = 0) -> str:
    """What is asked for, in words, with what is not, and how many GPUs are ``simulated``."""
    said = ["all cores, shared"] if asked.cpu is None else []
    said += _asked(asked)
    if simulated:
        said.append(f"{count(simulated, 'simulated GPU')} ({count(simulated, 'rank')} on the CPU)")
    elif asked.gpu is None:
        said.append("no GPU")
    return ", ".join([*said, *_shared(asked)])


def demand(asked: Resources) -> str:
    """What is asked for, in words."""
    return ", ".join([*_asked(asked), *_shared(asked)]) or "nothing"


def _asked(asked: Resources) -> list[str]:
    said = []
    if asked.cpu is not None:
        said.append(count(asked.cpu, "core"))
    if asked.memory is not None:
        said.append(f"{amount(asked.memory)} of memory")
    if asked.gpu is not None:
        said.append(gpus_asked(asked.gpu))
    return said


def _shared(asked: Resources) -> list[str]:
    return [] if asked.shm_size is None else [f"{amount(asked.shm_size)} of shared memory"]
