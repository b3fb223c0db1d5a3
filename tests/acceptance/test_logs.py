"""What ``wf logs`` shows of what a job has written."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import make_world, until
from tests.integration.screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

BAR = b"begin\n\r 10%\r 55%\r100%\n\x1b[31mred\x1b[0m \x1b]0;title\x07\0\xff\nend\n"
FOLDED = b"begin\n100%\n\x1b[31mred\x1b[0m \x1b]0;title\x07\0\xff\nend\n"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A project with one run, whose log the tests write."""
    world = make_world(tmp_path_factory.mktemp("logs"))
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [echo hello]}\n")
    assert world.wf("run", "job").code == 0
    return world


def log_of(world: World) -> Path:
    (run,) = world.runs()
    return world.folder(run) / "log"


def printed(world: World, *words: str) -> bytes:
    """What ``wf logs WORDS last`` writes to a pipe."""
    return subprocess.run(
        world.argv("logs", *words, "last"), cwd=world.project, env=world.variables,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True,
    ).stdout  # fmt: skip


def shown(world: World, *words: str, **variables: Any) -> bytes:
    """What it writes to a terminal, which ends lines in its own way."""
    with Screen(world, "logs", *words, "last", **variables) as screen:
        assert screen.end() == 0
        return screen.shown.replace(b"\r\n", b"\n")


def test_a_pipe_gets_the_bytes_but_of_bars_the_last_state(project: World) -> None:
    log_of(project).write_bytes(BAR)
    assert printed(project) == FOLDED


def test_raw_are_the_very_bytes(project: World) -> None:
    log_of(project).write_bytes(BAR)
    assert printed(project, "--raw") == BAR
    assert printed(project, "--raw", "-n", "2") == BAR[BAR.index(b"\x1b") :]


def test_a_terminal_gets_colours_and_nothing_else_that_it_would_act_on(project: World) -> None:
    log_of(project).write_bytes(BAR)
    expected = "begin\n100%\n\x1b[31mred\x1b[0m \\x1b]0;title\\x07\\x00\ufffd\nend\n"
    assert shown(project).decode() == expected
    plain = expected.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert shown(project, NO_COLOR="1").decode() == plain


def test_a_terminal_that_knows_ascii_only_gets_it(project: World) -> None:
    log_of(project).write_bytes("gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\n".encode())
    assert shown(project, PYTHONIOENCODING="ascii") == b"gr\\xfcn\n"


def test_a_document_holds_the_same_in_plain_text(project: World) -> None:
    log_of(project).write_bytes(BAR)
    (name,) = project.runs()
    document = project.wf("logs", "last", "--json").json()
    text = "begin\n100%\nred \\x1b]0;title\\x07\\x00\ufffd\nend\n"
    assert document == {"run": name, "log": text, "offset": 0, "size": len(BAR)}
    last = project.wf("logs", "last", "--json", "-n", "1").json()
    assert (last["log"], last["offset"]) == ("end\n", len(BAR) - 4)
    raw = project.wf("logs", "last", "--json", "--raw").json()
    assert raw["log"] == BAR.decode(errors="replace")


@pytest.mark.parametrize(
    ("count", "last"),
    [("1", b"three"), ("2", b"100%\nthree"), ("4", b"one\ntwo\n100%\nthree"), ("0", b"")],
)
def test_the_last_lines_are_counted_as_they_are_shown(
    project: World, count: str, last: bytes
) -> None:
    bars = b"".join(b"\x1b[A\r%d%%\n" % percent for percent in range(101))
    log_of(project).write_bytes(b"zero\none\ntwo\n0%\n" + bars + b"three")
    assert printed(project, "-n", count) == last
    assert printed(project, "--tail", count) == last


def test_the_end_of_a_long_log_is_shown_at_once(project: World) -> None:
    with log_of(project).open("wb") as file:
        file.truncate(10 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"".join(b"line %d\n" % number for number in range(2000)))
    on_screen = shown(project)
    name = project.runs()[0].encode()
    assert on_screen.startswith(b"10.7 GB above this are not shown: `wf logs " + name + b" | less")
    assert on_screen.endswith(b"line 1998\nline 1999\n")
    assert on_screen.count(b"\n") == 1001
    assert printed(project, "-n", "2") == b"line 1998\nline 1999\n"
    document = project.wf("logs", "last", "--json").json()
    assert document["offset"] == document["size"] - (8 << 20)
    assert document["log"].endswith("line 1999\n")


def test_a_pipe_gets_all_of_a_long_log(project: World) -> None:
    log = b"".join(b"line %d\n" % number for number in range(300_000))
    log_of(project).write_bytes(log)
    same = printed(project) == log
    assert same


def _times(world: World, *noted: tuple[int, int]) -> None:
    now = time.time_ns() // 1_000_000
    records = b"".join(struct.pack("<QQ", now - ago, offset) for ago, offset in noted)
    log_of(world).with_name("log.times").write_bytes(records)


def test_what_came_since(project: World) -> None:
    log_of(project).write_bytes(b"old\nof an hour ago\nnew\n")
    _times(project, (3 * HOUR_MS, 0), (HOUR_MS, 4), (20_000, 19))
    assert printed(project, "--since", "4h") == b"old\nof an hour ago\nnew\n"
    assert printed(project, "--since", "2h") == b"of an hour ago\nnew\n"
    assert printed(project, "-s", "1d", "-n", "1") == b"new\n"
    assert printed(project, "-s", "10m") == printed(project, "-s", "10m", "--raw") == b"new\n"
    assert printed(project, "--since", "5s") == b""
    assert project.wf("logs", "last", "--since", "2h", "--json").json()["offset"] == 4
    assert printed(project, "--since", "2022-05-17") == b"old\nof an hour ago\nnew\n"


def test_what_came_since_begins_with_a_whole_line(project: World) -> None:
    log_of(project).write_bytes(b"old\nbegun before\n")
    _times(project, (HOUR_MS, 0), (1000, 10))
    assert printed(project, "--since", "10m") == b"begun before\n"


def test_a_log_without_times_is_shown_whole(project: World) -> None:
    log_of(project).write_bytes(b"one\ntwo\n")
    log_of(project).with_name("log.times").unlink(missing_ok=True)
    done = project.wf("logs", "last", "--since", "10m")
    assert done.out == "one\ntwo\n"
    assert "not known when" in done.err
    os.utime(log_of(project), (0, 0))
    assert project.wf("logs", "last", "--since", "10m").out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "x"), "a number of lines is wanted, not `x`"),
        (("-n", "-5"), "a number of lines is wanted, not `-5`"),
        (("--since", "soon"), "`soon` is no time"),
        (("--since", "2026-13-01"), "`2026-13-01` is no time"),
        (("--since", "0m"), "no time at all"),
        (("-f", "--json"), "--follow has no end"),
    ],
)
def test_what_cannot_be_asked_is_said(project: World, words: tuple[str, ...], said: str) -> None:
    done = project.wf("logs", *words, "last")
    assert done.code == 64
    assert said in done.err
    assert "hint:" in done.err


class Follower:
    """``wf logs -f`` of a job that writes what it is told to."""

    def __init__(self, world: World) -> None:
        world.workflows(
            'workflows:\n  - name: job\n    provider: bash\n    commands: [cat "$FIFO"]\n'
        )
        self.fifo = world.project / "fifo"
        os.mkfifo(self.fifo)
        self.run = world.start("run", "job", "-e", f"FIFO={self.fifo}")
        # for both: to open one end alone waits for the other
        self.job = os.fdopen(os.open(self.fifo, os.O_RDWR), "wb", buffering=0)
        self.log = until(lambda: self._log(world), "a log")

    def _log(self, world: World) -> Path | None:
        logs = (world.folder(run) / "log" for run in world.runs())
        return next((path for path in logs if path.exists()), None)

    def say(self, text: bytes) -> None:
        self.job.write(text)
        until(lambda: self.log.read_bytes().endswith(text), "the log to grow")

    def end(self) -> None:
        self.job.close()
        assert self.run.wait(60) == 0


def test_following_to_a_file_are_the_very_bytes_until_the_run_ends(world: World) -> None:
    job = Follower(world)
    job.say(b"before\n\r1%")
    copy = world.home / "copy"
    with copy.open("wb") as file:
        following = world.start("logs", "-f", "last", out=file.fileno())
        until(lambda: copy.read_bytes() == b"before\n\r1%", "what was there")
        job.say(b"\r2%\0\xff\x1b]0;x\x07")
        until(lambda: copy.read_bytes().endswith(b"\x07"), "what was added")
        assert following.poll() is None
        job.end()
        assert following.wait(60) == 0
    assert copy.read_bytes() == b"before\n\r1%\r2%\0\xff\x1b]0;x\x07"


def test_following_on_a_terminal_bars_move_and_nothing_else_is_acted_on(world: World) -> None:
    job = Follower(world)
    job.say(b"before\n\r1%\r2%")
    with Screen(world, "logs", "-f", "-n", "1", "last") as screen:
        screen.wait_for(b"2%")
        job.say(b"\r\x1b[K3%\x1b[31m\x1b]0;x\x07")
        screen.wait_for(rb"\x07")
        job.end()
        assert screen.end() == 0
        assert screen.shown == b"2%\r\x1b[K3%\x1b[31m\\x1b]0;x\\x07\x1b[0m"


def test_ctrl_c_ends_the_following_quietly_and_nothing_else(world: World) -> None:
    job = Follower(world)
    job.say(b"\x1b[31mred\n")
    with Screen(world, "logs", "-f", "last") as screen:
        screen.wait_for(b"red")
        job.say(b"more")
        screen.wait_for(b"more")
        screen.press(b"\x03")
        assert screen.end() == 130
        assert b"Traceback" not in screen.shown
        assert b"error" not in screen.shown
    job.say(b"\nstill there\n")
    job.end()
