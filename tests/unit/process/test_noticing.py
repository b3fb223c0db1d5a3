"""Who is given notice: processes with a handler of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from runner.process.noticing import catches, give_notice
from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="procfs: Linux only")

HANDLER = """
import os, signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: (print("noticed", os.getpid(), flush=True), sys.exit()))
child = os.fork() if sys.argv[1:] == ["forks"] else 0
print("ready", os.getpid(), child, flush=True)
while True:
    time.sleep(1)
"""
PLAIN = "import time; print('ready', flush=True); time.sleep(60)"


def start(stack: ExitStack, code: str, *words: str) -> subprocess.Popen[bytes]:
    process = stack.enter_context(
        subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE)
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"ready")
    return process


def test_only_those_with_a_handler_are_told() -> None:
    with ExitStack() as stack:
        catching, plain = start(stack, HANDLER), start(stack, PLAIN)
        assert catches(catching.pid, signal.SIGUSR1)
        assert not catches(plain.pid, signal.SIGUSR1)
        assert not catches(catching.pid, signal.SIGUSR2)
        assert give_notice({catching.pid, plain.pid}, signal.SIGUSR1) == 1
        assert catching.wait(60) == 0
        assert plain.poll() is None


def test_a_copy_of_a_handler_is_not_told(tmp_path: Path) -> None:
    """A data loader's worker is forked, and must not write the checkpoint as well."""
    log = tmp_path / "log"
    with log.open("wb") as output, ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", HANDLER, "forks"], stdout=output)
        )
        stack.callback(process.kill)
        until(lambda: log.read_bytes().count(b"ready") == 2, "both")
        said = [line.split() for line in log.read_text().splitlines()]
        child = next(int(words[1]) for words in said if words[2] == "0")
        stack.callback(os.kill, child, signal.SIGKILL)
        assert catches(child, signal.SIGUSR1)
        assert give_notice({process.pid, child}, signal.SIGUSR1) == 1
        assert process.wait(60) == 0
        assert f"noticed {child}" not in log.read_text()


def test_who_has_gone_is_not_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert give_notice({process.pid}, signal.SIGUSR1) == 0
