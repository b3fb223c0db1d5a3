"""A run's own environment: what uv adds to it, and what the job saw in the end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cached import OwnPaths
from runner.environments.own import stack
from runner.environments.own.commands import Installing, put_commands
from runner.environments.own.distributions import line
from runner.environments.own.on_top import bring_commands
from runner.environments.own.stack import Layer, Stack, site_packages
from runner.environments.packages.installed import address
from runner.environments.packages.lists import package_name

if TYPE_CHECKING:
    from runner.environments.interface import Build, Environment
    from runner.environments.own.distributions import Distribution
    from runner.environments.uv.command import Uv
    from runner.plan.environment import EnvironmentSpec

# docs.python.org, "What's New In Python 3.12": venv no longer installs setuptools
_LAST_WITH_SETUPTOOLS = 11
# what every such environment has says nothing of the job
_PIP = "import runpy\nrunpy.run_module('pip', run_name='__main__', alter_sys=True)\n"
_INSTALLERS = frozenset({"pip", "setuptools"})


def put_on_top(
    spec: EnvironmentSpec, shared: Environment, build: Build, cache: Path, run: Uv
) -> Environment:
    """Let the bare virtual environment of ``build`` see what ``shared`` has; the two as one.

    Layers go into the folder ``cache``.

    Raises:
        WfError: kind ``ENVIRONMENT`` when setuptools cannot be had.
        OSError: the folder cannot be written.
    """
    paths = OwnPaths(build.destination.root)
    if _needs_setuptools(shared):
        run.install_setuptools(_bundled(shared.executable), spec.as_of)
    put_commands(paths, Installing(run.program, cache, shared.python, spec.as_of, spec.accelerator))
    return _above(shared, build, run)


def put_inside(shared: Environment, build: Build, run: Uv) -> Environment:
    """The same inside an image, whose pip is pip itself: wf's own needs what is on this machine.

    Where the environment got none, its ``pip`` is the image's, installing here.

    Raises:
        OSError: the folder cannot be written.
    """
    for name in ("pip", "pip3"):
        command = build.destination.bin / name
        if not os.path.lexists(command):
            command.write_text(f"#!{build.destination.python}\n{_PIP}", encoding="utf-8")
            command.chmod(0o755)
    return replace(_above(shared, build, run), besides=(shared.root, run.program), own=True)


def _above(shared: Environment, build: Build, run: Uv) -> Environment:
    own = build.destination
    bring_commands(shared.root, own, but=stack.OWN_COMMAND)
    stack.bring_data(shared.root, own.venv)
    layer = Layer(shared.root, site_packages(shared.root), shared.fingerprint)
    stack.write(OwnPaths(own.root), Stack((layer,)))
    if not os.path.lexists(own.bin / "uv"):
        (own.bin / "uv").symlink_to(run.program)  # today's images have it
    return replace(shared, root=own.venv, bin=own.bin, executable=own.python)


def _needs_setuptools(shared: Environment) -> bool:
    minor = int([*shared.python.split("."), "0"][1])
    had = any(line.partition("==")[0] == "setuptools" for line in shared.lock)
    return minor <= _LAST_WITH_SETUPTOOLS and not had


def _bundled(python: Path) -> Path | None:
    """The setuptools that comes with the interpreter, as ``python -m venv`` takes it."""
    base = Path(os.path.realpath(python)).parents[1]
    return next(iter(sorted(base.glob("lib/python*/ensurepip/_bundled/setuptools-*.whl"))), None)


def seen(shared: Environment, build: Build, run: Uv) -> tuple[str, ...]:
    """Every package that the job saw in the end, as ``pip freeze`` lists them.

    Raises:
        WfError: kind ``ENVIRONMENT`` when uv cannot tell.
        OSError, ValueError: what the job left cannot be read.
    """
    paths = OwnPaths(build.destination.root)
    own = site_packages(build.destination.venv)
    known = {package_name(line): line for line in shared.lock}
    below = site_packages(shared.root)
    lines = {
        name: known.get(name, line(one)) if one.folder == below else _told(one, build)
        for name, one in stack.read(paths).distributions(paths).items()
        if one.folder != own or name not in _INSTALLERS
    }
    if any(name.endswith((".egg-info", ".egg-link")) for name in os.listdir(own)):
        # as `python setup.py install` and `develop` leave them
        older = (said for said in run.lock() if package_name(said) not in _INSTALLERS)
        lines = {**{package_name(said): said for said in older}, **lines}
    return tuple(lines[name] for name in sorted(lines))


def _told(one: Distribution, build: Build) -> str:
    """A package as the record lists it: what lies in the project by its path there."""
    path = address(one.info, build.project) if build.project is not None else None
    return line(one) if path is None else f"{one.name} @ file:{path}"
