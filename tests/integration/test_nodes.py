"""Nodes side by side: real processes, started as the local executor starts them."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.allocation.interface import Lease
from runner.executors.interface import Context
from runner.executors.local import LocalExecutor
from runner.plan.environment import EnvironmentSpec
from runner.plan.plan import Job
from runner.process.signals import Signals
from runner.process.sink import LogFile
from runner.spec.workflow import Limits, PythonScript, Resources, ShellCommands, TorchrunScript
from tests.fakes import inventory
from tests.fakes.executor import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.process.values import Exit

pytestmark = pytest.mark.integration

# what torchrun would be given, in place of torchrun
TORCHRUN = """\
import json, os, sys
with open(f"node-{os.environ['DSTACK_NODE_RANK']}.json", "w") as file:
    json.dump({"words": sys.argv[1:], "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}, file)
"""


class Bench:
    """A folder for one job, and how it went."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.signals = Signals()
        self.lease = Lease(cores=(0,), exclusive=False, gpus=(), memory=None, of_cores=2)
        self.told: list[int] = []

    def run(self, job: Job, on_output: Callable[[], None] = lambda: None) -> Exit:
        """Carry out a job of some nodes."""
        context = Context(
            run="wet-mango-1",
            workspace=self.workspace,
            notes=self.folder / "notes",
            artifacts=self.folder / "artifacts",
            variables={"PATH": os.environ["PATH"]},
            rendezvous=29999,
        )
        made = replace(environment(self.folder), executable=Path(sys.executable))
        executor = LocalExecutor()
        command = executor.translate(job, made, self.lease, context)
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            execution = executor.start(command, LogFile(log))
            return execution.wait(self.signals, on_output, self.told.append)
        finally:
            os.close(log)

    @property
    def lines(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    @property
    def notes(self) -> str:
        path = self.folder / "notes"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def a_job(*commands: str, nodes: int = 2, **facts: Any) -> Job:
    job = Job(
        workflow="train",
        provider="bash",
        action="run",
        reason="asked for",
        launch=ShellCommands(commands),
        environment=EnvironmentSpec("3.11"),
        variables=(),
        artifacts=(),
        resources=Resources(),
        working_dir=".",
        nodes=nodes,
    )
    return replace(job, **facts)


def test_every_node_runs_the_commands_and_knows_its_rank(bench: Bench) -> None:
    said = 'echo "$DSTACK_NODE_RANK of $DSTACK_NODES_NUM, first ${MASTER_ID:-here}"'
    exited = bench.run(a_job(said, nodes=3))
    assert (exited.code, exited.signal) == (0, None)
    first = "wet-mango-1,train,0"
    assert sorted(bench.lines) == ["0 of 3, first here", f"1 of 3, first {first}",
                                   f"2 of 3, first {first}"]  # fmt: skip
    assert not exited.left_behind
    assert bench.notes == ""


def test_the_first_node_that_fails_ends_all_with_its_code(bench: Bench) -> None:
    """Node 0 would wait for ever, as a rank does whose peer is gone."""
    exited = bench.run(a_job('[ "$DSTACK_NODE_RANK" = 0 ] || exit 3', "sleep 600"))
    assert (exited.code, exited.signal) == (3, None)
    assert exited.asked == ()
    assert bench.notes == "node 1 of 2 exited with 3; the others were ended\n"


def test_a_node_that_a_signal_ends_is_the_end_of_the_job(bench: Bench) -> None:
    exited = bench.run(a_job('[ "$DSTACK_NODE_RANK" = 0 ] || kill -SEGV $$', "sleep 600"))
    assert exited.signal == signal.SIGSEGV
    assert "node 1 of 2 was ended by SIGSEGV" in bench.notes


def test_a_node_that_does_not_end_when_another_failed_is_killed(bench: Bench) -> None:
    job = a_job(
        'if [ "$DSTACK_NODE_RANK" = 0 ]; then trap "" TERM; touch deaf; else'
        " until [ -e deaf ]; do sleep 0.01; done; exit 5; fi",
        "while :; do sleep 0.05; done",
        limits=Limits(stop_duration=1),
    )
    exited = bench.run(job)
    assert exited.code == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_reaches_every_node_and_waits_for_each(bench: Bench, number: signal.Signals) -> None:
    """Node 0 fails at once when it is asked; node 1 still has its time."""
    ends = "if [ $DSTACK_NODE_RANK = 1 ]; then sleep 0.5; touch saved; fi; exit 7"
    job = a_job(f"trap '{ends}' INT TERM", "echo begun", "while :; do sleep 0.05; done")
    bench.signals.arm()
    asked = False

    def wrote() -> None:
        nonlocal asked
        if not asked and len(bench.lines) == 2:
            asked = True
            bench.signals.arrived(number)

    exited = bench.run(job, wrote)
    assert exited.code == 7
    assert exited.asked == (number,)
    assert (bench.workspace / "saved").exists()
    assert bench.notes == ""


def test_python_can_be_interrupted_on_every_node(bench: Bench) -> None:
    """A shell's background jobs would ignore Ctrl-C."""
    (bench.workspace / "train.py").write_text(
        "import os, time\n"
        "try:\n    os.write(1, b'begun\\n')\n    time.sleep(600)\n"
        "except KeyboardInterrupt:\n    os.write(1, b'interrupted\\n')\n"
    )
    bench.signals.arm()

    def wrote() -> None:
        if bench.lines == ["begun", "begun"]:
            bench.signals.arrived(signal.SIGINT)

    exited = bench.run(a_job(launch=PythonScript("train.py")), wrote)
    assert bench.lines[2:] == ["interrupted", "interrupted"]
    assert exited.code == 0


def test_a_program_that_is_not_there_is_told(bench: Bench) -> None:
    exited = bench.run(a_job(launch=ShellCommands(("true",), shell="/no/such/shell")))
    assert exited.code == 127
    assert "/no/such/shell: No such file or directory" in bench.lines


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_every_node_runs_on_its_own_cores(bench: Bench) -> None:
    cores = tuple(sorted(os.sched_getaffinity(0)))[:2]
    if len(cores) < 2:
        pytest.skip("this machine has one core")
    bench.lease = replace(bench.lease, cores=cores, exclusive=True)
    (bench.workspace / "cores.py").write_text(
        "import os\nrank, cores = os.environ['DSTACK_NODE_RANK'], os.sched_getaffinity(0)\n"
        "os.write(1, f'{rank} {sorted(cores)}\\n'.encode())  # at once, whole\n"
    )
    bench.run(a_job(launch=PythonScript("cores.py")))
    assert sorted(bench.lines) == [f"0 [{cores[0]}]", f"1 [{cores[1]}]"]


def test_torchrun_is_told_where_its_nodes_meet(bench: Bench) -> None:
    run = bench.workspace / "torch" / "distributed" / "run.py"
    run.parent.mkdir(parents=True)
    run.write_text(TORCHRUN)
    bench.lease = replace(bench.lease, gpus=tuple(inventory.gpu(index) for index in range(4)))
    from runner.spec.workflow import GpuRequest

    job = a_job(
        launch=TorchrunScript("train it.py", ("--name", "a b'$X")),
        before=("export X=1", "test $X = 1"),
        resources=Resources(gpu=GpuRequest(2)),
    )
    exited = bench.run(job)
    assert exited.code == 0
    for rank in (0, 1):
        told = json.loads((bench.workspace / f"node-{rank}.json").read_text())
        assert told["words"] == [
            "--nnodes=2", "--node_rank", str(rank), "--master_addr=127.0.0.1",
            "--master_port=29999", "--nproc_per_node=2", "train it.py", "--name", "a b'$X",
        ]  # fmt: skip
        assert told["gpus"].split(",") == [
            inventory.gpu(2 * rank).uuid,
            inventory.gpu(2 * rank + 1).uuid,
        ]
