"""Who gets which words: streams, colour, encodings, and readers who leave."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import make_world

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: job
    help: "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{SNOWMAN}"
    provider: bash
    commands: [echo hello]
    artifacts: [model]
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
VERBS = [
    ("ls",), ("ps", "-a"), ("show", "last"), ("plan", "job"), ("validate",), ("run", "job"),
    ("artifacts", "tree", "last"), ("show", "nothing"),
]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A project with a run, which all tests look at."""
    world = make_world(tmp_path_factory.mktemp("streams"))
    world.workflows(FILE)
    assert world.wf("run", "job").code == 0
    return world


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_no_colour_without_a_terminal(project: World, words: tuple[str, ...]) -> None:
    done = project.wf(*words, TERM="xterm-256color")
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_colour_where_it_is_asked_for_changes_nothing_else(
    project: World, words: tuple[str, ...]
) -> None:
    done = project.wf(*words, FORCE_COLOR="1", TERM="xterm-256color")
    assert COLOUR.search(done.out + done.err)
    plain = COLOUR.sub("", done.out + done.err)
    assert "\x1b" not in plain


def test_no_colour_wins(project: World) -> None:
    done = project.wf("ps", "-a", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in done.out


def test_an_empty_no_colour_says_nothing(project: World) -> None:
    assert "\x1b[" in project.wf("ps", "-a", FORCE_COLOR="1", NO_COLOR="").out


@pytest.mark.parametrize(
    "words",
    [("ls",), ("ps", "-a"), ("show", "last"), ("plan", "job"), ("artifacts", "list", "last")],
    ids=" ".join,
)
def test_json_is_never_coloured(project: World, words: tuple[str, ...]) -> None:
    done = project.wf(*words, "--json", FORCE_COLOR="1")
    done.json()
    assert "\x1b" not in done.out


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_stream_that_knows_ascii_only_gets_it(project: World, words: tuple[str, ...]) -> None:
    usual = project.wf(*words)
    done = project.wf(*words, PYTHONIOENCODING="ascii")
    assert done.code == usual.code, done.err
    assert (done.out + done.err).isascii()
    assert "bug" not in done.err


def test_json_on_a_stream_that_knows_ascii_only(project: World) -> None:
    done = project.wf("ls", "--json", PYTHONIOENCODING="ascii")
    assert done.code == 0, done.err
    assert done.json()[0]["help"] == "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{SNOWMAN}"


def shell(world: World, text: str) -> subprocess.CompletedProcess[bytes]:
    """A line of bash in which ``$WF`` is the command."""
    return subprocess.run(
        ["bash", "-c", text],
        cwd=world.project,
        env={**world.variables, "WF": " ".join(world.argv())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "verb", ["ps -a", "ls", "show last", "logs last", "ls --json", "artifacts tree last", "--help"]
)
def test_a_reader_who_leaves_is_no_error(project: World, verb: str) -> None:
    # the reader has left before the first word
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            project.argv(*verb.split()),
            cwd=project.project,
            env=project.variables,
            stdin=subprocess.DEVNULL,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert done.stderr == b"" or b"the files lie in" in done.stderr
    assert done.returncode == 0


def test_a_reader_who_leaves_in_the_middle_is_no_error(project: World) -> None:
    done = shell(project, "$WF ps -a | head -c1; exit ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr, done.returncode) == (b"R", b"", 0)


def test_a_run_whose_reader_leaves_goes_on(world: World) -> None:
    world.workflows(
        "workflows:\n  - name: job\n    provider: bash\n    artifacts: [model]\n"
        "    commands: [seq 100000, touch model/x, exit 3]\n"
    )
    done = shell(world, "$WF run job | head -n1; exit ${PIPESTATUS[0]}")
    assert done.stdout == b"1\n"
    assert done.returncode == 3
    record = world.record()
    assert (record["status"], record["exit_code"]) == ("failed", 3)
    assert record["artifacts"][0]["files"] == 1
    assert world.wf("logs", "last").out.endswith("\n100000\n")


def test_a_run_nobody_listens_to_at_all_goes_on(world: World) -> None:
    world.workflows(
        "workflows:\n  - name: job\n    provider: bash\n    artifacts: [model]\n"
        "    commands: [sleep 0.5, touch model/x, echo done]\n"
    )
    done = shell(world, "$WF run job 2>&1 | true; exit ${PIPESTATUS[0]}")
    assert done.returncode == 0
    record = world.record()
    assert record["status"] == "succeeded"
    assert record["artifacts"][0]["files"] == 1
    assert world.wf("logs", "last").out == "done\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(project: World, closed: str) -> None:
    done = shell(project, f"$WF run job {closed}")
    assert done.returncode == 0, done.stderr
    assert project.record()["status"] == "succeeded"
    assert project.wf("logs", "last").out == "hello\n"


def test_a_full_disk_behind_stdout_is_not_a_success(project: World) -> None:
    done = shell(project, "$WF ps -a > /dev/full")
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"), [("ps -a", 73), ("show nothing", 64), ("show nothing --json", 64)]
)
def test_a_terminal_that_is_gone_changes_no_code(project: World, words: str, code: int) -> None:
    master, slave = pty.openpty()
    # it begins when its terminal is gone
    waiting = ["bash", "-c", 'read -r; exec "$@"', "wf", *project.argv(*words.split())]
    process = subprocess.Popen(
        waiting,
        cwd=project.project,
        env=project.variables,
        stdin=subprocess.PIPE,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    os.close(master)
    process.communicate(b"\n", timeout=120)
    assert process.returncode == code


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)], ids=" ".join)
def test_the_overview(world: World, words: tuple[str, ...]) -> None:
    done = world.wf(*words)
    assert (done.code, done.err) == (0, "")
    for verb in ("run", "ls", "validate", "plan", "ps", "show", "logs", "artifacts", "rm"):
        assert re.search(rf"^  {verb} ", done.out, re.MULTILINE)


@pytest.mark.parametrize(
    "verb", ["run", "ls", "validate", "plan", "ps", "show", "logs", "artifacts", "rm"]
)
def test_the_help_of_a_verb(world: World, verb: str) -> None:
    done = world.wf(verb, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"usage: wf {verb}" in done.out
    assert "examples:" in done.out
    assert world.wf("help", verb).out == done.out


def test_the_version(world: World) -> None:
    done = world.wf("--version")
    assert done.code == 0
    assert re.fullmatch(r"wf \d+\.\d+\.\d+\S*\n", done.out)


def test_a_verb_that_is_none(world: World) -> None:
    done = world.wf("rnu", "job")
    assert done.code == 64
    assert "there is no verb `rnu`" in done.err
    assert "hint: did you mean `run`?" in done.err
    assert world.wf("--vresion").code == 64
