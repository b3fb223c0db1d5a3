"""A person at a terminal: a command on a pseudo-terminal, keys, and what is on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING

from runner.records.names import ADJECTIVES, ANIMALS
from tests.conftest import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

    from tests.conftest import World

CTRL_C = b"\x03"
# makes the terminal the controlling one, which needs a session leader, then becomes the command
_LAUNCHER = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
_NOHUP = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {_LAUNCHER}"


class Screen:
    """``with Screen(world, "run", "train") as screen:`` shows ``wf run train``."""

    def __init__(
        self,
        world: World,
        *words: str,
        rows: int = 30,
        columns: int = 100,
        nohup: bool = False,
        **variables: str,
    ) -> None:
        """``nohup``: the end of the terminal means nothing to the command."""
        self._master, slave = pty.openpty()
        self.resize(rows, columns)
        self.modes = termios.tcgetattr(slave)  # how it treats what is typed, before anything runs
        self.process = subprocess.Popen(
            [sys.executable, "-c", _NOHUP if nohup else _LAUNCHER, *self._argv(world, words)],
            cwd=world.project,
            env={**world.variables, "TERM": "xterm", **variables},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._shown = bytearray()
        self._closed = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _argv(world: World, words: Sequence[str]) -> list[str]:
        return world.argv(*words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        self._reader.join()
        if not self._closed:
            os.close(self._master)

    @property
    def shown(self) -> bytes:
        """Every byte that was sent to the terminal."""
        return bytes(self._shown)

    @property
    def terminal(self) -> int:
        """The terminal's own end."""
        return self._master

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def resize(self, rows: int, columns: int) -> None:
        """Drag the corner of the window; the kernel tells the foreground processes."""
        packed = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, packed)

    def hang_up(self) -> None:
        """Close the window."""
        self._closed = True
        self._reader.join()
        os.close(self._master)

    def wait_for(self, text: bytes) -> None:
        """Until ``text`` is on the screen; it must not be a part of what a run can be called."""
        assert not any(text in word.encode() for word in (*ADJECTIVES, *ANIMALS)), text
        until(lambda: text in self._shown, f"{text!r} on the screen")

    def end(self) -> int:
        """Until the command has ended; its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return code

    def _read(self) -> None:
        """Until the command and whoever it left behind have closed the terminal."""
        while not self._closed:
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if not ready:
                if self.process.poll() is not None:
                    return
                continue
            try:
                chunk = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not chunk:
                return
            self._shown += chunk
