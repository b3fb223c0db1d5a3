"""Programs that help: git and uv, say.

:func:`capture` is for a short one whose output is wanted whole, :func:`stream` for a long one whose
output is shown as it comes.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

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
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Completed(done.returncode, done.stdout, done.stderr)


def stream(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    inherit: tuple[int, ...],
    on_output: Callable[[bytes], None],
) -> int:
    """Run a long helper, handing over what it says as it says it; its exit code.

    ``inherit`` are descriptors kept open in the helper: a lock they hold lives as long as it does.
    The helper does not outlive the call, however that ends.
    """
    with subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=inherit,
    ) as helper:
        try:
            assert helper.stdout is not None  # noqa: S101 - asked for above
            while chunk := os.read(helper.stdout.fileno(), _CHUNK):
                on_output(chunk)
            return helper.wait()
        except BaseException:
            helper.kill()
            raise
