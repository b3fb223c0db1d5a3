"""An environment of a run's own, on top of a shared one that is never changed.

It is for jobs that install packages themselves (``pip install -r requirements.txt`` among the
commands, as most files of 0.0.7 to 0.9.2 have it). What is installed goes into the run's own
folder, and is gone with it; what the shared environment has is there, as if it were installed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.environments.interface import Environment
    from runner.paths import EnvironmentPaths

# enough for the longest `#!` line that a kernel reads, and for the two lines that pip writes
# where a path is longer
_HEAD_BYTES = 1024


# what `python -m venv` puts into every environment says nothing of the job
_INSTALLERS = frozenset({"pip", "setuptools"})


def merged(shared: tuple[str, ...], installed: tuple[str, ...]) -> tuple[str, ...]:
    """The packages of two environments, one on top of the other, as ``pip freeze`` lists them."""
    added = {_name(line): line for line in installed if _name(line) not in _INSTALLERS}
    both = {**{_name(line): line for line in shared}, **added}
    return tuple(both[name] for name in sorted(both))


def _name(line: str) -> str:
    """``name==version``, ``name @ address``; anything else (``-e …``) is its own name."""
    return line.partition("==")[0].partition(" @ ")[0]


def put_on_top(shared: Environment, paths: EnvironmentPaths) -> Environment:
    """Let the bare virtual environment of ``paths`` see what ``shared`` has; the two as one.

    Raises:
        OSError: the folder cannot be written.
    """
    for packages in shared.root.glob("lib/python*/site-packages"):
        mine = paths.venv / packages.relative_to(shared.root)
        # behind what the job installs; with the .pth files of the shared one
        (mine / "_shared.pth").write_text(
            f"import site; site.addsitedir({str(packages)!r})\n", encoding="utf-8"
        )
    _bring_commands(shared, paths)
    return replace(shared, root=paths.venv, bin=paths.bin, executable=paths.python)


def _bring_commands(shared: Environment, paths: EnvironmentPaths) -> None:
    """The shared environment's commands, started by the run's own interpreter."""
    with os.scandir(shared.bin) as entries:
        found = [entry for entry in entries if entry.is_file()]
    for entry in found:
        mine = paths.bin / entry.name
        if os.path.lexists(mine):
            continue
        script = _moved(Path(entry.path), str(shared.root), str(paths.venv))
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
