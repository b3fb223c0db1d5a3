"""A run watched on a terminal: the job sees one too, and its bytes arrive as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.screen import Screen

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

BASH = """\
workflows:
  - name: job
    provider: bash
    commands:
"""
PYTHON = """\
workflows:
  - name: job
    provider: python
    script: job.py
"""
# waits for a file, but not for ever
AWAIT = """\
def wait_for(path):
    for _ in range(3000):
        if os.path.exists(path):
            return
        time.sleep(0.02)
    raise SystemExit("nobody opened the gate")
"""


def log_of(world: World) -> bytes:
    """The log of the one run."""
    (run,) = world.runs()
    return (world.folder(run) / "log").read_bytes()


def test_the_job_sees_a_terminal_of_the_same_size(world: World) -> None:
    world.workflows(PYTHON)
    world.write(
        "job.py",
        "import os, sys\n"
        "print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())\n"
        "size = os.get_terminal_size(1)\n"
        "print('size', size.lines, size.columns)\n",
    )
    with Screen(world, "run", "job", rows=33, columns=111) as screen:
        assert screen.end() == 0
        assert b"False True True" in screen.shown
        assert b"size 32 111" in screen.shown  # the last row is ours


def test_without_a_terminal_the_job_sees_none(world: World) -> None:
    world.workflows(PYTHON)
    world.write("job.py", "import sys\nprint(sys.stdout.isatty(), sys.stderr.isatty())\n")
    assert world.wf("run", "job").out == "False False\n"


def test_the_log_holds_the_jobs_own_bytes(world: World) -> None:
    """A terminal turns \\n into \\r\\n on its way to the eye, which is none of the log's."""
    world.workflows(BASH + "      - printf 'one\\ntwo\\r\\n\\r50%%\\r100%%\\tdone\\377\\n'\n")
    with Screen(world, "run", "job") as screen:
        assert screen.end() == 0
        assert b"one\r\ntwo" in screen.shown
    assert log_of(world) == b"one\ntwo\r\n\r50%\r100%\tdone\xff\n"


def test_escape_sequences_pass_untouched(world: World) -> None:
    world.workflows(BASH + "      - printf '\\033[32mgreen\\033[0m\\a\\b\\n'\n")
    with Screen(world, "run", "job") as screen:
        assert screen.end() == 0
        assert b"\x1b[32mgreen\x1b[0m\a\b" in screen.shown
    assert log_of(world) == b"\x1b[32mgreen\x1b[0m\a\b\n"


def test_progress_without_new_lines_arrives_while_the_job_runs(world: World) -> None:
    gate = world.home / "gate"
    world.workflows(PYTHON)
    world.write(
        "job.py",
        f"import os, sys, time\n{AWAIT}\n"
        "sys.stdout.write('epoch 1: 10%')\n"
        "sys.stdout.flush()\n"
        f"wait_for({str(gate)!r})\n"
        "sys.stdout.write('\\repoch 1: 100%\\n')\n",
    )
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"epoch 1: 10%")
        assert b"100%" not in screen.shown
        gate.touch()
        assert screen.end() == 0
        assert b"\repoch 1: 100%" in screen.shown
    assert log_of(world) == b"epoch 1: 10%\repoch 1: 100%\n"


def test_a_window_that_changes_its_size_is_the_jobs_too(world: World) -> None:
    world.workflows(PYTHON)
    world.write(
        "job.py",
        "import os, signal, sys, time\n"
        "def told(number, frame):\n"
        "    size = os.get_terminal_size(1)\n"
        "    print('now', size.lines, size.columns)\n"
        "    if size.columns == 77:\n"
        "        sys.exit(0)\n"
        "signal.signal(signal.SIGWINCH, told)\n"
        "print('begun')\n"
        "for _ in range(600):\n"
        "    time.sleep(0.1)\n"
        "sys.exit('never told')\n",
    )
    with Screen(world, "run", "job", rows=24, columns=80) as screen:
        screen.wait_for(b"begun")
        screen.resize(44, 77)
        assert screen.end() == 0
        assert b"now 43 77" in screen.shown


def test_what_is_typed_is_not_the_jobs(world: World) -> None:
    """Its stdin is closed: it must not hang on a question nobody can answer."""
    world.workflows(BASH + '      - read -r word || echo "nothing to read"\n')
    with Screen(world, "run", "job") as screen:
        screen.press(b"hello\n")
        assert screen.end() == 0
        assert b"nothing to read" in screen.shown


def test_a_run_on_a_terminal_is_coloured_and_says_how_it_went(world: World) -> None:
    world.workflows(BASH + "      - exit 3\n")
    with Screen(world, "run", "job") as screen:
        assert screen.end() == 3
        assert b"\x1b[" in screen.shown
        assert b"the job exited with 3" in screen.shown
        assert "✗".encode() in screen.shown


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_done_without(world: World, variable: dict[str, Any]) -> None:
    world.workflows(BASH + "      - echo plain\n")
    with Screen(world, "run", "job", **variable) as screen:
        assert screen.end() == 0
        coloured = [code for code in (b"\x1b[1m", b"\x1b[2m", b"\x1b[3") if code in screen.shown]
        assert coloured == []
        assert b"succeeded" in screen.shown


def test_a_dumb_terminal_gets_no_escape_codes_at_all(world: World) -> None:
    world.workflows(BASH + "      - echo plain\n")
    with Screen(world, "run", "job", TERM="dumb") as screen:
        assert screen.end() == 0
        assert b"\x1b" not in screen.shown


def test_json_keeps_the_job_off_stdout(world: World) -> None:
    world.workflows(BASH + "      - echo talk\n")
    done = world.wf("run", "job", "--json")
    assert done.code == 0
    assert done.json()["status"] == "succeeded"
    assert "talk\n" in done.err
