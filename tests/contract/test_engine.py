"""The engine among fakes: whatever a part answers, a run ends on the record and holds nothing."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.allocation.interface import Claim
from runner.allocation.inventory import Load
from runner.cached import Cache
from runner.containers.daemon import Daemon
from runner.engine.parts import Parts, Session
from runner.engine.run import Finished, execute
from runner.environments.cache import EnvironmentCache
from runner.errors import BUSY, ENVIRONMENT, WfError
from runner.events import (
    JobEnded,
    JobStarted,
    JobWrote,
    PhaseFinished,
    RunCreated,
    ServiceReady,
    Stopping,
    Warned,
)
from runner.executors.local import LocalExecutor
from runner.paths import Home
from runner.plan.environment import EnvironmentSpec, RequirementFile
from runner.plan.plan import Job, Plan
from runner.process.confinement.interface import MemoryUse
from runner.process.holding import Held
from runner.process.signals import Interrupted, Signals
from runner.process.usage import Reading
from runner.process.values import Exit
from runner.records import folder
from runner.records.store import Records
from runner.spec import text
from runner.spec.workflow import (
    ArtifactRequest,
    FileCopy,
    GpuRequest,
    Limits,
    Ports,
    Resources,
    Service,
    ShellCommands,
)
from tests.fakes.executor import FakeExecutor, Script
from tests.fakes.inventory import FakeInventory, machine
from tests.fakes.leases import FakeLeases
from tests.fakes.observer import RecordingObserver
from tests.fakes.provisioner import REFUSED, FakeProvisioner
from tests.fakes.secrets import FakeSecrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.allocation.interface import Lease
    from runner.environments.interface import Build
    from runner.executors.interface import Executor
    from runner.process.values import JobCommand
    from runner.records.opened import OpenRun

RAN_OUT = MemoryUse(limit=64 << 20, peak=64 << 20, killed=1)
ENOUGH = MemoryUse(limit=64 << 20, peak=1 << 20, killed=0)
ASKED = Resources(cpu=1, gpu=GpuRequest(1))


class Rig:
    """All parts, each a fake but the record."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        (self.project / "train.py").write_text("")
        self.home = Home(folder / "state")
        self.cache = Cache(folder / "cache")
        self.clock = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.on_tick: Callable[[], None] = lambda: None
        self.records = Records(self.home, self.now)
        self.leases = FakeLeases()
        self.inventory = FakeInventory(machine(cores=2, gpus=1))
        self.observer = RecordingObserver()
        self.signals = Signals()
        self.provisioner = FakeProvisioner()
        self.executor = FakeExecutor()
        self.secrets = FakeSecrets()
        self.real: Executor[JobCommand] | None = None
        self.path = ""

    def now(self) -> datetime:
        self.on_tick()
        self.clock += timedelta(seconds=1)
        return self.clock

    def run(self, *requirements: str, wait: bool = True, **facts: Any) -> Finished:
        """Carry out a job that asks for a core and a GPU."""
        text = "".join(f"{line}\n" for line in requirements)
        job = Job(
            workflow="train",
            provider="bash",
            action="run",
            reason="asked for",
            launch=ShellCommands(("true",)),
            environment=EnvironmentSpec("3.11", (RequirementFile("requirements.txt", text),)),
            variables=(("SEED", "7"),),
            artifacts=(ArtifactRequest("model"),),
            resources=ASKED,
            working_dir=".",
        )
        parts = Parts(
            records=self.records,
            secrets=self.secrets,
            environments=EnvironmentCache(self.provisioner, self.cache),
            leases=self.leases,
            executors=lambda _name: self.real or self.executor,
            daemon=lambda: Daemon({}),
            inventory=self.inventory,
            loads=lambda uuids: {uuid: Load(0.5, 1000) for uuid in uuids},
            choose=lambda words: words[0],
            own_folders=(self.home.root, self.cache.root),
        )
        session = Session(
            observer=self.observer,
            signals=self.signals,
            variables={"PATH": self.path},
            terminal=None,
            wait=wait,
        )
        return execute(Plan((replace(job, **facts),)), self.project, parts, session)

    def start_real_processes(self) -> None:
        """From now on jobs are what they say."""
        self.real = LocalExecutor()
        self.path = os.environ["PATH"]

    def document(self) -> dict[str, Any]:
        """The record of the one run."""
        return self.records.document(self.records.find("last"))

    def statuses(self) -> list[str]:
        return [entry["status"] for entry in self.document()["history"]]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.leases.close()


def test_a_run_that_succeeds(rig: Rig) -> None:
    rig.executor = FakeExecutor(Script(output=b"hello\n", files={"model/x": b"weights"}))
    finished = rig.run("torch")
    assert finished.exit_code == 0
    document = finished.document
    assert document == rig.document()
    assert rig.statuses() == ["pending", "provisioning", "running", "collecting", "succeeded"]
    assert document["executor"] == "local"
    assert document["environment"]["lock"] == ["torch"]
    assert document["resources"]["cpus"] == [0]
    assert len(document["resources"]["gpus"]) == 1
    assert document["artifacts"][0]["bytes"] == len(b"weights")
    paths = rig.records.find("last")
    assert paths.log.read_bytes() == b"hello\n"
    assert not paths.workspace.exists()
    assert rig.leases.held == frozenset()


def test_who_watches_is_told_in_order(rig: Rig) -> None:
    rig.executor = FakeExecutor(Script(output=b"hello\n", files={"model/x": b""}))
    rig.run()
    told = [
        event.phase if isinstance(event, PhaseFinished) else type(event)
        for event in rig.observer.events
        if isinstance(event, RunCreated | PhaseFinished | JobStarted | JobWrote | JobEnded)
    ]
    assert told == [
        RunCreated, "code", "env", "devices", JobStarted, JobWrote, JobEnded, "artifacts",
    ]  # fmt: skip


def test_the_environment_is_made_before_devices_are_taken(rig: Rig) -> None:
    held: list[frozenset[str]] = []
    rig.provisioner = FakeProvisioner(lambda _: held.append(rig.leases.held))
    rig.run()
    assert held == [frozenset()]


def test_devices_are_held_while_the_job_runs(rig: Rig) -> None:
    held: list[frozenset[str]] = []

    class Looking(RecordingObserver):
        def notify(self, event: object, /) -> None:
            if isinstance(event, JobStarted):
                held.append(rig.leases.held)

    rig.observer = Looking()
    rig.run()
    assert len(held[0]) == 2
    assert rig.leases.held == frozenset()


def test_the_machine_is_asked_for_what_the_job_wants(rig: Rig) -> None:
    rig.run()
    assert set(rig.inventory.wanted) == {ASKED}


@pytest.mark.parametrize(
    ("exited", "status", "reason", "code", "shell"),
    [
        (Exit(0, None), "succeeded", "exit_code", 0, 0),
        (Exit(3, None), "failed", "exit_code", 3, 3),
        (Exit(None, 9), "failed", "signal", 137, 137),
        (Exit(None, 2, asked=(2,)), "cancelled", "interrupted", 130, 130),
        (Exit(0, None, asked=(2,)), "cancelled", "interrupted", 0, 130),
        (Exit(None, 9, asked=(2, 9)), "cancelled", "interrupted", 137, 130),
        (Exit(None, 15, asked=(15,)), "cancelled", "terminated", 143, 143),
        (Exit(1, None, asked=(1,)), "cancelled", "terminated", 1, 143),
        (Exit(None, 9, memory=RAN_OUT), "failed", "out_of_memory", 137, 137),
        (Exit(4, None, memory=RAN_OUT), "failed", "out_of_memory", 4, 4),
        (Exit(0, None, memory=RAN_OUT), "succeeded", "exit_code", 0, 0),
        (Exit(3, None, memory=ENOUGH), "failed", "exit_code", 3, 3),
        (Exit(None, 9, memory=ENOUGH), "failed", "signal", 137, 137),
        (Exit(None, 2, asked=(2,), memory=RAN_OUT), "cancelled", "interrupted", 130, 130),
        (Exit(None, 15, asked=(15,), limit=2.0), "failed", "max_duration", 143, 124),
        (Exit(0, None, asked=(15,), limit=2.0), "failed", "max_duration", 0, 124),
        (Exit(None, 9, asked=(15, 9), limit=2.0), "failed", "max_duration", 137, 124),
    ],
)
def test_every_end_has_its_verdict(  # noqa: PLR0917 - one row of a table
    rig: Rig, exited: Exit, status: str, reason: str, code: int, shell: int
) -> None:
    rig.executor = FakeExecutor(Script(exited, files={"model/x": b""}))
    finished = rig.run()
    assert finished.exit_code == shell
    assert (finished.document["status"], finished.document["reason"]) == (status, reason)
    assert finished.document["exit_code"] == code
    # whatever the end, what was made is kept and nothing is held
    assert finished.document["artifacts"][0]["files"] == 1
    assert rig.leases.held == frozenset()
    assert [event.signal for event in rig.observer.of(Stopping)] == [
        signal.Signals(number).name for number in exited.asked
    ]


def test_what_went_wrong_on_the_way_is_warned_of(rig: Rig) -> None:
    exited = Exit(
        0, None, left_behind=3, stuck=1, memory=RAN_OUT, log_error="No space left on device"
    )
    rig.executor = FakeExecutor(Script(exited))
    rig.run()
    said = [event.text for event in rig.observer.of(Warned)]
    assert "3 processes of the job outlived it and were ended" in said
    assert "1 process of the job cannot be ended" in said
    assert any("succeeded although 1 process of it was ended" in text for text in said)
    assert any("the log is incomplete: No space left on device" in text for text in said)


@pytest.mark.parametrize(
    ("limit", "more"),
    [
        (64 << 20, "128MiB"), (512 << 20, "1GiB"), (16 << 30, "32GiB"), (16 * 10**9, "32GB"),
        (64 * 10**6, "128MB"), (750 * 10**6, "2GB"), (1000, "1MB"),
    ],
)  # fmt: skip
def test_a_job_that_ran_out_of_memory_is_told_what_to_type(rig: Rig, limit: int, more: str) -> None:
    rig.executor = FakeExecutor(Script(Exit(None, 9, memory=MemoryUse(limit, None, 1))))
    document = rig.run().document
    assert f"`--memory {more}`" in document["hint"]
    assert text.size(more) >= min(2 * limit, 10**6)


def test_what_holds_a_job_is_on_the_record_and_known_to_its_lease(rig: Rig) -> None:
    class Keeping(FakeLeases):
        def acquire(self, *asked: Any, **how: Any) -> Lease:
            granted.append(super().acquire(*asked, **how))
            return granted[-1]

        def keep(self, lease: Lease, keeper: str) -> None:
            assert lease is granted[-1]
            kept.append(keeper)

    granted: list[Lease] = []
    kept: list[str] = []
    rig.leases = Keeping()
    held = Held("cgroup v2", "cgroup", Path("/sys/fs/cgroup/wf-1-0"))
    rig.executor = FakeExecutor(Script(held=held))
    assert rig.run().document["resources"]["enforced"] == {
        "cpus": "affinity",
        "memory": "cgroup v2",
        "gpus": "CUDA_VISIBLE_DEVICES",
        "processes": "cgroup",
    }
    assert kept == ["cgroup:/sys/fs/cgroup/wf-1-0"]


def test_a_record_from_before_that_was_written_down_is_read(rig: Rig) -> None:
    rig.run()
    rig.records.find("last").enforced.unlink()
    assert rig.document()["resources"]["enforced"] is None


def test_a_job_that_cannot_be_started(rig: Rig) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "bash")
    rig.executor = FakeExecutor(Script(error=error))
    with pytest.raises(WfError) as caught:
        rig.run()
    assert caught.value.kind == ENVIRONMENT
    assert rig.document()["status"] == "failed"
    assert rig.leases.held == frozenset()
    assert rig.observer.of(JobEnded)


def test_secrets_are_given_named_on_the_record_and_masked(rig: Rig) -> None:
    value = "wOrDsThAtNoBoDyKnOwS"
    rig.secrets = FakeSecrets({"TOKEN": value, "OTHER": "not asked for"})
    rig.start_real_processes()
    says = 'printf "%s" "$TOKEN" | tee model/token; echo "noted $TOKEN" >> "$WF_NOTES"; exit 3'
    finished = rig.run(secrets=("TOKEN",), launch=ShellCommands((says,)))
    assert finished.exit_code == 3
    assert finished.document["secrets"] == ["TOKEN"]
    assert finished.document["notes"] == ["noted ***"]
    paths = rig.records.find("last")
    assert paths.log.read_bytes() == b"***"
    # what it keeps itself is its own affair
    assert (paths.artifacts / "model" / "token").read_text() == value
    for path in paths.root.iterdir():
        assert path.is_dir() or value.encode() not in path.read_bytes()


def test_a_secret_that_cannot_be_had(rig: Rig) -> None:
    class Away(FakeSecrets):
        def values(self, project: Path, names: Sequence[str]) -> dict[str, str]:
            del project
            raise WfError(ENVIRONMENT, f"the secret `{names[0]}` cannot be read")

    rig.secrets = Away()
    with pytest.raises(WfError, match="`TOKEN` cannot be read"):
        rig.run(secrets=("TOKEN",))
    document = rig.document()
    assert (document["status"], document["reason"]) == ("failed", "environment")
    assert rig.executor.started == []
    assert rig.leases.held == frozenset()


def test_a_key_that_is_a_secret_is_known_to_its_tracker(rig: Rig) -> None:
    rig.secrets = FakeSecrets({"WANDB_API_KEY": "wOrDsThAtNoBoDyKnOwS"})
    rig.start_real_processes()
    says = 'echo "${WANDB_MODE-as it is}"'
    rig.run("wandb", secrets=("WANDB_API_KEY",), launch=ShellCommands((says,)))
    assert rig.records.find("last").log.read_bytes() == b"as it is\n"
    rig.run("wandb", launch=ShellCommands((says,)))
    assert rig.records.find("last").log.read_bytes() == b"offline\n"


def test_an_environment_that_cannot_be_made(rig: Rig) -> None:
    with pytest.raises(WfError) as caught:
        rig.run(REFUSED)
    assert caught.value.kind == ENVIRONMENT
    document = rig.document()
    assert (document["status"], document["reason"]) == ("failed", "environment")
    assert rig.statuses() == ["pending", "provisioning", "failed"]
    assert rig.executor.started == []
    assert not rig.records.find("last").workspace.exists()


def test_devices_that_are_alike_are_told_together(rig: Rig) -> None:
    there = machine(cores=8, gpus=4)
    other = replace(there.gpus[3], name="NVIDIA T4")
    rig.inventory.answer = replace(there, gpus=(*there.gpus[:3], other))
    rig.run(resources=Resources(cpu=5, gpu=GpuRequest(4)))
    told = [done.text for done in rig.observer.of(PhaseFinished) if done.phase == "devices"]
    assert told == ["cores 0-4 of 8 · GPUs 0-2 (NVIDIA A100) · GPU 3 (NVIDIA T4)"]


def test_devices_that_are_busy(rig: Rig) -> None:
    held = rig.leases.acquire(
        ASKED, lambda _: rig.inventory.answer, Claim("other"), RecordingObserver(), wait=False
    )
    with pytest.raises(WfError) as caught:
        rig.run(wait=False)
    assert caught.value.kind == BUSY
    assert (rig.document()["status"], rig.document()["reason"]) == ("failed", "busy")
    assert rig.executor.started == []
    rig.leases.release(held)
    assert rig.run(wait=False).exit_code == 0


def test_a_bug_in_a_part_ends_the_run_and_is_not_hidden(rig: Rig) -> None:
    def during(_build: Build) -> None:
        raise ZeroDivisionError

    rig.provisioner = FakeProvisioner(during)
    with pytest.raises(ZeroDivisionError):
        rig.run()
    document = rig.document()
    assert (document["status"], document["reason"]) == ("failed", "internal_error")
    assert "ZeroDivisionError" in document["message"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_before_the_job(rig: Rig, number: signal.Signals, code: int) -> None:
    rig.provisioner = FakeProvisioner(lambda _: rig.signals.arrived(number))
    assert rig.run().exit_code == code
    assert rig.document()["status"] == "cancelled"
    assert rig.executor.started == []
    assert rig.leases.held == frozenset()


def test_an_interrupt_as_soon_as_there_is_a_run(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    create = rig.records.create

    def created(*facts: Any) -> OpenRun:
        made = create(*facts)
        rig.signals.arrived(signal.SIGTERM)
        return made

    monkeypatch.setattr(rig.records, "create", created)
    assert rig.run().exit_code == 143
    assert (rig.document()["status"], rig.document()["reason"]) == ("cancelled", "terminated")
    assert rig.executor.started == []


def test_a_second_interrupt_while_the_first_is_written_down(rig: Rig) -> None:
    """An impatient user must not turn a cancelled run into one that nobody knows of."""

    def during(_build: Build) -> None:
        # the next thing that asks for the time is the record of the end
        rig.on_tick = lambda: rig.signals.arrived(signal.SIGINT)
        rig.signals.arrived(signal.SIGINT)

    rig.provisioner = FakeProvisioner(during)
    try:
        rig.run()
    except Interrupted:
        pytest.fail("the second interrupt was not expected any more")
    assert rig.document()["status"] == "cancelled"


def test_two_runs_do_not_share_a_name(rig: Rig) -> None:
    first, second = rig.run(), rig.run()
    pair, _, number = first.document["name"].rpartition("-")
    assert number == "1"
    assert second.document["name"] == f"{pair}-2"


# --- what is made ready around a job --------------------------------------------------------------


def test_ports_are_picked_handed_over_and_written_down(rig: Rig) -> None:
    rig.start_real_processes()
    commands = ('echo "$PORT_0 $JOB_PORT_1" > model/ports',)
    finished = rig.run(ports=Ports(free=2), launch=ShellCommands(commands))
    first, second = finished.document["ports"]
    told = [event.text for event in rig.observer.of(PhaseFinished) if event.phase == "ports"]
    assert told == [f"{first}, {second}"]
    assert first != second
    kept = rig.records.find("last").artifacts / "model" / "ports"
    assert kept.read_text().split() == [str(first), str(second)]


def test_a_busy_port_is_told_before_the_job_starts(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rig.run(ports=Ports(fixed=(port,)))
    events = [type(event) for event in rig.observer.events]
    assert events.index(Warned) < events.index(JobStarted)
    assert f"port {port}" in rig.observer.of(Warned)[0].text


def test_no_two_jobs_are_given_one_port_and_none_is_held_in_the_end(rig: Rig) -> None:
    finished = rig.run(ports=Ports(free=1))
    with socket.create_server(("127.0.0.1", finished.document["ports"][0])):
        pass


SERVE = """\
import os, socket, time
server = socket.create_server(("127.0.0.1", int(os.environ["PORT_0"])))
open("model/token", "w").write(os.environ["LAB_TOKEN"])
server.accept()
while not os.path.exists(os.environ["SEEN"]):
    time.sleep(0.01)
"""


def test_a_service_is_told_once_it_answers_and_its_token_stands_nowhere(
    rig: Rig, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"

    class Looking(RecordingObserver):
        def notify(self, event: object, /) -> None:
            if isinstance(event, ServiceReady):
                self.events.append(event)
                seen.touch()

    rig.observer = Looking()
    rig.start_real_processes()
    (rig.project / "serve.py").write_text(SERVE)
    finished = rig.run(
        ports=Ports(free=1),
        service=Service("JupyterLab", "/lab?token={token}", "LAB_TOKEN"),
        launch=ShellCommands((f"{sys.executable} serve.py",)),
        variables=(("SEEN", str(seen)),),
    )
    assert finished.exit_code == 0
    paths = rig.records.find("last")
    token = (paths.artifacts / "model" / "token").read_text()
    port = finished.document["ports"][0]
    assert len(token) == 32
    assert int(token, 16)
    told = [event for event in rig.observer.events if isinstance(event, ServiceReady)]
    assert told == [ServiceReady("JupyterLab", f"http://127.0.0.1:{port}/lab?token={token}")]
    assert finished.document["service"] == f"http://127.0.0.1:{port}/lab?token=…"
    assert token not in json.dumps(finished.document)
    kept = [path for path in paths.root.rglob("*") if path.is_file() and path.name != "token"]
    assert kept
    assert not [path for path in kept if token.encode() in path.read_bytes()]


def test_a_service_that_never_answers_holds_nothing_up(rig: Rig) -> None:
    finished = rig.run(ports=Ports(free=1), service=Service("x"))
    assert finished.exit_code == 0
    assert rig.observer.of(ServiceReady) == []


def test_files_are_put_where_they_are_wanted(rig: Rig) -> None:
    (rig.project / ".env").write_text("A=1")
    rig.start_real_processes()
    finished = rig.run(
        files=(FileCopy(".env", "model/config"),), launch=ShellCommands(("cat model/config",))
    )
    assert finished.exit_code == 0
    assert rig.records.find("last").log.read_bytes() == b"A=1"


def test_several_nodes_take_a_share_each(rig: Rig) -> None:
    rig.inventory = FakeInventory(machine(cores=4, gpus=2))
    rig.start_real_processes()
    says = 'echo "$DSTACK_NODE_RANK $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES"'
    commands = (f"{says} > model/$DSTACK_NODE_RANK", 'test -s "$DSTACK_MPI_HOSTFILE"')
    finished = rig.run(
        nodes=2,
        resources=Resources(cpu=1, gpu=GpuRequest(1)),
        launch=ShellCommands(commands),
    )
    assert finished.exit_code == 0
    granted = finished.document["resources"]
    assert (len(granted["cpus"]), len(granted["gpus"])) == (2, 2)
    folder = rig.records.find("last").artifacts / "model"
    for rank in (0, 1):
        assert (folder / str(rank)).read_text() == f"{rank} 1 {granted['gpus'][rank]}\n"
    hostfile = rig.records.find("last").mpi_hostfile.read_text()
    assert hostfile == "127.0.0.1 slots=1\n" * 2


def test_a_stop_says_whether_time_is_over_or_somebody_asked(rig: Rig) -> None:
    rig.start_real_processes()
    finished = rig.run(launch=ShellCommands(("exec sleep 60",)), limits=Limits(max_duration=1))
    assert finished.exit_code == 124
    assert rig.observer.of(Stopping) == [Stopping("SIGTERM", 1)]


def test_what_was_sampled_of_a_job_is_on_its_record(rig: Rig) -> None:
    rig.executor = FakeExecutor(Script(readings=(Reading(0.0, 300_000_000),)))
    rig.run()
    usage = rig.document()["usage"]
    assert usage["memory"] == {"mean": 300_000_000, "peak": 300_000_000}
    assert usage["samples"] == {"count": 1, "interval_seconds": 1.0}
    assert [gpu["uuid"] for gpu in usage["gpus"]] == rig.document()["resources"]["gpus"]


def test_a_job_of_which_nothing_can_be_sampled_is_on_the_record_too(rig: Rig) -> None:
    rig.executor = FakeExecutor(Script(readings=(None, None)))
    rig.run()
    usage = rig.document()["usage"]
    assert usage["memory"]["mean"] is None
    assert usage["samples"]["count"] in {0, 1}  # the GPU's, if its thread was quick


def test_a_record_of_before_jobs_were_sampled_can_be_read(rig: Rig) -> None:
    rig.run()
    paths = rig.records.find("last")
    old = {"wall_seconds": 1.5, "cpu_seconds": 1.0, "peak_memory": 1000}
    folder.write(paths.usage, old)
    new: dict[str, Any] = {"cpu": None, "memory": None, "gpus": [], "samples": None}
    assert rig.document()["usage"] == {**old, **new}


def test_who_asks_says_how_long_such_a_job_usually_takes(rig: Rig) -> None:
    claims: list[Claim] = []
    take = rig.leases.acquire

    def acquire(*words: Any, **named: Any) -> Any:
        claims.append(words[2])
        return take(*words, **named)

    rig.leases.acquire = acquire  # type: ignore[method-assign]
    rig.run()
    rig.run()
    assert claims[0].usual is None
    assert claims[1].usual is not None
    assert claims[1].usual > 0
