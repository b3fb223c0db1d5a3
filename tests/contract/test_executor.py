"""What every executor keeps to, and the fake one with it."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Lease
from runner.containers.daemon import Daemon
from runner.executors.interface import Context
from runner.process.signals import Signals
from runner.process.sink import LogFile
from runner.process.tree import stat
from runner.process.values import Exit
from runner.spec.workflow import Limits, PythonScript, ShellCommands
from runner.terminal import WindowSize
from tests.conftest import until
from tests.contract.benches import DockerBench, FakeBench, LocalBench, a_job
from tests.fakes import inventory
from tests.fakes.executor import environment
from tests.servers.images import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.executors.interface import Execution
    from runner.plan.plan import Job
    from tests.contract.benches import Bench


def a_lease(*, cores: tuple[int, ...] | None = None, gpus: int = 0) -> Lease:
    """Devices as if granted; no locks."""
    return Lease(
        cores=(0,) if cores is None else cores,
        exclusive=cores is not None,
        gpus=tuple(inventory.gpu(index) for index in range(gpus)),
        memory=None,
        of_cores=2,
    )


@pytest.fixture(
    params=[
        "local",
        "fake",
        pytest.param("docker", marks=[pytest.mark.integration, pytest.mark.docker]),
    ]
)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param != "docker":
        yield LocalBench() if request.param == "local" else FakeBench()
        return
    daemon = Daemon(request.getfixturevalue("dockerd").variables)
    image = daemon.image(BASE)
    assert image is not None
    made = DockerBench(daemon, image)
    yield made
    made.rest()


@pytest.fixture(params=[LocalBench, FakeBench], ids=["local", "fake"])
def of_processes(request: pytest.FixtureRequest) -> Bench:
    made: Bench = request.param()
    return made


@dataclass
class Place:
    """Where a job works, and its log."""

    context: Context
    log_path: Path
    log: int

    @property
    def said(self) -> bytes:
        return self.log_path.read_bytes()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    for folder in ("workspace", "artifacts", "home"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notes").touch()
    path = tmp_path / "log"
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    yield Place(a_context(tmp_path), path, log)
    os.close(log)


def a_context(folder: Path, **variables: str) -> Context:
    return Context(
        run="wet-mango-1",
        workspace=folder / "workspace",
        notes=folder / "notes",
        artifacts=folder / "artifacts",
        variables={"PATH": os.environ["PATH"], **variables},
    )


def carry_out(bench: Bench, job: Job, place: Place, lease: Lease | None = None) -> Exit:
    """Translate, start and wait, as the engine does."""
    command = bench.translate(job, place.log_path.parent, lease or a_lease(), place.context)
    execution = bench.executor.start(command, LogFile(place.log))
    return execution.wait(Signals(), lambda: None, lambda _: None)


def left_open(bench: Bench) -> list[str]:
    """Our descriptors, without what is kept for the next job."""
    bench.rest()
    return os.listdir("/proc/self/fd")


def test_has_a_name_and_says_whether_it_can_be_used(bench: Bench) -> None:
    assert bench.executor.name
    assert bench.executor.unavailable() is None


def test_translating_twice_gives_the_same(bench: Bench, tmp_path: Path) -> None:
    lease, context = a_lease(cores=(1,), gpus=2), a_context(tmp_path, HOME="/home/x")
    job = a_job("echo hi", variables=(("SEED", "7"),))
    first = bench.translate(job, tmp_path, lease, context)
    assert bench.translate(job, tmp_path, lease, context) == first


def test_translating_touches_nothing(bench: Bench, tmp_path: Path) -> None:
    caller = {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "3"}
    before, own = dict(caller), dict(os.environ)
    workspace, notes, kept = (tmp_path / name for name in ("workspace", "notes", "artifacts"))
    context = Context("r-1", workspace, notes, kept, caller)
    bench.translate(a_job(), tmp_path, a_lease(gpus=1), context)
    assert caller == before
    assert dict(os.environ) == own
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        (0, ""),
        (1, inventory.gpu(0).uuid),
        (4, ",".join(inventory.gpu(index).uuid for index in range(4))),
    ],
)
def test_the_job_sees_exactly_the_leased_gpus(
    bench: Bench, tmp_path: Path, gpus: int, expected: str
) -> None:
    # neither the caller's nor the workflow's own setting can widen what was granted
    context = a_context(tmp_path, CUDA_VISIBLE_DEVICES="0,1,2,3,4,5,6,7")
    job = a_job(variables=(("CUDA_VISIBLE_DEVICES", "7"), ("CUDA_DEVICE_ORDER", "FASTEST_FIRST")))
    lease = a_lease(gpus=gpus)
    command = bench.translate(job, tmp_path, lease, context)
    assert bench.variables(command)["CUDA_VISIBLE_DEVICES"] == expected
    assert bench.variables(command)["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


@pytest.mark.parametrize("cores", [None, (1,), (0, 1)])
def test_a_job_is_bound_to_its_cores_or_to_those_it_shares(
    bench: Bench, tmp_path: Path, cores: tuple[int, ...] | None
) -> None:
    lease, context = a_lease(cores=cores), a_context(tmp_path)
    command = bench.translate(a_job(), tmp_path, lease, context)
    assert bench.cores(command) == set(lease.cores)


def test_the_job_inherits_the_leases_and_the_runs_locks(
    of_processes: Bench, tmp_path: Path
) -> None:
    from dataclasses import replace

    lease = replace(a_lease(gpus=1), descriptors=(11, 12))
    context = replace(a_context(tmp_path), inherit=(13,))
    command = of_processes.translate(a_job(), tmp_path, lease, context)
    assert set(command.inherit) == {11, 12, 13}


def test_a_terminal_is_handed_on_with_its_size(bench: Bench, tmp_path: Path) -> None:
    from dataclasses import replace

    context = replace(a_context(tmp_path), terminal=WindowSize(33, 111))
    command = bench.translate(a_job(), tmp_path, a_lease(), context)
    assert command.terminal == WindowSize(33, 111)


def test_the_workflows_variables_reach_the_job(bench: Bench, tmp_path: Path) -> None:
    job = a_job(variables=(("SEED", "7"), ("NAME", "a b'\"$(x)")))
    context = a_context(tmp_path)
    command = bench.translate(job, tmp_path, a_lease(), context)
    assert bench.variables(command)["SEED"] == "7"
    assert bench.variables(command)["NAME"] == "a b'\"$(x)"
    assert bench.variables(command)["WF_RUN"] == "wet-mango-1"


def test_the_job_works_in_its_working_directory(bench: Bench, tmp_path: Path) -> None:
    from dataclasses import replace

    job = replace(a_job(), working_dir="sub/folder")
    context = a_context(tmp_path)
    command = bench.translate(job, tmp_path, a_lease(), context)
    assert bench.folder(command) == str(tmp_path / "workspace" / "sub" / "folder")


@pytest.mark.parametrize(
    "code", [0, 1, 2, 3, 42, 64, 69, 70, 78, 126, 127, 128, 130, 137, 254, 255]
)
def test_an_exit_code_comes_back_as_it_was(bench: Bench, place: Place, code: int) -> None:
    ends = Exit(code=code, signal=None)
    exited = carry_out(bench, bench.ending(ends), place)
    assert (exited.code, exited.signal) == bench.tells(ends)
    assert exited.asked == ()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGHUP, signal.SIGINT, signal.SIGILL, signal.SIGABRT, signal.SIGKILL,
        signal.SIGSEGV, signal.SIGPIPE, signal.SIGTERM, signal.SIGXCPU,
    ],
)  # fmt: skip
def test_a_signal_comes_back_as_a_signal(bench: Bench, place: Place, number: int) -> None:
    ends = Exit(code=None, signal=int(number))
    exited = carry_out(bench, bench.ending(ends), place)
    assert (exited.code, exited.signal) == bench.tells(ends)
    # nobody asked for it: it is the job's own end
    assert exited.asked == ()


def test_every_byte_goes_to_the_log(bench: Bench, place: Place) -> None:
    said = bytes(range(256)) + b"\r50%\r100%\nno newline at the end"
    carry_out(bench, bench.ending(Exit(0, None), said), place)
    assert place.said == said


def test_the_log_is_appended_to(bench: Bench, place: Place) -> None:
    os.write(place.log, b"before\n")
    carry_out(bench, bench.ending(Exit(0, None), b"after\n"), place)
    assert place.said == b"before\nafter\n"


def test_who_watches_is_told_that_the_log_has_grown(bench: Bench, place: Place) -> None:
    job = bench.ending(Exit(0, None), b"hello\n")
    sizes: list[int] = []
    command = bench.translate(job, place.log_path.parent, a_lease(), place.context)
    execution = bench.executor.start(command, LogFile(place.log))
    execution.wait(Signals(), lambda: sizes.append(len(place.said)), lambda _: None)
    assert sizes
    assert sizes[-1] == len(b"hello\n")


def test_a_start_that_fails_raises_and_leaves_nothing(bench: Bench, place: Place) -> None:
    open_before = left_open(bench)
    children_before = children()
    command = bench.translate(a_job(), place.log_path.parent, a_lease(), place.context)
    command = bench.broken(command)
    with pytest.raises(OSError, match=bench.refusal) as caught:
        bench.executor.start(command, LogFile(place.log))
    assert caught.value.filename  # a message can name it
    assert left_open(bench) == open_before
    assert children() == children_before
    assert place.said == b""


def test_a_start_on_a_terminal_that_fails_leaves_nothing(bench: Bench, place: Place) -> None:
    from dataclasses import replace

    open_before = left_open(bench)
    context = replace(place.context, terminal=WindowSize(24, 80))
    command = bench.translate(a_job(), place.log_path.parent, a_lease(), context)
    command = bench.broken(command)
    with pytest.raises(OSError, match=bench.refusal):
        bench.executor.start(command, LogFile(place.log))
    assert left_open(bench) == open_before


def test_nothing_is_left_open_after_the_end(bench: Bench, place: Place) -> None:
    open_before = left_open(bench)
    job = bench.ending(Exit(0, None), b"x")
    command = bench.translate(job, place.log_path.parent, a_lease(), place.context)
    signals = Signals()
    bench.executor.start(command, LogFile(place.log)).wait(signals, lambda: None, lambda _: None)
    for descriptor in (signals._reading, signals._writing):
        os.close(descriptor)
    assert left_open(bench) == open_before


def test_a_request_to_stop_is_passed_on_and_told(bench: Bench, place: Place) -> None:
    """One request: the job may end on its own, and the exit says what it was sent."""
    job = bench.ending(Exit(code=None, signal=signal.SIGTERM, asked=(signal.SIGTERM,)))
    if bench.real:
        job = a_job("echo begun", "sleep 60")
    command = bench.translate(job, place.log_path.parent, a_lease(), place.context)
    told: list[int] = []
    signals = Signals()
    signals.arm()
    execution = bench.executor.start(command, LogFile(place.log))
    signals.arrived(signal.SIGTERM)
    exited = execution.wait(signals, lambda: None, told.append)
    assert exited.signal == signal.SIGTERM
    assert exited.asked == (signal.SIGTERM,)
    assert told == [signal.SIGTERM]


def test_a_second_request_kills(bench: Bench, place: Place) -> None:
    job = bench.ending(
        Exit(code=None, signal=signal.SIGKILL, asked=(signal.SIGINT, signal.SIGKILL))
    )
    if bench.real:
        # ends by itself before the grace that one request has is over
        job = a_job("trap '' INT", "echo begun", "sleep 20")
    command = bench.translate(job, place.log_path.parent, a_lease(), place.context)
    told: list[int] = []
    signals = Signals()
    signals.arm()
    execution = bench.executor.start(command, LogFile(place.log))
    begun = False

    def wrote() -> None:
        nonlocal begun
        if not begun:
            begun = True
            signals.arrived(signal.SIGINT)
            signals.arrived(signal.SIGINT)

    signals.arrived(signal.SIGWINCH)  # a window that changes its size asks for nothing
    exited = execution.wait(signals, wrote, told.append)
    assert exited.signal == signal.SIGKILL
    assert exited.asked == (signal.SIGINT, signal.SIGKILL)
    assert told == [signal.SIGINT, signal.SIGKILL]


# --- what only real processes can show --------------------------------------------------------


@pytest.fixture
def local() -> LocalBench:
    return LocalBench()


def test_a_grace_that_is_over_kills(local: LocalBench, place: Place) -> None:
    from dataclasses import replace

    from runner.process.job import JobProcess

    command = local.executor.translate(
        a_job("trap '' TERM", "echo begun", "sleep 60", "sleep 60"),
        environment(place.log_path.parent),
        a_lease(),
        place.context,
    )
    signals = Signals()
    signals.arm()
    process = JobProcess(replace(command, grace=0.3), LogFile(place.log))
    exited = process.wait(signals, lambda: signals.arrived(signal.SIGTERM), lambda _: None)
    assert exited.asked == (signal.SIGTERM, signal.SIGKILL)
    assert exited.signal == signal.SIGKILL


def test_whoever_wants_no_grace_gets_none(local: LocalBench, place: Place) -> None:
    """SIGKILL among what arrives: all of the job ends, those included that have left its group."""
    from runner.process.job import JobProcess

    far = place.context.workspace / "far.sh"
    far.write_text("trap '' TERM INT HUP\necho $$\nwhile :; do sleep 9; done\n")
    command = local.executor.translate(
        a_job("trap '' TERM INT HUP", "setsid bash far.sh & wait"),
        environment(place.log_path.parent),
        a_lease(),
        place.context,
    )
    signals = Arrived()
    process = JobProcess(command, LogFile(place.log))
    exited = process.wait(signals, lambda: signals.put(signal.SIGKILL), lambda _: None)
    assert exited.asked == (signal.SIGKILL,)
    assert exited.signal == signal.SIGKILL
    pid = int(place.said)
    until(lambda: not alive(pid), f"the end of {pid}")


def test_a_job_that_stands_still_hears_that_it_is_to_end(local: LocalBench, place: Place) -> None:
    from runner.process.job import JobProcess

    command = local.executor.translate(
        a_job("trap 'echo woken; exit 5' TERM", "echo begun", "kill -STOP $$", "sleep 60"),
        environment(place.log_path.parent),
        a_lease(),
        place.context,
    )
    signals = Signals()
    signals.arm()
    process = JobProcess(command, LogFile(place.log))

    def halted(told: list[int]) -> None:
        known = stat(process.pid)
        if known is not None and known.state == "T" and not told:
            told.append(signal.SIGTERM)
            signals.arrived(signal.SIGTERM)

    told: list[int] = []
    exited = process.wait(signals, lambda: None, lambda _: None, lambda: halted(told))
    assert exited.code == 5
    assert place.said == b"begun\nwoken\n"


NOTICED = r"""
import os, signal, sys, time
handler = lambda number, _: os.write(1, b"noticed\n")
signal.signal(signal.SIGUSR1, handler)
os.write(1, b"begun\n")
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize("limit", [6, None], ids=["time is up", "somebody asks"])
def test_a_job_that_can_be_interrupted_is_given_notice(
    local: LocalBench, place: Place, limit: int | None
) -> None:
    from dataclasses import replace

    from runner.process.job import JobProcess

    (place.context.workspace / "train.py").write_text(NOTICED)
    job = replace(
        a_job(f"exec {sys.executable} train.py"),
        limits=Limits(limit, 1),
        interruptible=True,
    )
    command = local.executor.translate(
        job, environment(place.log_path.parent), a_lease(), place.context
    )
    signals = Signals()
    signals.arm()
    sent: list[int] = []
    once = iter([signal.SIGTERM] if limit is None else [])
    exited = JobProcess(command, LogFile(place.log)).wait(
        signals, lambda: signals.arrived(next(once, signal.SIGWINCH)), sent.append
    )
    assert place.said == b"begun\nnoticed\n"
    assert sent == [signal.SIGUSR1, signal.SIGTERM]
    assert exited.asked == (signal.SIGTERM,)
    assert exited.signal == signal.SIGTERM


def limited(local: LocalBench, place: Place, *commands: str, stop: int | None = None) -> Exit:
    from dataclasses import replace

    job = replace(a_job(*commands), limits=Limits(max_duration=3, stop_duration=stop))
    return carry_out(local, job, place)


def test_a_job_that_runs_too_long_is_asked_to_end(local: LocalBench, place: Place) -> None:
    exited = limited(local, place, "trap 'echo saved; exit 9' TERM", "while :; do sleep 0.05; done")
    assert (exited.code, exited.signal) == (9, None)
    assert exited.asked == (signal.SIGTERM,)
    assert exited.limit == 3
    assert place.said.endswith(b"saved\n")


def test_a_job_that_does_not_end_in_its_time_is_killed_with_all_its_processes(
    local: LocalBench, place: Place
) -> None:
    exited = limited(
        local, place, "trap '' TERM", "sleep 64 & echo $!", "while :; do sleep 0.05; done", stop=1
    )
    assert exited.signal == signal.SIGKILL
    assert exited.asked == (signal.SIGTERM, signal.SIGKILL)
    assert exited.limit == 3
    pid = int(place.said)
    until(lambda: not alive(pid), f"the end of {pid}")


def test_a_job_that_ends_in_time_meets_no_limit(local: LocalBench, place: Place) -> None:
    exited = limited(local, place, "exit 3")
    assert (exited.code, exited.asked, exited.limit) == (3, (), None)


def test_no_limit_is_too_long_to_wait_for(local: LocalBench, place: Place) -> None:
    """More milliseconds than poll(2) can count."""
    from dataclasses import replace

    job = replace(a_job("exit 3"), limits=Limits(max_duration=52 * 604_800))
    assert carry_out(local, job, place).code == 3


def test_a_user_who_stops_a_job_first_has_stopped_it(local: LocalBench, place: Place) -> None:
    """The limit is over while the job still ends itself."""
    from dataclasses import replace

    from runner.process.job import JobProcess

    ends = "sleep 3.2; exit 7"
    job = replace(
        a_job(f"trap '{ends}' TERM", "echo begun", "while :; do sleep 0.05; done"),
        limits=Limits(max_duration=3),
    )
    command = local.executor.translate(
        job, environment(place.log_path.parent), a_lease(), place.context
    )
    signals = Signals()
    signals.arm()
    once = iter([signal.SIGTERM])
    exited = JobProcess(command, LogFile(place.log)).wait(
        signals, lambda: signals.arrived(next(once, signal.SIGWINCH)), lambda _: None
    )
    assert (exited.code, exited.asked, exited.limit) == (7, (signal.SIGTERM,), None)


@pytest.mark.parametrize("shell", ["sh", "bash", "/bin/sh"])
def test_commands_are_run_by_the_shell_that_was_named(
    local: LocalBench, place: Place, shell: str
) -> None:
    from dataclasses import replace

    job = a_job('echo "$0 $1"', "cd /", "export A=1", 'echo "$PWD $A"', "false", "echo never")
    assert isinstance(job.launch, ShellCommands)
    launch = replace(job.launch, shell=shell, args=("x y",))
    exited = carry_out(local, replace(job, launch=launch), place)
    assert exited.code == 1
    assert place.said == b"train x y\n/ 1\n"
    command = local.executor.translate(
        replace(job, launch=launch), environment(place.log_path.parent), a_lease(), place.context
    )
    assert command.argv[0] == shell


def before(local: LocalBench, place: Place, *commands: str) -> Exit:
    """A Python script behind commands of a shell."""
    import sys
    from dataclasses import replace

    (place.context.workspace / "sub").mkdir()
    script = place.context.workspace / "sub" / "train.py"
    script.write_text("import os, sys\nprint(os.environ.get('A'), *sys.argv[1:])\nsys.exit(5)\n")
    job = replace(a_job(), before=commands, launch=PythonScript("train.py", ("x y", "$A")))
    made = replace(environment(place.log_path.parent), executable=Path(sys.executable))
    command = local.executor.translate(job, made, a_lease(), place.context)
    return local.executor.start(command, LogFile(place.log)).wait(
        Signals(), lambda: None, lambda _: None
    )


def test_what_commands_before_a_script_change_lasts(local: LocalBench, place: Place) -> None:
    exited = before(local, place, "cd sub", "export A=1")
    assert (exited.code, place.said) == (5, b"1 x y $A\n")


def test_a_command_before_a_script_that_fails_ends_the_job(local: LocalBench, place: Place) -> None:
    exited = before(local, place, "cd sub", "sh -c 'exit 6'")
    assert (exited.code, place.said) == (6, b"")


def test_a_trap_set_before_a_script_does_not_keep_signals_from_it(
    local: LocalBench, place: Place
) -> None:
    """The script takes the shell's place."""
    exited = before(local, place, "trap 'echo caught' TERM EXIT", "cd sub")
    assert (exited.code, place.said) == (5, b"None x y $A\n")


def test_no_process_of_the_group_outlives_the_job(local: LocalBench, place: Place) -> None:
    job = a_job("sleep 61 >/dev/null 2>&1 & echo $!", "nohup sleep 62 >/dev/null 2>&1 & echo $!")
    exited = carry_out(local, job, place)
    assert exited.code == 0
    assert exited.left_behind
    for pid in map(int, place.said.split()):
        until(lambda pid=pid: not alive(pid), f"the end of {pid}")  # type: ignore[misc]


def test_a_child_that_keeps_the_output_open_does_not_hold_up_the_end(
    local: LocalBench, place: Place
) -> None:
    exited = carry_out(local, a_job("sleep 63 & echo $!", "exit 5"), place)
    assert exited.code == 5
    assert exited.left_behind
    pid = int(place.said)
    until(lambda: not alive(pid), f"the end of {pid}")


def test_what_is_said_in_small_pieces_is_carried_in_fewer(local: LocalBench, place: Place) -> None:
    told = 0

    def tell() -> None:
        nonlocal told
        told += 1

    exited = execution_of(local, place, "for i in {1..20000}; do echo $i; done").wait(
        Signals(), tell, lambda _: None
    )
    assert exited.code == 0
    assert place.said == b"".join(b"%d\n" % number for number in range(1, 20001))
    assert told < 2000


def test_the_end_and_a_stop_are_noticed_while_output_rests(
    local: LocalBench, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a rest longer than anybody waits, only its interruption lets these end."""
    monkeypatch.setattr("runner.process.job.REST_SECONDS", 3600.0)
    exited = execution_of(local, place, "echo one", "exec sleep 64").wait(
        signals := Signals(), lambda: interrupt(signals), lambda _: None
    )
    assert exited.asked == (signal.SIGTERM,)
    exited = execution_of(local, place, "echo two", "sleep 0.1", "echo three").wait(
        Signals(), lambda: None, lambda _: None
    )
    assert exited.code == 0
    assert place.said == b"one\ntwo\nthree\n"


class Arrived:
    """What has arrived for a job."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)

    def put(self, number: int) -> None:
        os.write(self._writing, bytes([number]))

    def fileno(self) -> int:
        return self._reading

    def take(self) -> list[int]:
        try:
            return list(os.read(self._reading, 64))
        except BlockingIOError:
            return []


def interrupt(signals: Signals) -> None:
    """A request to stop, as a handler passes it on."""
    signals.arm()
    signals.arrived(signal.SIGTERM)


def execution_of(bench: Bench, place: Place, *commands: str) -> Execution:
    """A job that runs these commands, started."""
    command = bench.translate(a_job(*commands), place.log_path.parent, a_lease(), place.context)
    return bench.executor.start(command, LogFile(place.log))


def test_what_was_used_is_measured(local: LocalBench, place: Place) -> None:
    exited = carry_out(local, a_job("for i in {1..20000}; do :; done"), place)
    assert exited.cpu_seconds > 0
    assert exited.peak_memory > 10**6


def test_a_log_that_cannot_be_written_is_said_and_does_not_stop_the_job(
    local: LocalBench, place: Place
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        command = local.executor.translate(
            a_job("for i in {1..5000}; do echo $i; done", "exit 4"),
            environment(place.log_path.parent),
            a_lease(),
            place.context,
        )
        execution = local.executor.start(command, LogFile(full))
        exited = execution.wait(Signals(), lambda: None, lambda _: None)
    finally:
        os.close(full)
    assert exited.code == 4
    assert exited.log_error == ("23,893 bytes of it could not be written: No space left on device")


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def children() -> set[str]:
    """Our own children."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(file.read().split())
