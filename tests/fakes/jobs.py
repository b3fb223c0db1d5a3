"""A job to start from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.plan.environment import EnvironmentSpec
from runner.plan.plan import Job
from runner.spec.workflow import Resources, ShellCommands


def a_job(**facts: Any) -> Job:
    """One that does nothing, but for ``facts``."""
    job = Job(
        workflow="train",
        provider="bash",
        action="run",
        reason="asked for",
        launch=ShellCommands(("true",)),
        environment=EnvironmentSpec("3.11"),
        variables=(),
        artifacts=(),
        resources=Resources(),
        working_dir=".",
    )
    return replace(job, **facts)
