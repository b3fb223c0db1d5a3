"""Control groups and containers that keep a lease though they inherit no descriptor."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.allocation.locks import keepers
from runner.allocation.locks.claims import Claims, OwnClaim
from runner.allocation.locks.devices import Devices
from runner.allocation.locks.folder import LockFolder
from runner.errors import BUSY, WfError
from runner.spec.workflow import Resources
from tests.conftest import require
from tests.fakes.inventory import machine
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Iterator

US = os.geteuid()
CONTAINER = "0123456789ab"
_GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of version 2."""
    roots = [root for root in _GROUPS if (root / "cgroup.controllers").exists()]
    require("cgroup v2", None if roots else "there is no such tree")
    require("cgroup v2", None if os.access(roots[0], os.W_OK) else "it is not ours to write to")
    made = roots[0] / f"wf-test-{os.getpid()}"
    made.mkdir()
    yield made
    (made / "cgroup.kill").write_text("1")
    made.rmdir()


@contextmanager
def engine(folder: Path, answer: bytes) -> Iterator[tuple[Path, list[bytes]]]:
    """A container engine that gives one answer to whatever it is asked."""
    where = folder / "engine.sock"
    heard: list[bytes] = []
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(where))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield where, heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def said(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


RUNS = said("200 OK", '{"State": {"Running": true}}')
ENDED = said("200 OK", '{"State": {"Running": false}}')
GONE = said("404 Not Found", '{"message": "No such container"}')


def test_a_group_keeps_as_long_as_a_process_is_in_it(group: Path) -> None:
    keeper = f"cgroup:{group}"
    assert not keepers.lives(keeper, US)
    child = subprocess.Popen(["sleep", "600"])
    try:
        (group / "cgroup.procs").write_text(str(child.pid))
        assert keepers.lives(keeper, US)
    finally:
        child.kill()
        child.wait()
    assert not keepers.lives(keeper, US)


@pytest.mark.parametrize(
    "keeper",
    [
        "",
        "cgroup:",
        "cgroup:/etc",
        "cgroup:/sys/fs/cgroup",
        "cgroup:/sys/fs/cgroup/../../proc",
        "cgroup:/sys/fs/cgroup/there-is-none",
        "container:",
        "container:relative#0123456789ab",
        "container:/etc/passwd#0123456789ab",
        "container:/run/x.sock#../../etc",
        "container:/run/x.sock#0123456789ab/../..",
        "container:/run/x.sock#0123456789ab HTTP/1.1",
        "process:1",
    ],
)
def test_what_is_no_keeper_keeps_nothing(keeper: str) -> None:
    assert not keepers.lives(keeper, US)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (RUNS, True),
        (ENDED, False),
        (GONE, False),
        (said("500 Internal Server Error", "{}"), True),
        (said("200 OK", "garbage"), True),
        (said("200 OK", "[]"), True),
        (b"garbage", True),
        (b"", True),
    ],
)
def test_a_container_keeps_unless_its_engine_says_otherwise(
    tmp_path: Path, *, answer: bytes, kept: bool
) -> None:
    with engine(tmp_path, answer) as (where, heard):
        assert keepers.lives(f"container:{where}#{CONTAINER}", US) is kept
    assert heard[0].startswith(f"GET /containers/{CONTAINER}/json HTTP/1.0\r\n".encode())


def test_an_engine_that_does_not_answer_may_still_run_it(tmp_path: Path) -> None:
    assert keepers.lives(f"container:{tmp_path}/none.sock#{CONTAINER}", US)


def test_the_socket_of_a_third_user_is_not_asked(tmp_path: Path) -> None:
    with engine(tmp_path, RUNS) as (where, heard):
        if US == 0:
            os.chown(where, 65533, 65533)
        assert not keepers.lives(f"container:{where}#{CONTAINER}", US + 1)
    assert heard == []


def test_a_lease_lasts_as_long_as_its_container(tmp_path: Path) -> None:
    """The supervisor and all that inherited its descriptors are gone; the container is not."""
    ours, theirs = (FileLeases(tmp_path / "locks") for _ in range(2))

    def take(leases: FileLeases) -> None:
        lease = leases.acquire(
            Resources(cpu=2),
            lambda _: machine(cores=2),
            Claim("wet-mango-1"),
            RecordingObserver(),
            wait=False,
        )
        leases.keep(lease, f"container:{tmp_path}/engine.sock#{CONTAINER}")
        leases.release(lease)

    with engine(tmp_path, RUNS):
        take(ours)
        with pytest.raises(WfError) as caught:
            take(theirs)
        assert caught.value.kind == BUSY
        assert "wet-mango-1" in caught.value.message
        assert [one.cores for one in theirs.standing().holders] == [(0, 1)]
    (tmp_path / "engine.sock").unlink()
    with engine(tmp_path, GONE):
        take(theirs)
        assert theirs.standing().holders == ()


def test_a_user_whose_engines_are_silent_is_not_asked_for_ever(tmp_path: Path) -> None:
    """Whoever looks at the claims would wait for each of them otherwise."""
    folder = LockFolder(tmp_path / "locks")
    folder.prepare()
    where, many = tmp_path / "engine.sock", 4
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(where))
        silent.listen(many)  # they are let in, and nobody speaks to them
        made = [OwnClaim(folder, Claim(f"wet-mango-{one}"), Devices()) for one in range(many)]
        for one in made:
            one.keep(f"container:{where}#{CONTAINER}")
            os.close(one.descriptor)
        claims = Claims(folder)
        claims.look()
        assert not claims.ask()
        assert len(claims.look()) == many, "what is not known to be free is not"
        silent.settimeout(0)
        asked = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1
    assert asked < many
