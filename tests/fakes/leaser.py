"""A command of its own that leases: ``python -m tests.fakes.leaser FOLDER CPUS [wait] [job]``.

It says ``waiting`` when it has to, then ``has CORES``, and lives until its input ends. With ``job``
it hands the lease to a child before, whose process id it says.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.errors import WfError
from runner.events import Event, Waiting
from runner.spec.workflow import Resources
from tests.fakes.inventory import machine


class _Loud:
    """Tells whoever listens."""

    def notify(self, event: Event, /) -> None:
        if isinstance(event, Waiting):
            sys.stdout.write(f"waiting {event.place} {'; '.join(event.holders)}\n")
            sys.stdout.flush()


def main(folder: str, cpus: str, *how: str) -> None:
    try:
        lease = FileLeases(Path(folder)).acquire(
            Resources(cpu=int(cpus)),
            lambda _: machine(cores=2),
            Claim("brave-wolf-7"),
            _Loud(),
            wait="wait" in how,
        )
    except WfError as error:
        sys.stdout.write(f"error {error.kind} {error.message}\n")
        return
    said = " ".join(map(str, lease.cores))
    if "job" in how:
        job = subprocess.Popen(["sleep", "600"], pass_fds=lease.descriptors)
        said = str(job.pid)
    sys.stdout.write(f"has {said}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
