"""Programs that help: git and uv, say.

:func:`capture` is for a short one whose output is wanted whole (:func:`begin`: and later),
:func:`ask` for one that is told what its command line must not show, and :func:`stream` for a long
one whose output is shown as it comes.
"""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.terminal import open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.terminal import WindowSize

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Completed:
    """A helper that has ended."""

    code: int
    stdout: bytes
    stderr: bytes


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
) -> Completed | None:
    """Run a short helper; ``None`` if there is no such program or it took too long (seconds)."""
    return begin(argv, env=env, cwd=cwd, timeout=timeout)()


def begin(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
) -> Callable[[], Completed | None]:
    """As :func:`capture`, but it runs beside us until what is returned is called, once."""
    try:
        helper = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return lambda: None

    def completed() -> Completed | None:
        with helper:
            try:
                stdout, stderr = helper.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                helper.kill()
        return Completed(helper.returncode, stdout, stderr)

    return completed


def ask(
    argv: Sequence[str], question: bytes, *, env: Mapping[str, str], timeout: float
) -> Completed | None:
    """Run a helper that is told something on its stdin; ``None`` as for :func:`capture`.

    It has no terminal: whatever it does, it can ask nobody.
    """
    try:
        done = subprocess.run(
            list(argv),
            cwd="/",
            env=dict(env),
            input=question,
            capture_output=True,
            timeout=timeout,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Completed(done.returncode, done.stdout, done.stderr)


def stream(  # noqa: PLR0913 - what a process is started with, and named at every call
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    inherit: tuple[int, ...],
    on_output: Callable[[bytes], None],
    terminal: WindowSize | None = None,
) -> int:
    """Run a long helper, handing over what it says as it says it; its exit code.

    ``inherit`` are descriptors kept open in the helper: a lock they hold lives as long as it does.
    With ``terminal`` it writes to a terminal of that size, where there is one to be had. The
    helper does not outlive the call, however that ends.
    """
    ours, theirs = _output(terminal)
    try:
        try:
            helper = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                pass_fds=inherit,
            )
        finally:
            os.close(theirs)
        with helper:
            try:
                while chunk := _read(ours):
                    on_output(chunk)
                return helper.wait()
            except BaseException:
                helper.kill()
                raise
    finally:
        os.close(ours)


def _output(terminal: WindowSize | None) -> tuple[int, int]:
    try:
        return open_output(terminal)
    except OSError:
        return open_output(None)  # a sandbox without terminals, or none left


def _read(output: int) -> bytes:
    try:
        return os.read(output, _CHUNK)
    except OSError as error:
        if error.errno == errno.EIO:  # a terminal that nobody writes to any more (Linux)
            return b""
        raise
