"""What to type after a run or a build that failed on something that wf knows of."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.engine import simulated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.errors import WfError
    from runner.plan.ageing.advice import Advice
    from runner.plan.ageing.days import Changed
    from runner.plan.plan import Job

_END = 1 << 16


class Adviser:
    """Looks at how a job of one project ended."""

    def __init__(self, job: Job, project: Path, variables: Mapping[str, str]) -> None:
        self._job = job
        self._project = project
        self._variables = variables

    def after_run(self, log: Path) -> Advice | None:
        """What the end of a failed job's log smells of."""
        with suppress(OSError), log.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _END, 0))
            text = file.read(_END).decode(errors="replace")
            return (simulated.advice(text) if self._job.simulated else None) or self._advice(text)
        return None

    def after_build(self, error: WfError) -> None:
        """Give the error of a failed build its cause, and what to type, if it smells of age."""
        found = self._advice(error.details or "")
        if found is not None:
            error.message = f"{error.message}: {found.cause}"
            error.hint = found.hint

    def _advice(self, text: str) -> Advice | None:
        from runner.plan.ageing.advice import advice

        return advice(text, self._job.workflow, self._job.environment, self._changed)

    def _changed(self) -> Changed | None:
        from runner.engine.changed import last_change

        job = self._job
        return last_change(self._project, self._variables, job.environment, job.script)
