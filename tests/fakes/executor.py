"""An executor that starts nothing: every job ends as the test has written it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.process.holding import Held
from runner.process.values import Exit, JobCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context, Relief
    from runner.plan.plan import Job
    from runner.process.signals import Arrivals
    from runner.process.sink import Sink
    from runner.process.usage import Reading

NOTHING_HELD = Held()
SUCCESS = Exit(code=0, signal=None)
# more than any process can have (pid_max is at most 2**22)
_FIRST_PID = 1 << 23


@dataclass(frozen=True, slots=True)
class Script:
    """What a job does: fail to start, or write ``output`` and ``files`` and end with ``exit``.

    ``files`` lie below the job's working directory. ``readings`` are what it uses, tick by tick.
    """

    exit: Exit = SUCCESS
    output: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    readings: tuple[Reading | None, ...] = ()
    error: OSError | None = None
    held: Held = NOTHING_HELD


class FakeExecution:
    """A job that has been thought up."""

    def __init__(self, pid: int, script: Script, command: JobCommand, log: Sink) -> None:
        self.pid = pid
        self._script = script
        self._command = command
        self._log = log
        self._reading: Reading | None = None

    def used(self) -> Reading | None:
        """What is written down for this tick."""
        return self._reading

    @property
    def held(self) -> Held:
        """What the test wants."""
        return self._script.held

    def processes(self) -> set[int]:
        """None: it is thought up."""
        return set()

    def wait(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None = None,
    ) -> Exit:
        """Do what is written down; ``asked`` signals of the script are told as if they came."""
        for path, content in self._script.files.items():
            whole = self._command.cwd / path
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_bytes(content)
        if self._script.output:
            self._log.write(memoryview(self._script.output))
            on_output()
        for reading in self._script.readings:
            self._reading = reading
            if on_tick is not None:
                on_tick()
        signals.take()
        for number in self._script.exit.asked:
            on_stop(number)
        self._log.finish()
        return self._script.exit


class FakeExecutor:
    """Starts jobs by script, the last one over and over; ``started`` are the commands it got."""

    name = "fake"

    def __init__(self, *scripts: Script, reason: str | None = None) -> None:
        """``reason``: why it is unavailable."""
        self._scripts = scripts or (Script(),)
        self._reason = reason
        self.started: list[JobCommand] = []

    def unavailable(self) -> str | None:
        """As the test wants it."""
        return self._reason

    def translate(
        self, job: Job, environment: Environment, lease: Lease, context: Context
    ) -> JobCommand:
        """The devices as every executor must give them, and the command line for people."""
        return JobCommand(
            argv=("fake", job.command),
            env={
                "PATH": str(environment.bin),
                "WF_RUN": context.run,
                **dict(job.variables),
                "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
                "CUDA_VISIBLE_DEVICES": ",".join(gpu.uuid for gpu in lease.gpus),
            },
            cwd=context.workspace / job.working_dir,
            cpus=frozenset(lease.cores),
            inherit=(*lease.descriptors, *context.inherit),
            terminal=context.terminal,
        )

    def start(
        self, command: JobCommand, log: Sink, _relief: Relief | None = None, /
    ) -> FakeExecution:
        """Follow the next script."""
        number = len(self.started)
        script = self._scripts[min(number, len(self._scripts) - 1)]
        self.started.append(command)
        if script.error is not None:
            raise script.error
        return FakeExecution(_FIRST_PID + number, script, command, log)


def environment(root: Path) -> Environment:
    """An environment that names no real interpreter."""
    from runner.environments.interface import Environment

    venv = root / "venv"
    return Environment(
        kind="fake",
        fingerprint="0" * 20,
        python="3.11.7",
        lock=(),
        root=venv,
        bin=venv / "bin",
        executable=venv / "bin" / "python",
    )
