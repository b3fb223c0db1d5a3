"""``pip`` of a run's own environment: a job calls it, and uv does the work.

Whatever changes the environment becomes a layer. What uv cannot do, pip itself does, which is
fetched only then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cached import OwnPaths
from runner.environments.own.commands import told
from runner.environments.uv.pip.command import Install, NotUvsError, Uninstall, read
from runner.errors import WfError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.environments.uv.pip.command import Command

_FAILED = 1
_INTERRUPTED = 130


def entry() -> None:
    """What the command ``pip`` is."""
    own, *words = sys.argv[1:]
    sys.exit(pip(OwnPaths(Path(own)), words, os.environ, Path.cwd()))


def pip(paths: OwnPaths, words: Sequence[str], variables: Mapping[str, str], folder: Path) -> int:
    """Do what pip would do with these words; the exit code."""
    try:
        return _pip(paths, words, variables, folder)
    except WfError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        details = f"\n{error.details}" if error.details else ""
        _say(f"{error.message}{hint}{details}")
    except OSError as error:
        _say(f"{error.strerror}: {error.filename}")
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _FAILED


def _pip(paths: OwnPaths, words: Sequence[str], variables: Mapping[str, str], folder: Path) -> int:
    from runner.environments.own.stack import changing
    from runner.environments.uv.pip.work import Work

    work = Work(paths, told(paths), variables, folder)
    try:
        command: Command | None = read(words)
    except NotUvsError:
        command = None
    if isinstance(command, Install):
        if command.target is not None:
            return work.install_elsewhere(command)
        with changing(paths):
            return work.install(command)
    if isinstance(command, Uninstall):
        with changing(paths):
            return work.uninstall(command)
    if command is not None:
        return work.tell(command)
    if "install" in words:
        with changing(paths):
            return work.install_with_pip(words)
    return work.call_pip(words)


def _say(text: str) -> None:
    print(f"pip: {text}", file=sys.stderr)  # noqa: T201 - it is a program of its own
