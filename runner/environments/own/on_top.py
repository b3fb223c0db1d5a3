"""What a run's own environment has of those below it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from runner.cached import EnvironmentPaths

# enough for the longest `#!` line that a kernel reads, and for the two lines that pip writes
# where a path is longer
_HEAD_BYTES = 1024


def bring_commands(
    root: Path, paths: EnvironmentPaths, *, but: re.Pattern[str], over: bool = False
) -> None:
    """The commands of the environment at ``root``, started by the interpreter of ``paths``.

    Those whose names match ``but`` are left; ``over``: they replace what is there.

    Raises:
        OSError: the folder cannot be written.
    """
    with os.scandir(root / "bin") as entries:
        found = [entry for entry in entries if entry.is_file() and not but.fullmatch(entry.name)]
    for entry in found:
        mine = paths.bin / entry.name
        if os.path.lexists(mine):
            if not over:
                continue
            mine.unlink()
        script = _moved(Path(entry.path), str(root), str(paths.venv))
        if script is None:
            mine.symlink_to(entry.path)
        else:
            mine.write_bytes(script)
            mine.chmod(0o755)


def _moved(command: Path, old: str, new: str) -> bytes | None:
    """A script whose first lines name the new interpreter, or ``None`` for other programs."""
    with command.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if not head.startswith(b"#!") or old.encode() not in head:
            return None
        return head.replace(old.encode(), new.encode()) + file.read()
