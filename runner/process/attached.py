"""A program that speaks for its caller: what it says goes where the caller's own words go."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def attached(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, inherit: tuple[int, ...] = ()
) -> int:
    """Run it to its end; its code, as a shell tells it.

    ``inherit`` are descriptors kept open in it: a lock they hold lives as long as it does.

    Raises:
        OSError: it cannot be started.
    """
    with subprocess.Popen(list(argv), env=dict(env), cwd=cwd, pass_fds=inherit) as program:
        code = program.wait()
    return 128 - code if code < 0 else code
