"""A plan, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.problems import error_document
from runner.cli.render.style import harmless, style
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import WfError
    from runner.plan.plan import Job, Plan
    from runner.spec.workflow import Resources


def plan_document(
    planned: Plan, fingerprint: str, *, ready: bool, lacking: WfError | None
) -> dict[str, Any]:
    """The plan with what this machine says to it."""
    return {
        **planned.document(),
        "environment": {"fingerprint": fingerprint, "ready": ready},
        "satisfiable": lacking is None,
        "problem": lacking and error_document(lacking),
    }


def show_plan(
    planned: Plan, fingerprint: str, stream: TextIO, variables: Mapping[str, str], *, ready: bool
) -> None:
    """Write one block a job."""
    dress = style(stream, variables)
    for job in planned.jobs:
        head = dress.paint(job.workflow, "bold")
        stream.write(f"{dress.paint('●', 'green')} {job.action} {head}: {job.reason}\n")
        stream.writelines(
            f"  {dress.paint(f'{name:<11}', 'dim')} {dress.plain(harmless(said))}\n"
            for name, said in _facts(job, fingerprint, ready=ready)
        )


def _facts(job: Job, fingerprint: str, *, ready: bool) -> list[tuple[str, str]]:
    files = ", ".join(file.path for file in job.environment.requirements)
    what = f"python {job.environment.python}" + (f" with {files}" if files else "")
    state = "ready" if ready else "will be built"
    facts = [
        ("command", job.command),
        ("environment", f"{what} · {fingerprint[:12]} · {state}"),
        ("devices", describe(job.resources)),
    ]
    if job.working_dir != ".":
        facts.insert(1, ("working_dir", job.working_dir))
    if job.variables:
        facts.append(("variables", " ".join(f"{key}={value}" for key, value in job.variables)))
    if job.artifacts:
        facts.append(("artifacts", ", ".join(artifact.path for artifact in job.artifacts)))
    return facts


def describe(asked: Resources) -> str:
    """What is asked for, in words."""
    said = ["all cores, shared" if asked.cpu is None else count(asked.cpu, "core")]
    if asked.memory is not None:
        said.append(f"{amount(asked.memory)} of memory")
    if asked.gpu is None:
        said.append("no GPU")
    else:
        named = f"{asked.gpu.named} GPU" if asked.gpu.named else "GPU"
        least = f" with at least {amount(asked.gpu.memory)}" if asked.gpu.memory else ""
        said.append(count(asked.gpu.count, named) + least)
    return ", ".join(said)
