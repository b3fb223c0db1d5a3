"""``pip`` for a run's own environment: commands, and a module for ``python -m pip``.

What they do is in :mod:`runner.environments.uv.pip`, which the interpreter of wf itself runs: that
of the job may be of any age, and lacks what wf needs.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.own.stack import site_packages

if TYPE_CHECKING:
    from runner.cached import OwnPaths
    from runner.plan.environment import Accelerator

_COMMAND = """\
#!/bin/sh
exec {python} -I -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); \
from runner.environments.uv.pip.shim import entry; entry()' {library} {own} "$@"
"""

# read by every Python that a job can have, 2.7 among them
_MODULE = '''\
"""pip, as `python -m pip` and `pip.main` ask for it: the command of that name does the work."""
import os
import subprocess
import sys

_COMMAND = {command!r}


def main(args=None):
    return subprocess.call([_COMMAND] + list(sys.argv[1:] if args is None else args))
'''
_MAIN = """\
import os
import sys

import pip

os.execv(pip._COMMAND, [pip._COMMAND] + sys.argv[1:])
"""


class Installing(NamedTuple):
    """What the commands are told: where uv and the cache are, and what the environment is.

    ``python`` is the interpreter's full version; ``as_of`` the last day that counts;
    ``accelerator`` what wheels are built for.
    """

    uv: Path
    cache: Path
    python: str
    as_of: str | None
    accelerator: Accelerator = "cpu"


def put_commands(paths: OwnPaths, installing: Installing) -> None:
    """``pip``, ``pip3``, ``pip3.X`` and the module ``pip``.

    Raises:
        OSError: the environment cannot be written.
    """
    said = {"uv": str(installing.uv), "cache": str(installing.cache),
            "python": installing.python, "as_of": installing.as_of,
            "accelerator": installing.accelerator}  # fmt: skip
    paths.installing.write_text(json.dumps(said), encoding="utf-8")
    command = paths.environment.bin / "pip"
    text = _COMMAND.format(
        python=shlex.quote(sys.executable),
        library=shlex.quote(str(Path(__file__).resolve().parents[3])),
        own=shlex.quote(str(paths.root)),
    )
    command.write_text(text, encoding="utf-8")
    command.chmod(0o755)
    major, minor, *_ = [*installing.python.split("."), ""]
    for name in (f"pip{major}", f"pip{major}.{minor}"):
        (paths.environment.bin / name).symlink_to(command.name)
    module = site_packages(paths.environment.venv) / "pip"
    module.mkdir()
    (module / "__init__.py").write_text(_MODULE.format(command=str(command)), encoding="utf-8")
    (module / "__main__.py").write_text(_MAIN, encoding="utf-8")


def told(paths: OwnPaths) -> Installing:
    """What the commands were told.

    Raises:
        OSError: it cannot be read.
    """
    said = json.loads(paths.installing.read_bytes())
    return Installing(
        Path(said["uv"]), Path(said["cache"]), said["python"], said["as_of"], said["accelerator"]
    )
