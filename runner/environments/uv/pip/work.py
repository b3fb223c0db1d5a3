"""What ``pip`` does in a run's own environment, by the sub-command."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from runner import envvars, tree
from runner.cached import Cache, EnvironmentPaths
from runner.environments.cache import EnvironmentCache
from runner.environments.interface import Build
from runner.environments.own import distributions, stack
from runner.environments.own.stack import Layer, site_packages
from runner.environments.pip_settings import uv_options, uv_variables
from runner.environments.uv import then
from runner.environments.uv.pip.asked import gather, normal
from runner.environments.uv.pip.command import Install, Query, Uninstall
from runner.environments.uv.pip.layer import LayerProvisioner, NotInstalledError, Order, names, real
from runner.environments.uv.pip.words import added, words
from runner.events import PhaseProgress, Warned
from runner.plan.environment import EnvironmentSpec
from runner.spec.days import end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.cached import OwnPaths
    from runner.environments.own.commands import Installing
    from runner.environments.uv.pip.asked import Asked
    from runner.events import Event

_NOWHERE = Path(os.devnull)
# they would lead uv to another interpreter than the one it is given
_DROPPED = envvars.INTERPRETER_VARIABLES | {
    "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX",
}  # fmt: skip
# `pip freeze` leaves them out until 3.11, where every environment has them
_UNFROZEN = ("pip", "setuptools", "wheel", "distribute")
_LAST_WITH_SETUPTOOLS = 11
# a layer is built elsewhere, and relative paths start where pip was called
_START_IN = (
    "import os, runpy, sys; os.chdir(sys.argv[1]); del sys.argv[:2]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


# options that say where packages come from
_PLACES = ("--index", "--default-index", "--extra-index", "--no-index", "--find-links", "--torch")


class Work:
    """One call of pip."""

    def __init__(
        self, paths: OwnPaths, told: Installing, variables: Mapping[str, str], folder: Path
    ) -> None:
        """``folder`` is where the call was made; relative paths start there."""
        self._paths = paths
        self._told = told
        self._folder = folder
        self._variables = {k: v for k, v in variables.items() if k not in _DROPPED}
        self._index = then.dated(uv_variables(self._variables), told.as_of)
        if told.as_of is not None:
            dated = then.dated(self._variables, told.as_of)
            self._variables = {**dated, "UV_EXCLUDE_NEWER": end(told.as_of)}
        self._spec = EnvironmentSpec(told.python, as_of=told.as_of)
        self._own = paths.environment

    def install(self, command: Install) -> int:
        """``pip install``: a layer from the cache, or one of the run's own."""
        asked = gather(command, self._folder)
        given = words(command, asked, self._folder, {**self._variables, **self._index})
        said = [*command.words, f"upgrade {command.upgrade}", *asked.said]
        if command.upgrade != "no" and self._told.as_of is None:
            # whoever asks for the newest does not mean that of another day
            said.append(f"on {datetime.now(timezone.utc).date()}")
        order = self._order(given, tuple(said))._replace(torch=self._wishes(asked, given))
        provisioner = LayerProvisioner(
            order,
            {**self._variables, **added(command)},
            self._index,
            Cache(self._told.cache).pytorch_index,
        )
        try:
            if asked.passing is None:
                return self._from_cache(provisioner, quiet=command.quiet)
            return self._of_its_own(provisioner)
        except NotInstalledError:
            return 1

    def _wishes(self, asked: Asked, given: Sequence[str]) -> EnvironmentSpec | None:
        """What PyTorch's build is chosen by, unless the command says where packages come from."""
        if any(word.startswith(_PLACES) for word in given):
            return None
        return replace(self._spec, packages=asked.said, accelerator=self._told.accelerator)

    def _order(self, given: Sequence[str], said: tuple[str, ...]) -> Order:
        lying = stack.read(self._paths)
        uv = str(self._told.uv)
        return Order(
            command=lambda python: [uv, "pip", "install", "--python", str(python), *given],
            interpreter=real(self._own.python),
            said=said,
            below=names(lying.layers, site_packages(self._own.venv)),
            seen=tuple(lying.distributions(self._paths).values()),
            shared=lying.layers[-1].fingerprint or "",
        )

    def _from_cache(self, provisioner: LayerProvisioner, *, quiet: bool) -> int:
        cache = EnvironmentCache(provisioner, Cache(self._told.cache))
        was_there = cache.ready(self._spec) is not None
        made = cache.obtain(self._spec, _Voice(), _NOWHERE)
        if was_there and not quiet:
            listed = ": " + ", ".join(made.lock) if made.lock else ""
            count = f"{len(made.lock)} package{'' if len(made.lock) == 1 else 's'}"
            _say(f"{count} from an earlier run of the same command{listed}")
        if made.lock:
            self._put(Layer(made.root, site_packages(made.root), made.fingerprint))
        return 0

    def _of_its_own(self, provisioner: LayerProvisioner) -> int:
        paths = EnvironmentPaths(stack.new_part(self._paths))
        with _NOWHERE.open("rb") as nothing:
            build = Build(paths, _NOWHERE, nothing.fileno(), _Voice())
            try:
                made = provisioner.provision(self._spec, build)
            except BaseException:
                tree.remove(paths.root)
                raise
        if made.lock:
            self._put(Layer(paths.venv, site_packages(paths.venv), None))
        return 0

    def _put(self, layer: Layer) -> None:
        """Lay it on top, also of what was installed straight into the run's own environment."""
        own = site_packages(self._own.venv)
        brought = {one.name for one in distributions.inside(layer.site)}
        hidden = [one.name for one in distributions.inside(own) if one.name in brought]
        if hidden:
            self._uninstall_own(hidden)
        stack.put(self._paths, layer)

    def install_elsewhere(self, command: Install) -> int:
        """``pip install --target``: a folder that has nothing to do with the environment."""
        asked = gather(command, self._folder)
        given = words(command, asked, self._folder, {**self._variables, **self._index})
        return self._uv("pip", "install", "--python", str(self._own.python), *given,
                        variables=added(command))  # fmt: skip

    def uninstall(self, command: Uninstall) -> int:
        """``pip uninstall``, of whatever lies wherever: other runs keep it."""
        asked = gather(Install(files=command.files), self._folder)
        wanted = normal((*command.named, *asked.names))
        seen = stack.read(self._paths).distributions(self._paths)
        for name in wanted:
            if name not in seen:
                _say(f"{name} is not installed, and so not uninstalled")
        gone = {name: seen[name] for name in wanted if name in seen}
        own = site_packages(self._own.venv)
        mine = [one.name for one in distributions.inside(own) if one.name in gone]
        if mine:
            self._uninstall_own(mine)
        stack.take_away(self._paths, gone.keys())
        if gone and "--quiet" not in command.words:
            said = " ".join(one.info.name.removesuffix(".dist-info") for one in gone.values())
            print(f"Successfully uninstalled {said}")  # noqa: T201 - pip's own words
        return 0

    def _uninstall_own(self, wanted: Sequence[str]) -> None:
        self._uv("pip", "uninstall", "--quiet", "--python", str(self._own.python), *wanted)

    def tell(self, query: Query) -> int:
        """``pip list``, ``freeze``, ``show``, ``check``: of all layers as if they were one."""
        from runner.process.helpers import capture

        seen = stack.read(self._paths).distributions(self._paths)
        name, *given = query.words
        if name == "freeze" and self._minor() <= _LAST_WITH_SETUPTOOLS:
            given += [word for package in _UNFROZEN for word in ("--exclude", package)]
        view = EnvironmentPaths(stack.new_part(self._paths))
        try:
            self._uv("venv", "--no-project", "-q", "--python", str(real(self._own.python)),
                     str(view.venv))  # fmt: skip
            distributions.show(seen.values(), site_packages(view.venv))
            done = capture(
                [str(self._told.uv), "pip", name, "--python", str(view.python), *given],
                env={**self._variables, **self._index},
                cwd=view.root,
            )
        finally:
            tree.remove(view.root)
        if done is None:
            return 1
        places = {one.name: str(one.folder) for one in seen.values()}
        sys.stdout.write(_with_places(done.stdout.decode(errors="replace"), places))
        said = done.stderr.decode(errors="replace").splitlines(keepends=True)
        sys.stderr.write("".join(line for line in said if not line.startswith("Using Python ")))
        return done.code

    def call_pip(self, given: Sequence[str]) -> int:
        """Pip itself, for what does not change the environment."""
        command = self._pip_itself()
        if command is None:
            return 1
        from runner.process.attached import attached

        argv = [str(self._own.python), command, *given]
        return attached(argv, env=self._with_day(), cwd=self._folder)

    def install_with_pip(self, given: Sequence[str]) -> int:
        """Pip itself, into a layer of the run's own."""
        command = self._pip_itself()
        if command is None:
            return 1
        place = str(self._folder)
        order = self._order((), ())._replace(
            command=lambda python: [str(python), "-c", _START_IN, place, command, *given]
        )
        if self._told.as_of is not None:
            _say(f"pip itself installs this, which may not keep to {self._told.as_of}")
        try:
            return self._of_its_own(LayerProvisioner(order, self._with_day(), {}))
        except NotInstalledError as error:
            return error.code

    def _with_day(self) -> dict[str, str]:
        """Since 26.0 pip can keep to a day; older ones pass over the variable."""
        if self._told.as_of is None:
            return self._variables
        return {**self._variables, "PIP_UPLOADED_PRIOR_TO": end(self._told.as_of)}

    def _pip_itself(self) -> str | None:
        """Where pip lies that fits this Python, fetched if need be."""
        uv = str(self._told.uv)
        order = Order(
            command=lambda python: [
                uv,
                "pip",
                "install",
                "-q",
                *uv_options(self._index),
                "--python",
                str(python),
                "pip",
            ],
            interpreter=real(self._own.python),
            said=("pip itself",),
        )
        provisioner = LayerProvisioner(order, self._variables, self._index)
        cache = EnvironmentCache(provisioner, Cache(self._told.cache))
        try:
            made = cache.obtain(self._spec, _Voice(), _NOWHERE)
        except NotInstalledError:
            _say("uv cannot do this, and pip itself could not be fetched")
            return None
        return str(site_packages(made.root) / "pip")

    def _minor(self) -> int:
        return int([*self._told.python.split("."), "0"][1])

    def _uv(self, *said: str, variables: Mapping[str, str] | None = None) -> int:
        from runner.process.attached import attached

        env = {**self._variables, **self._index, **(variables or {})}
        return attached([str(self._told.uv), *said], env=env, cwd=self._paths.root)


class _Voice:
    """Tells the job what it waits for."""

    def notify(self, event: Event) -> None:
        """Only what is no end and no beginning: uv tells the rest."""
        if (isinstance(event, PhaseProgress) and "wait" in event.text) or isinstance(event, Warned):
            _say(event.text)


def _with_places(said: str, places: Mapping[str, str]) -> str:
    """``pip show`` tells where a package lies; it was asked in a place made for the question."""
    lines, place = [], ""
    for line in said.splitlines(keepends=True):
        if line.startswith("Name: "):
            place = places.get(normal([line.removeprefix("Name: ").strip()])[0], "")
        told = place and line.startswith("Location: ")
        lines.append(f"Location: {place}\n" if told else line)
    return "".join(lines)


def _say(text: str) -> None:
    print(f"pip: {text}", file=sys.stderr)  # noqa: T201 - it is a program of its own
