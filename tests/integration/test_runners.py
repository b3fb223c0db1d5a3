"""The machine shown: what it has, who holds what of it, who waits; once, or on and on."""

from __future__ import annotations

import os
import re
import select
import signal
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PATIENCE_SECONDS, program, require, until
from tests.fakes import nvml
from tests.integration.screen import CTRL_C, Screen

if TYPE_CHECKING:
    from typing import Any

    from tests.conftest import World

pytestmark = pytest.mark.integration

WORKFLOW = """\
workflows:
  - name: core
    provider: bash
    commands: [echo begun, exec sleep 60]
    resources: {cpu: 1}
  - name: all-cores
    provider: bash
    commands: [echo begun, exec sleep 60]
    resources: {cpu: CORES}
  - name: memory
    provider: bash
    commands: [echo begun, exec sleep 60]
    resources: {memory: 100MB}
  - name: pair
    provider: bash
    commands: [echo begun, exec sleep 60]
    resources: {gpu: 2, memory: 1GB}
  - name: three
    provider: bash
    commands: [echo begun, exec sleep 60]
    resources: {gpu: 3}
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables under which a driver is found."""
    require("gcc", program("gcc"))
    return nvml.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def project(world: World) -> World:
    cores = len(os.sched_getaffinity(0))
    world.workflows(WORKFLOW.replace("CORES", str(cores)))
    return world


@pytest.fixture
def gpus(project: World, library: dict[str, str]) -> World:
    """A machine with four GPUs."""
    project.variables.update(library, FAKE_GPUS="4")
    return project


def machine(world: World) -> Any:
    return world.wf("runners", "--json").json()


def holding(world: World, workflow: str, *words: str) -> str:
    """A run that holds its devices; its name."""
    before = {held["run"] for held in machine(world)["holders"]}
    world.start("run", workflow, *words)

    def found() -> str | None:
        held = [held["run"] for held in machine(world)["holders"] if held["run"] not in before]
        return held[0] if held else None

    return until(found, "a run that holds something")


def waiting(world: World, workflow: str) -> str:
    """A run that waits in the queue; its name."""
    before = {waiter["run"] for waiter in machine(world)["queue"]}
    world.start("run", workflow)

    def found() -> str | None:
        queue = [waiter["run"] for waiter in machine(world)["queue"]]
        return next((run for run in queue if run not in before), None)

    run = until(found, "a run that waits")
    # it has its place before it says so in its own folder
    until((world.folder(run) / "waiting.json").exists, "word of it")
    return run


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title."""
    lines = text.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{title} "))
    table = lines[at + 1 :]
    end = table.index("") if "" in table else len(table)
    return [re.split(r"   +", line) for line in table[:end]]


# --- once -----------------------------------------------------------------------------------------


def test_a_machine_that_nobody_uses(project: World) -> None:
    done = project.wf("runners")
    assert done.code == 0
    assert done.err == ""
    assert "no run of wf holds anything, and none waits" in done.out


def test_looking_leaves_nothing_behind(project: World) -> None:
    assert project.wf("runners").code == 0
    assert list(project.home.iterdir()) == []


def test_a_run_and_another_that_waits_for_it(project: World) -> None:
    holder = holding(project, "all-cores")
    waiter = waiting(project, "core")
    cores = sorted(os.sched_getaffinity(0))
    told = machine(project)
    assert told["cores"] == {"ids": cores, "held": cores}
    (held,) = told["holders"]
    assert (held["run"], held["workflow"], held["cores"]) == (holder, "all-cores", cores)
    assert held["since"] <= told["at"]
    (waits,) = told["queue"]
    assert (waits["place"], waits["run"], waits["workflow"]) == (1, waiter, "core")
    assert waits["resources"] == {"cpu": 1, "memory": None, "gpu": None, "shm_size": None}
    assert waits["likely_start"] is None
    shown = project.wf("runners").out
    assert rows(shown, "HOLDER")[0][0] == holder
    assert rows(shown, "PLACE")[0][:2] == ["1", waiter]
    assert "1 core" in rows(shown, "PLACE")[0]


def test_gpus_with_their_holders_and_who_waits(gpus: World) -> None:
    pair = holding(gpus, "pair")
    waiter = waiting(gpus, "three")
    told = machine(gpus)
    assert [gpu["run"] for gpu in told["gpus"]] == [pair, pair, None, None]
    assert [gpu["index"] for gpu in told["gpus"]] == [0, 1, 2, 3]
    assert told["memory"]["held"] >= 10**9
    assert told["no_gpus"] is None
    shown = rows(gpus.wf("runners").out, "GPU")
    assert [row[-1].partition(" of ")[0] for row in shown] == [pair, pair, "free", "free"]
    assert told["queue"][0]["run"] == waiter
    assert told["queue"][0]["resources"]["gpu"]["count"] == 3


def test_a_likely_start_is_told_where_the_end_is_known(gpus: World) -> None:
    holding(gpus, "three", "--max-duration", "1h")
    waiting(gpus, "pair")
    told = machine(gpus)
    assert told["holders"][0]["latest_end"] is not None
    assert told["queue"][0]["latest_start"] is not None
    assert told["holders"][0]["latest_end"] <= told["queue"][0]["latest_start"] + "~"
    shown = gpus.wf("runners").out
    assert re.search(r"(~|by )(\w{3} )?\d\d:\d\d$", shown.splitlines()[-1])


def test_a_gpu_that_a_foreign_process_computes_on(gpus: World) -> None:
    gpus.variables["FAKE_GPU_BUSY"] = "1"
    (process,) = machine(gpus)["gpus"][1]["processes"]
    shown = rows(gpus.wf("runners").out, "GPU")
    assert shown[0][-1] == "free"
    assert shown[1][-1].startswith("not wf: ")
    assert str(process["pid"]) in shown[1][-1]


def test_how_busy_gpus_are(gpus: World) -> None:
    gpus.variables.update(FAKE_GPU_USED="0:20000000000", FAKE_GPU_UTILISATION="0:82")
    first, second = machine(gpus)["gpus"][:2]
    assert (first["used"], first["load"]) == (20_000_000_000, 0.82)
    assert (second["used"], second["load"]) == (0, 0.0)
    shown = rows(gpus.wf("runners").out, "GPU")
    assert shown[0][2:4] == ["20 of 80 GB", "82%"]


def test_a_driver_that_does_not_answer_is_one_line(gpus: World) -> None:
    gpus.variables["FAKE_NVML_ERROR"] = "18"
    done = gpus.wf("runners")
    assert (done.code, done.err) == (0, "")
    (line,) = [line for line in done.out.splitlines() if "GPUs" in line]
    assert "the NVIDIA driver does not answer" in line
    assert "version mismatch" in machine(gpus)["no_gpus"]


def test_the_callers_own_choice_hides_gpus(gpus: World) -> None:
    gpus.variables["CUDA_VISIBLE_DEVICES"] = "2"
    assert [gpu["index"] for gpu in machine(gpus)["gpus"]] == [2]


def test_a_lock_folder_that_is_a_file_is_said(project: World) -> None:
    locks = project.home / "locks"
    locks.write_text("")
    done = project.wf("runners")
    assert done.code == 73
    assert str(locks) in done.err


def test_a_claim_that_is_no_claim_harms_nobody(project: World) -> None:
    holder = holding(project, "core")
    locks = project.home / "locks"
    for name, text in (
        ("wf-run-00000000", "\x1b[2J{not json"),
        ("wf-run-00000001", '{"run": "\\u001b[31mx", "gpus": 7, "cores": "0-99999999999"}'),
        ("wf-wait-000000000001-00000000-00000000", "[]"),
        ("wf-wait-nonsense", ""),
    ):
        (locks / name).write_text(text)
    (locks / "wf-run-00000002").symlink_to("/dev/zero")
    os.mkfifo(locks / "wf-run-00000003")
    told = machine(project)
    assert [held["run"] for held in told["holders"]] == [holder]
    assert told["queue"] == []


def test_a_program_is_not_told_for_ever(project: World) -> None:
    done = project.wf("runners", "--watch", "--json")
    assert done.code == 64
    assert done.json()["error"] == "usage"


# --- who waits ------------------------------------------------------------------------------------


def test_the_record_says_how_long_it_waited_and_whom_it_passed(project: World) -> None:
    holding(project, "all-cores")
    waiter = waiting(project, "core")
    (row,) = [row for row in project.wf("ps", "--json").json() if row["name"] == waiter]
    assert row["status"] == "provisioning"
    assert row["waiting"] == {"short_of": "1 core (0 free)", "place": 1, "places": 1}
    assert "waiting (place 1)" in project.wf("ps").out
    assert "waiting for 1 core (0 free) · place 1 of 1" in project.wf("show", waiter).out
    passing = holding(project, "memory")
    queue = project.record(passing)["resources"]["queue"]
    assert [(one["run"], one["short_of"]) for one in queue["passed"]] == [
        (waiter, "1 core (0 free)")
    ]
    assert f"went before {waiter} of " in project.wf("show", passing).out
    assert project.record(passing)["waiting"] is None


def test_who_found_nobody_waiting_is_told_nothing(project: World) -> None:
    run = holding(project, "core")
    assert project.record(run)["resources"]["queue"]["number"] is None
    assert "\n  queue" not in project.wf("show", run).out


def test_a_record_from_before_there_was_a_queue(project: World) -> None:
    run = holding(project, "core")
    (project.folder(run) / "granted.json").write_text('{"cpus": [0], "gpus": [], "memory": null}')
    told = project.record(run)["resources"]
    assert (told["cpus"], told["simulated_gpus"], told["queue"]) == ([0], 0, None)
    assert project.wf("show", run).code == 0


def test_who_waits_sees_one_line_and_may_leave(project: World) -> None:
    holder = holding(project, "all-cores")
    with Screen(project, "run", "core") as screen:
        screen.wait_for(b"waiting for 1 core (0 free) \xc2\xb7 place 1 of 1")
        screen.wait_for(holder.encode())
        screen.press(CTRL_C)
        assert screen.end() == 130
    record = project.record("last")
    assert (record["status"], record["workflow"]) == ("cancelled", "core")
    assert machine(project)["queue"] == []


def test_who_does_not_wait_is_told_who_has_it(project: World) -> None:
    holder = holding(project, "all-cores")
    done = project.wf("run", "core", "--no-wait")
    assert done.code == 75
    assert "1 core (0 free)" in done.err
    assert holder in done.err
    assert "hint: leave out --no-wait" in done.err


# --- for as long as wanted ------------------------------------------------------------------------


def modes(screen: Screen) -> list[Any]:
    """How the terminal treats what is typed."""
    return termios.tcgetattr(screen.terminal)


@pytest.mark.parametrize(("key", "code"), [(b"q", 0), (CTRL_C, 130), (b"\x04", 0)])
def test_the_screen_ends_with_a_key_and_gives_the_terminal_back(
    project: World, key: bytes, code: int
) -> None:
    with Screen(project, "runners", "--watch") as screen:
        screen.wait_for(b"q ends")
        assert modes(screen) != screen.modes
        screen.press(key)
        assert screen.end() == code
        assert modes(screen) == screen.modes
    assert screen.shown.endswith(b"\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_the_screen_is_given_back_when_somebody_else_ends_it(project: World) -> None:
    with Screen(project, "runners", "--watch") as screen:
        screen.wait_for(b"q ends")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
    assert screen.shown.endswith(b"\x1b[?1049l")


@pytest.mark.parametrize("words", [("runners", "--watch"), ("ps", "--watch")], ids=" ".join)
def test_the_screen_ends_with_its_terminal(project: World, words: tuple[str, ...]) -> None:
    with Screen(project, *words) as screen:
        screen.wait_for(b"q ends")
        screen.hang_up()
        assert screen.process.wait(60) == 128 + signal.SIGHUP


def test_the_screen_stands_aside_for_the_shell_and_comes_back(project: World) -> None:
    """Here is no shell, so the kernel does not stop it (setpgid(2), orphaned process groups)."""
    with Screen(project, "runners", "--watch") as screen:
        screen.wait_for(b"q ends")
        os.kill(screen.process.pid, signal.SIGTSTP)
        until(lambda: screen.shown.count(b"\x1b[?1049h") == 2, "the screen again")
        assert b"\x1b[?1049l\x1b[?1049h" in screen.shown
        screen.press(b"q")
        assert screen.end() == 0


def test_the_screen_is_drawn_anew_in_another_size(gpus: World) -> None:
    with Screen(gpus, "runners", "--watch", rows=30, columns=100) as screen:
        screen.wait_for(b"LOAD")
        seen = len(screen.shown)
        screen.resize(8, 40)
        until(lambda: b"more lines" in screen.shown[seen:], "a smaller picture")
        screen.press(b"q")
        assert screen.end() == 0


def test_the_screen_shows_who_comes(project: World) -> None:
    with Screen(project, "runners", "-w") as screen:
        screen.wait_for(b"no run of wf holds anything")
        holder = holding(project, "core")
        screen.wait_for(holder.encode())
        screen.press(b"q")
        assert screen.end() == 0


def test_without_a_terminal_there_is_a_block_whenever_something_is_different(
    project: World,
) -> None:
    reading, writing = os.pipe()
    watching = project.start("runners", "--watch", out=writing)
    os.close(writing)
    said = b""

    def grows(text: bytes) -> None:
        nonlocal said
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in said:
            assert time.monotonic() < deadline, said
            if select.select([reading], [], [], 1)[0]:
                said += os.read(reading, 1 << 16)

    try:
        grows(b"none waits\n")
        holder = holding(project, "core")
        grows(holder.encode())
        blocks = said.decode().split("\n\n● ")
        assert len(blocks) == 2
        assert b"\x1b" not in said
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE_SECONDS) == 130
    finally:
        os.close(reading)
