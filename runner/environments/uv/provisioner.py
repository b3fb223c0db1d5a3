"""The provisioner: virtual environments made with ``uv venv`` and ``uv pip install``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import envvars
from runner.environments.interface import Build, Provisioned
from runner.environments.uv.find import find_uv
from runner.environments.uv.fingerprint import configured, decisive, fingerprint
from runner.environments.uv.identity import identified
from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.cached import EnvironmentPaths
    from runner.environments.interface import Compiled, Environment
    from runner.environments.uv.command import Uv
    from runner.environments.uv.workshop import Workshop
    from runner.plan.environment import EnvironmentSpec

    Inside = Callable[[str, EnvironmentSpec | None, Sequence[str]], Workshop]


class UvProvisioner:
    """Makes a virtual environment with ``uv venv`` and ``uv pip install``."""

    kind = "venv"

    def __init__(
        self,
        variables: Mapping[str, str],
        index: Mapping[str, str],
        pytorch_index: Path | None = None,
        inside: Inside | None = None,
    ) -> None:
        """``variables`` are the caller's; ``index`` what pip's configuration adds for uv.

        ``pytorch_index`` is the file that keeps whether PyTorch's index can be reached. ``inside``
        is where uv works for an image, by what is known of the environment.
        """
        self._pytorch_index = pytorch_index
        self._inside = inside
        dropped = envvars.INTERPRETER_VARIABLES | {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
        self._variables = {k: v for k, v in variables.items() if k not in dropped} | dict(index)
        self._index = decisive(self._variables)
        self._configuration = configured(self._variables)

    def unavailable(self) -> str | None:
        """Whether there is a uv."""
        if find_uv(self._variables) is None:
            return "uv, which builds environments, is not installed (pip install uv)"
        return None

    def interpreters(self) -> tuple[str, ...]:
        """What uv finds, and wf's own interpreter, which is always there."""
        from runner.environments.uv.search import versions

        return versions(find_uv(self._variables), self._variables)

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """Interpreter, platform, what the requirements say, and where packages come from."""
        return fingerprint(identified(spec, self._variables), self._index, self._configuration)

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """``uv venv``, ``uv pip install`` where something is to be installed, and the lock."""
        from runner.environments.uv.accelerator import Backend, has_effect
        from runner.environments.uv.locked import exact, provision_locked
        from runner.environments.uv.project import install_project
        from runner.environments.uv.written import check_variables

        run = self._uv(build, spec.image, spec)
        if spec.locked is not None:
            return provision_locked(run.told(exact(self._variables)), spec.locked, build)
        effective = has_effect(spec, self._index, self._configuration)
        backend = Backend(spec, self._variables, self._pytorch_index, effective=effective)
        run.venv(run.workshop.interpreter(spec.python), spec.python)
        if spec.project is not None:
            install_project(run, self._variables, spec.project, build)
        wanted = bool(spec.requirements or spec.packages)
        if wanted:
            check_variables(spec, self._variables)
            run.install(spec, backend)
        return Provisioned(run.version(), run.lock() if wanted or spec.project else ())

    def own(
        self, spec: EnvironmentSpec, shared: Environment, build: Build, cache: Path
    ) -> Environment:
        """A virtual environment on top of another, with ``pip`` and uv among its commands."""
        from runner.environments.uv.own import put_inside, put_on_top

        run = self._uv(build, shared.image, spec)
        inside = shared.image is not None
        run.venv(run.workshop.base(shared.executable), shared.python, seeded=inside)
        if inside:
            return put_inside(shared, build, run)
        return put_on_top(spec, shared, build, cache, run)

    def add_local(
        self, spec: EnvironmentSpec, environment: Environment, build: Build
    ) -> Environment:
        """``uv pip install`` of what lies in the workspace, and of what that needs besides."""
        from runner.environments.uv.local import LocalInstallation

        run = self._uv(build, environment.image, spec)
        return LocalInstallation(run, spec, build, self._variables).install(environment)

    def installed(self, shared: Environment, build: Build) -> tuple[str, ...]:
        """What a job sees that was started in it: of its own, and of what lies below."""
        from runner.environments.uv.own import seen

        return seen(shared, build, self._uv(build, shared.image))

    def pylock(self, built: Environment, spec: EnvironmentSpec, destination: Path) -> str | None:
        """``uv pip compile`` of what is installed, without what it depends on."""
        from runner.environments.uv.accelerator import backend_of, has_effect
        from runner.environments.uv.pylock import Locksmith, write_pylock

        uv = find_uv(self._variables)
        if uv is None:
            return self.unavailable()
        variables = self._variables
        backend = backend_of(built.lock)
        if backend is not None and has_effect(spec, self._index, self._configuration):
            variables = {**variables, "UV_TORCH_BACKEND": backend}
        smith = Locksmith(uv, variables, self._workshop(built.image, spec, built.root))
        return write_pylock(smith, built, spec, destination)

    def compile(
        self,
        built: Environment,
        paths: EnvironmentPaths,
        variables: Mapping[str, str],
        held: tuple[int, ...],
    ) -> Compiled:
        """The environment's own interpreter does it, on all cores that are to be had."""
        from runner.environments.finishing.bytecode import compile_all, compile_by
        from runner.process.background import hands

        if built.image is None:
            return compile_all(paths, hands(), variables, held)
        return compile_by(self._workshop(built.image, None).capture, paths, hands(), variables)

    def discard(self, changed: tuple[str, ...], build: Build) -> None:
        """Have uv forget the packages that the files came with.

        uv links files from its cache into environments: a byte changed in one of them is changed
        in the cache, and in whatever is installed from it from then on.
        """
        from runner.environments.packages.files import owners

        packages = owners(build.destination.venv, changed)
        if packages and find_uv(self._variables) is not None:
            self._uv(build, None).forget(packages)

    def health(self, paths: EnvironmentPaths) -> str | None:
        """Its interpreter may have been removed or upgraded away."""
        if paths.python.exists():
            return None
        return f"its interpreter {os.path.realpath(paths.python)} is gone"

    def _uv(self, build: Build, image: str | None, spec: EnvironmentSpec | None = None) -> Uv:
        """Uv at work for ``build``, on this machine or inside an image.

        Raises:
            WfError: kind ``ENVIRONMENT`` when there is none.
        """
        from runner.environments.uv.command import Uv

        uv = find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        return Uv(uv, self._variables, build, self._workshop(image, spec))

    def _workshop(
        self, image: str | None, spec: EnvironmentSpec | None, built: Path | None = None
    ) -> Workshop:
        """Where uv works; ``built`` is an environment that it is asked about."""
        from runner.environments.uv.workshop import Here

        if image is None or self._inside is None:
            return Here()
        texts = [self._configuration, *([] if built is None else [str(built)])]
        return self._inside(image, spec, texts)
