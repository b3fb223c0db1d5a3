"""What is made ready around a job just before it starts, and looked after while it runs.

Ports, the token of its service, a list of its nodes for MPI, folders for experiment trackers.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from runner.cached import OwnPaths
from runner.engine.again import restoring
from runner.engine.trackers import Trackers
from runner.errors import UNSATISFIABLE, WfError
from runner.events import PhaseFinished, ServiceReady, Warned
from runner.executors.devices import gpus_of
from runner.executors.interface import Context
from runner.records import folder, served
from runner.spec.workflow import TorchrunScript
from runner.terminal import left_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.allocation.ports import HeldPorts
    from runner.engine.masking import Masking
    from runner.engine.parts import Session
    from runner.environments.interface import Environment
    from runner.events import Event
    from runner.plan.plan import Job
    from runner.process.sink import Sink
    from runner.records.opened import OpenRun

_HOST = "127.0.0.1"
_TOKEN = "{token}"  # noqa: S105 - the place of a secret, not one
_TOKEN_BYTES = 16
_LOOK_AGAIN_SECONDS = 0.2


class Surroundings:
    """Those of one attempt at one job. What it holds is let go of by :meth:`close`."""

    def __init__(
        self,
        run: OpenRun,
        job: Job,
        session: Session,
        environment: Environment,
        masking: Masking,
    ) -> None:
        """Make them ready, and write down what belongs on the record.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when no port is free, ``STORAGE`` when something cannot
                be written.
        """
        self._run = run
        self._job = job
        self._session = session
        self._masking = masking
        meeting = job.nodes > 1 and isinstance(job.launch, TorchrunScript)
        self._held = _hold(job, more=int(meeting))
        numbers = self._held.numbers if self._held else ()
        self.ports = numbers[: len(numbers) - meeting]
        self._rendezvous = numbers[-1] if meeting else None
        self._token = os.urandom(_TOKEN_BYTES).hex() if job.service else None
        self._inherit = [run.lock] if environment.held is None else [run.lock, environment.held]
        caller = {**session.variables, **masking.values}
        self._trackers = Trackers(job, environment.lock, caller, run.paths)
        self._over = threading.Event()
        self._knocking: threading.Thread | None = None
        self._tell_of_busy_ports(session.observer.notify)
        if self.ports:
            document = {
                "ports": list(self.ports),
                "service": self._url(served.HIDDEN),
                "token_variable": job.service and job.service.token_variable,
            }
            folder.write(run.paths.served, document, durable=False)
            said = ", ".join(str(port) for port in self.ports)
            session.observer.notify(PhaseFinished("ports", said, 0.0))

    def _tell_of_busy_ports(self, notify: Callable[[Event], None]) -> None:
        for port, holder in self._held.busy.items() if self._held else ():
            by = f" by {holder}" if holder else ""
            notify(Warned(f"port {port}, which the job wants, is in use{by}"))

    def context(self, lease: Lease, repo: str, attempt: int) -> Context:
        """What the executor is told. ``repo`` is what the project is called."""
        paths = self._run.paths
        restored = restoring.restored(paths)
        return Context(
            run=self._run.name,
            workspace=paths.workspace,
            notes=self._masking.notes_of(paths),
            artifacts=paths.artifacts,
            variables=self._session.variables,
            terminal=self._session.terminal and (left_size(paths.window) or self._session.terminal),
            window=paths.window,
            inherit=tuple(self._inherit),
            repo=repo,
            attempt=attempt,
            ports=self.ports,
            rendezvous=self._rendezvous,
            mpi_hostfile=self._write_hostfile(lease) if self._job.nodes > 1 else None,
            token=self._token,
            secrets=self._masking.values,
            defaults=self._trackers.variables,
            conda=(
                OwnPaths(paths.own_environment).conda
                if self._job.uses_conda and self._job.container is None
                else None
            ),
            resumed_from=restored and restored.run,
            checkpoint=restoring.checkpoint(paths, self._job, attempt),
        )

    def _write_hostfile(self, lease: Lease) -> Path:
        slots = max(gpus_of(lease) // self._job.nodes, 1)
        lines = f"{_HOST} slots={slots}\n" * self._job.nodes
        folder.put(self._run.paths.mpi_hostfile, lines.encode(), durable=False)
        return self._run.paths.mpi_hostfile

    def leave_ports(self) -> None:
        """The job starts now, and takes its ports itself."""
        if self._held is not None:
            self._held.let_go()

    def watch(self) -> None:
        """The job runs: tell when its service can be reached."""
        if self._job.service is not None and self.ports:
            self._knocking = threading.Thread(target=self._knock, name="service", daemon=True)
            self._knocking.start()

    def _knock(self) -> None:
        from runner.allocation.ports import answers

        while not self._over.is_set():
            service = self._job.service
            if service is not None and answers(self.ports[service.port]):
                url = self._url(self._token or "")
                if url is not None and not self._over.is_set():
                    self._session.observer.notify(ServiceReady(service.name, url))
                return
            self._over.wait(_LOOK_AGAIN_SECONDS)

    def _url(self, token: str) -> str | None:
        service = self._job.service
        if service is None or not self.ports:
            return None
        return f"http://{_HOST}:{self.ports[service.port]}{service.path.replace(_TOKEN, token)}"

    def output(self, log: Sink) -> Sink:
        """Where what the job prints is to go, for ``log`` to see no secret."""
        return self._masking.sink(log)

    def keep_noted(self) -> None:
        """The job has ended: what it noted stands on the record."""
        self._masking.keep_notes(self._run.paths)

    def keep_tracked(self) -> None:
        """The same: keep what trackers wrote, and say how to look at it."""
        self._trackers.keep()

    def close(self) -> None:
        """Hold nothing any more. Safe to repeat."""
        self.leave_ports()
        self._over.set()
        if self._knocking is not None:
            self._knocking.join()
            self._knocking = None


def _hold(job: Job, more: int) -> HeldPorts | None:
    if not (job.ports.fixed or job.ports.free or more):
        return None  # most jobs, which need not wait for the import
    from runner.allocation.ports import HeldPorts

    try:
        return HeldPorts(job.ports, more)
    except OSError as error:
        raise WfError(UNSATISFIABLE, f"no port can be had: {error.strerror}") from error
