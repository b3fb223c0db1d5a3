"""The provisioner: virtual environments made with ``uv venv`` and ``uv pip install``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import envvars
from runner.environments.interface import Build, Provisioned
from runner.environments.uv.command import Uv
from runner.environments.uv.find import find_uv, interpreter
from runner.environments.uv.fingerprint import configured, decisive, fingerprint
from runner.environments.uv.own import put_on_top, seen
from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.environments.interface import Environment
    from runner.paths import EnvironmentPaths
    from runner.plan.environment import EnvironmentSpec


class UvProvisioner:
    """Makes a virtual environment with ``uv venv`` and ``uv pip install``."""

    kind = "venv"

    def __init__(self, variables: Mapping[str, str], index: Mapping[str, str]) -> None:
        """``variables`` are the caller's; ``index`` what pip's configuration adds for uv."""
        dropped = envvars.INTERPRETER_VARIABLES | {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
        self._variables = {k: v for k, v in variables.items() if k not in dropped} | dict(index)
        self._index = decisive(self._variables)
        self._configuration = configured(variables)

    def unavailable(self) -> str | None:
        """Whether there is a uv."""
        if find_uv(self._variables) is None:
            return "uv, which builds environments, is not installed (pip install uv)"
        return None

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """Interpreter, platform, what the requirements say, and where packages come from."""
        return fingerprint(spec, self._index, self._configuration)

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """``uv venv``, ``uv pip install`` where something is to be installed, and the lock."""
        uv = find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        run = Uv(uv, self._variables, build)
        run.venv(interpreter(spec.python), spec.python)
        wanted = bool(spec.requirements or spec.packages)
        if wanted:
            for file in spec.requirements:
                _write(build.destination.requirements / file.path, file.text)
            run.install(spec)
        return Provisioned(run.version(), run.lock() if wanted else ())

    def own(
        self, spec: EnvironmentSpec, shared: Environment, build: Build, cache: Path
    ) -> Environment:
        """A virtual environment on top of another, with ``pip`` and uv among its commands."""
        uv = find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        run = Uv(uv, self._variables, build)
        run.venv(os.path.realpath(shared.executable), shared.python)
        return put_on_top(spec, shared, build, cache, run)

    def installed(self, shared: Environment, build: Build) -> tuple[str, ...]:
        """What a job sees that was started in it: of its own, and of what lies below."""
        uv = find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        return seen(shared, build, Uv(uv, self._variables, build))

    def health(self, paths: EnvironmentPaths) -> str | None:
        """Its interpreter may have been removed or upgraded away."""
        if paths.python.exists():
            return None
        return f"its interpreter {os.path.realpath(paths.python)} is gone"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
