"""Server processes on this machine's loopback, which end with the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PATIENCE_SECONDS, children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A process that listens at a port of 127.0.0.1; it can be killed, and started again there."""

    def __init__(self, argv: Sequence[str], port: int, log: Path, env: Mapping[str, str]) -> None:
        self._argv, self._env, self._log = list(argv), dict(env), log
        self.port = port
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                pytest.fail(f"{self._argv[0]} does not listen: {said}")
            time.sleep(0.02)

    def kill(self) -> None:
        """It is gone, with the processes that serve its connections. Safe to repeat."""
        if self._process.returncode is None:
            for pid in [self._process.pid, *below(self._process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


def below(pid: int) -> Iterator[int]:
    """Every process that it has started; sshd gives each connection a session of its own."""
    for child in children(pid):
        yield from below(child)
        yield child
