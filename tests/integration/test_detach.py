"""A run goes on, whatever becomes of the command and the terminal that show it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import termios
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import children, hear, until
from tests.integration.screen import CTRL_C, Screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

CTRL_BACKSLASH, CTRL_Z, CTRL_S, CTRL_Q = b"\x1c", b"\x1a", b"\x13", b"\x11"
# goes on until the gate is there, but not for ever
JOB = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - echo $$ > "$PID_FILE"
      - echo begun
      - for i in {1..600}; do if [ -e "$GATE" ]; then break; fi; sleep 0.1; done
      - touch model/x
      - echo done
      - exit 3
"""
STUBBORN = """\
workflows:
  - name: job
    provider: bash
    commands:
      - trap '' INT TERM
      - sleep 600 & echo $! > "$PID_FILE.near"
      - setsid bash -c 'trap "" INT TERM HUP; echo $$ > "$PID_FILE.far"; sleep 600; sleep 600' &
      - until test -s "$PID_FILE.far"; do sleep 0.02; done
      - echo $$ > "$PID_FILE"
      - echo begun
      - for i in {1..600}; do sleep 0.1; done
"""


class Shell(Screen):
    """A shell with job control, in which ``wf`` can be halted."""

    @staticmethod
    def _argv(world: World, words: Sequence[str]) -> list[str]:
        world.variables["WF"] = " ".join(world.argv(*words))
        return ["bash", "--norc", "--noprofile", "-i"]


class Unread(Screen):
    """A terminal that takes what fits into the kernel's buffer, and no more."""

    def _read(self) -> None:
        """Nobody does."""

    def waiting(self) -> int:
        """How many bytes could be read."""
        found = fcntl.ioctl(self.terminal, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", found)[0])


@pytest.fixture
def gate(world: World) -> Path:
    """What lets the job end."""
    world.workflows(JOB)
    world.variables.update(PID_FILE=str(world.home / "pid"), GATE=str(world.home / "gate"))
    return world.home / "gate"


def job(world: World) -> int:
    """The job's process."""
    path = world.home / "pid"
    return int(until(lambda: path.read_text() if path.exists() else "", "a job"))


def log(world: World) -> bytes:
    """That of the one run, as far as there is one."""
    found = [path for run in world.runs() if (path := world.folder(run) / "log").exists()]
    return found[0].read_bytes() if found else b""


def ended(world: World) -> Any:
    """The record of the one run, once it is over."""
    until(lambda: world.record()["finished_at"], "the end of the run")
    return world.record()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def went_on(world: World, gate: Path) -> None:
    """The run was left alone, and ends by itself."""
    assert world.record()["status"] == "running"
    gate.touch()
    record = ended(world)
    assert (record["status"], record["reason"], record["exit_code"]) == ("failed", "exit_code", 3)
    assert record["artifacts"][0]["files"] == 1
    assert world.wf("logs", "last").out == "begun\ndone\n"


def test_who_leaves_is_told_how_to_come_back(world: World, gate: Path) -> None:
    with Screen(world, "run", "job") as screen:
        before = termios.tcgetattr(screen.terminal)
        screen.wait_for(b"begun")
        screen.press(CTRL_BACKSLASH)
        assert screen.end() == 0
        (run,) = world.runs()
        assert f"wf attach {run}".encode() in screen.shown
        assert b"Traceback" not in screen.shown
        assert termios.tcgetattr(screen.terminal) == before
    went_on(world, gate)


def test_a_closed_terminal_is_no_reason_to_end(world: World, gate: Path) -> None:
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.hang_up()
        assert screen.process.wait(60) == 128 + signal.SIGHUP
    went_on(world, gate)


def test_a_terminal_that_is_closed_in_the_midst_of_a_log(world: World, gate: Path) -> None:
    world.workflows(JOB.replace("- echo begun", "- seq 100000; echo begun"))
    run = world.start("run", "job")
    until(lambda: log(world).endswith(b"begun\n"), "a long log")
    with Unread(world, "attach", "last") as screen:
        until(lambda: screen.waiting() > 2000, "a part of it")
        screen.hang_up()
        assert screen.process.wait(60) == 128 + signal.SIGHUP
    gate.touch()
    assert run.wait(60) == 3


def test_a_closed_terminal_and_who_does_not_mind(world: World, gate: Path) -> None:
    """``nohup wf run``: it stays, and ends with the job's code."""
    with Screen(world, "run", "job", nohup=True) as screen:
        until((world.home / "pid").exists, "a job")
        screen.hang_up()
        gate.touch()
        assert screen.process.wait(60) == 3
    assert ended(world)["exit_code"] == 3


def test_the_command_can_be_killed(world: World, gate: Path) -> None:
    wf = world.start("run", "job")
    job(world)
    wf.kill()
    wf.wait()
    went_on(world, gate)


def test_who_comes_back_sees_it_all_and_has_its_end(world: World, gate: Path) -> None:
    wf = world.start("run", "job")
    job(world)
    wf.kill()
    (run,) = world.runs()
    with Screen(world, "attach", run[:-1]) as screen:
        screen.wait_for(b"begun")
        for said in (run, "code", "env", "devices"):
            assert said.encode() in screen.shown
        gate.touch()
        assert screen.end() == 3
        assert b"done" in screen.shown
        assert b"the job exited with 3" in screen.shown
    again = world.wf("attach", "last")
    assert again.code == 3
    assert again.out == "begun\ndone\n"
    assert "the job exited with 3" in again.err


def test_several_can_watch_and_leave(world: World, gate: Path) -> None:
    with Screen(world, "run", "job") as first, Screen(world, "ps") as other:
        other.end()
        first.wait_for(b"begun")
        with Screen(world, "attach", "last") as second:
            second.wait_for(b"begun")
            second.press(CTRL_BACKSLASH)
            assert second.end() == 0
        gate.touch()
        assert first.end() == 3


def test_of_a_long_log_the_end_is_shown(world: World, gate: Path) -> None:
    text = JOB.replace("- echo begun", "- seq 100000; echo begun")
    world.workflows(text)
    wf = world.start("run", "job")
    until(lambda: log(world).endswith(b"begun\n"), "all that it says")
    with Screen(world, "attach", "last") as screen:
        screen.wait_for(b"begun")
        gate.touch()
        assert screen.end() == 3
    wf.wait(60)
    shown = screen.shown.replace(b"\r", b"")
    assert b"\n99999\n100000\nbegun\ndone\n" in shown
    assert b"\n1\n2\n" not in shown
    assert b"above" in shown


BAR = r"printf 'a 1%%\ra 2%%\rb\033[2J\033]0;title\007\303'"


def test_what_was_written_before_is_told_and_what_comes_is_passed_on(
    world: World, gate: Path
) -> None:
    """A character, or a control sequence, that has but begun belongs to what comes."""
    text = JOB.replace("- echo begun", f"- echo begun; {BAR}")
    world.workflows(text.replace("- echo done", r"- printf '\251\r\033[2Kdone\n'"))
    wf = world.start("run", "job")
    until(lambda: log(world).endswith(b"\xc3"), "the bar")
    with Screen(world, "attach", "last", "--no-status") as screen:
        screen.wait_for(b"title")
        gate.touch()
        assert screen.end() == 3
    wf.wait(60)
    # spelled out before, passed on after
    assert b"begun\r\nb\\x1b[2J\\x1b]0;title\\x07\xc3\xa9\r\x1b[2Kdone\r\n" in screen.shown
    assert b"a 1%" not in screen.shown


SERVES = """\
#!/usr/bin/env bash
exec python3 - "$4" <<'END'
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open(os.environ["PID_FILE"], "w").write(os.environ["CONNECTION_TOKEN"])
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.02)
END
"""


def test_who_comes_back_to_an_editor_is_told_its_whole_address(world: World, gate: Path) -> None:
    program = world.home / "programs" / "openvscode-server"
    program.parent.mkdir()
    program.write_text(SERVES)
    program.chmod(0o755)
    world.variables["PATH"] = f"{program.parent}:{world.variables['PATH']}"
    world.workflows("workflows: [{name: edit, provider: code}]\n")
    assert world.wf("run", "-d", "edit").code == 0
    told = world.home / "pid"
    token = until(lambda: told.read_text() if told.exists() else "", "the token")
    with Screen(world, "attach", "last", columns=200) as screen:
        screen.wait_for(f"/?tkn={token}".encode())
        screen.press(CTRL_BACKSLASH)
        assert screen.end() == 0
    watching = world.start("attach", "last")
    hear(watching, "/?tkn=…".encode())
    gate.touch()
    assert watching.wait(60) == 0
    (run,) = world.runs()
    for path in world.folder(run).rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes()


def test_ctrl_c_asks_the_job_from_wherever_it_is_watched(world: World, gate: Path) -> None:
    wf = world.start("run", "job")
    pid = job(world)
    with Screen(world, "attach", "last") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        assert screen.end() == 130
    assert wf.wait(60) == 130
    record = ended(world)
    assert (record["status"], record["reason"]) == ("cancelled", "interrupted")
    assert gone(pid)
    assert not gate.exists()


def test_ctrl_c_twice_leaves_nothing_and_a_third_time_does_no_harm(
    world: World, gate: Path
) -> None:
    world.workflows(STUBBORN)
    with Screen(world, "run", "job") as screen:
        before = termios.tcgetattr(screen.terminal)
        screen.wait_for(b"begun")
        pid = job(world)
        screen.press(CTRL_C)
        screen.wait_for(b"press Ctrl-C again to kill")
        screen.press(CTRL_C)
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"Traceback" not in screen.shown
        assert termios.tcgetattr(screen.terminal) == before
    # also the one that has made a session of its own
    others = [world.home / name for name in ("pid.near", "pid.far")]
    assert all(gone(one) for one in (pid, *(int(other.read_text()) for other in others)))
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "interrupted")
    assert not gate.exists()


def test_a_terminal_that_stands_still_holds_nothing_up(world: World, gate: Path) -> None:
    world.workflows(JOB.replace("- echo done", "- yes | head -c 10000000; echo; echo done"))
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_S)
        gate.touch()
        assert ended(world)["exit_code"] == 3
        assert screen.process.poll() is None
        screen.press(CTRL_Q)
        assert screen.end() == 3
        assert b"done" in screen.shown


def test_who_stands_still_can_be_left(world: World, gate: Path) -> None:
    world.workflows(JOB.replace("- echo begun", "- echo begun; yes | head -c 10000000"))
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_S)
        job(world)
        (run,) = world.runs()
        until(lambda: (world.folder(run) / "log").stat().st_size > 9_000_000, "a long log")
        screen.process.send_signal(signal.SIGHUP)
        assert screen.end() == 128 + signal.SIGHUP
    assert world.record()["status"] == "running"
    gate.touch()
    assert ended(world)["exit_code"] == 3


def test_ctrl_z_gives_the_terminal_back_and_fg_shows_on(world: World, gate: Path) -> None:
    with Shell(world, "run", "job") as shell:
        shell.press(b"$WF\n")
        shell.wait_for(b"begun")
        shell.press(CTRL_Z)
        shell.wait_for(b"Stopped")
        assert world.record()["status"] == "running"
        gate.touch()
        ended(world)
        assert b"done\r\n" not in shell.shown
        shell.press(b"fg\n")
        shell.wait_for(b"done\r\n")
        shell.wait_for(b"the job exited with 3")
        shell.press(b"exit\n")
        shell.end()


def test_a_window_that_changes_its_size_is_the_jobs_wherever_it_is_watched(world: World) -> None:
    world.workflows("workflows:\n  - name: job\n    provider: python\n    script: job.py\n")
    world.write(
        "job.py",
        "import os, signal, sys, time\n"
        "def told(number, frame):\n"
        "    size = os.get_terminal_size(1)\n"
        "    print('now', size.lines, size.columns, flush=True)\n"
        "    if size.columns == 77:\n"
        "        sys.exit(0)\n"
        "signal.signal(signal.SIGWINCH, told)\n"
        "print('begun', flush=True)\n"
        "for _ in range(600):\n"
        "    time.sleep(0.1)\n"
        "sys.exit('never told')\n",
    )
    with Screen(world, "run", "job", "--no-status", rows=24, columns=80) as first:
        first.wait_for(b"begun")
        first.press(CTRL_BACKSLASH)
        assert first.end() == 0
    with Screen(world, "attach", "last", "--no-status", rows=30, columns=100) as second:
        second.wait_for(b"now 30 100")
        second.resize(44, 77)
        assert second.end() == 0
        assert b"now 44 77" in second.shown


def test_the_supervisor_is_killed(world: World, gate: Path) -> None:
    """Whoever watches finds out at once, and ends as for a run of which nobody knows the end."""
    wf = world.start("run", "job")
    attached = world.start("attach", until(world.runs, "a run")[0])
    pid = job(world)
    (supervisor,) = children(wf.pid)
    os.kill(supervisor, signal.SIGKILL)
    assert wf.wait(60) == 71
    if not gone(pid):
        os.kill(pid, signal.SIGKILL)
    assert attached.wait(60) in {70, 71}
    assert not gate.exists()


def test_the_supervisor_is_asked_to_end_from_outside(world: World, gate: Path) -> None:
    wf = world.start("run", "job")
    pid = job(world)
    (supervisor,) = children(wf.pid)
    os.kill(supervisor, signal.SIGTERM)
    assert wf.wait(60) == 128 + signal.SIGTERM
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "terminated")
    assert gone(pid)
    assert not gate.exists()


def test_a_frozen_supervisor_is_not_lost_and_nothing_of_the_log_is(
    world: World, gate: Path
) -> None:
    wf = world.start("run", "job")
    job(world)
    (supervisor,) = children(wf.pid)
    os.kill(supervisor, signal.SIGSTOP)
    gate.touch()
    for _ in range(3):
        assert world.record()["status"] == "running"
        (row,) = world.wf("ps", "--json").json()
        assert row["status"] == "running"
    os.kill(supervisor, signal.SIGCONT)
    assert wf.wait(60) == 3
    assert world.wf("logs", "last").out == "begun\ndone\n"


def test_a_batch_goes_on_when_its_terminal_is_closed(world: World, gate: Path) -> None:
    world.workflows(
        JOB.replace("exit 3", "exit 0")
        + "  - name: other\n    provider: bash\n    depends-on: [job]\n    commands: [echo other]\n"
    )
    with Screen(world, "run", "--all") as screen:
        job(world)
        screen.hang_up()
        assert screen.process.wait(60) == 128 + signal.SIGHUP
    gate.touch()
    until(
        lambda: (
            [row["status"] for row in world.wf("ps", "-a", "--json").json()]
            == ["succeeded", "succeeded"]
        ),
        "both runs",
    )


def test_a_batch_can_be_left(world: World, gate: Path) -> None:
    with Screen(world, "run", "--all") as screen:
        job(world)
        screen.wait_for(b"\x1b[?25l")  # the table, without a cursor
        screen.press(CTRL_BACKSLASH)
        assert screen.end() == 0
        assert b"wf ps" in screen.shown
        assert b"\x1b[?25h" in screen.shown
    went_on(world, gate)


def test_what_a_terminal_echoes_has_room_beside_the_table(world: World, gate: Path) -> None:
    """Else it would begin a line, and the header would stay on the screen."""
    world.workflows(JOB.replace("- echo begun", "- seq -s. 100"))
    with Screen(world, "run", "--all", columns=60) as screen:
        screen.wait_for(b"1.2.3.4")
        row = next(
            line
            for line in screen.shown.decode().splitlines()
            if "1.2.3.4" in line and "running" in line
        )
        assert len(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", row).rstrip()) == 60 - len("^C ")
        screen.press(CTRL_C)
        assert screen.end() == 130
    assert not gate.exists()


def test_sigterm_to_who_watches_stops_all_that_is_watched(world: World, gate: Path) -> None:
    wf = world.start("run", "--all")
    pid = job(world)
    wf.send_signal(signal.SIGTERM)
    hear(wf, b"1 cancelled")
    assert wf.wait(60) == 128 + signal.SIGTERM
    assert world.record()["reason"] == "stopped"
    assert gone(pid)
    assert not gate.exists()
