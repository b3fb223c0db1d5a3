"""Who carries several runs out is known while it does, by a lock of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.records import carriers

if TYPE_CHECKING:
    from pathlib import Path

# its child goes on when it has ended, as a run of it may
CARRIER = """\
import os, sys, time
from pathlib import Path
from runner.records import carriers
held = carriers.hold(Path(sys.argv[1]), "wf run --all")
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.readline()
    os._exit(0)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "1-a").mkdir()
    return tmp_path / "1-a"


def test_it_is_found_by_its_lock_and_not_by_that_of_what_it_started(folder: Path) -> None:
    command = [sys.executable, "-c", CARRIER, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"forked\n"
        (found,) = carriers.living(folder.parent)
        assert (found.pid, found.command) == (process.pid, "wf run --all")
        assert found.send(signal.SIGTERM)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not found.lives
        assert not found.send(signal.SIGTERM)
        assert carriers.living(folder.parent) == []
        process.communicate(b"\n", timeout=60)


@pytest.mark.parametrize("said", [b"", b"12", b"x\n\nwf run\n", b"1\nanother-boot\nwf run\n"])
def test_a_file_that_says_nothing_names_nobody(folder: Path, said: bytes) -> None:
    (folder / "carrier").write_bytes(said)
    assert carriers.living(folder.parent) == []


def test_a_file_that_nobody_holds_names_nobody(folder: Path) -> None:
    os.close(carriers.hold(folder, "wf run --all"))
    assert carriers.living(folder.parent) == []


def test_no_folder_is_no_carrier(tmp_path: Path) -> None:
    assert carriers.living(tmp_path / "none") == []
