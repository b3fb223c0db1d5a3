"""A program that is spoken with over its stdin and stdout, and can still ask at the terminal."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# what a program says last is what matters
_SAID = 4096


class Piped:
    """Started with the object; :meth:`end` is always called.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        try:
            self._process = subprocess.Popen(
                list(argv),
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
            )
        except BaseException:
            self._stderr.close()
            raise

    @property
    def input(self) -> IO[bytes]:
        """Unbuffered: a write may take less than it is given."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        """Unbuffered: a read may give less than is asked for."""
        assert self._process.stdout is not None  # noqa: S101 - the same
        return self._process.stdout

    def said(self) -> str:
        """What it has said on stderr, from the last lines of it. Waits until it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        # without moving about in it: several threads may ask
        end = os.fstat(self._stderr.fileno()).st_size
        said = os.pread(self._stderr.fileno(), _SAID, max(end - _SAID, 0))
        return said.decode(errors="replace")

    def kill(self) -> None:
        """It says and hears nothing more. Safe to repeat."""
        self._process.kill()

    def end(self) -> None:
        """It has ended afterwards. Safe to repeat."""
        self.kill()
        self._process.wait()
        for stream in (self.input, self.output, self._stderr):
            with suppress(OSError):
                stream.close()
