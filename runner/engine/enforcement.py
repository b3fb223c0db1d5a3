"""What really holds a job to what it was granted: on the record, and known to its lease."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.envvars import CUDA_VISIBLE_DEVICES
from runner.errors import WfError
from runner.events import Warned
from runner.records import folder

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.engine.attempt import Attempt
    from runner.executors.interface import Execution
    from runner.process.holding import Held


class Enforcement:
    """That of one job; :meth:`look` is called when it has been started, and while it runs."""

    def __init__(self, attempt: Attempt, lease: Lease) -> None:
        self._attempt = attempt
        self._lease = lease
        self._known: Held | None = None

    def look(self, execution: Execution) -> None:
        """Write down what has changed.

        A process that has closed the lease's descriptors does not hold it any more; the group it
        is in does.
        """
        held = execution.held
        if held == self._known:
            return
        self._known = held
        if held.group is not None:
            self._attempt.parts.leases.keep(self._lease, f"cgroup:{held.group}")
        if held.keeper is not None:
            self._attempt.parts.leases.keep(self._lease, held.keeper)
        bound = self._lease.exclusive and hasattr(os, "sched_setaffinity")
        document = {
            "cpus": held.cpus or ("affinity" if bound else None),
            "memory": held.memory,
            "gpus": held.gpus or (CUDA_VISIBLE_DEVICES if self._lease.gpus else None),
            "processes": held.processes,
        }
        try:
            folder.write(self._attempt.run.paths.enforced, document, durable=False)
        except WfError as error:  # a full disk ends no job
            self._attempt.notify(Warned(f"what is enforced is not on the record: {error.message}"))
