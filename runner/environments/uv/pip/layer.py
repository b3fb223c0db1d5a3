"""A layer: what one installation adds to what lies below it.

In the cache it is an environment like any other, with another name: that of what lies below, of
what was asked for and of where packages come from. So it is built once, under a lock, whichever
run comes first, and trusted only when it is complete.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.interface import Provisioned
from runner.environments.own import distributions
from runner.environments.own.stack import site_packages
from runner.environments.uv.find import find_uv
from runner.environments.uv.provisioner import UvProvisioner
from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.environments.own.distributions import Distribution
    from runner.environments.own.stack import Layer
    from runner.environments.uv.accelerator import Backend
    from runner.plan.environment import EnvironmentSpec

# raised when what a build makes of the same order changes
_FORMAT = 1
_LENGTH = 20


class Order(NamedTuple):
    """An installation to be done.

    ``command`` gives, for the interpreter of an environment, what installs into it. ``said`` is
    what was asked for, ``below`` the names of what lies below, ``seen`` the packages there.
    ``shared`` is the fingerprint of the shared environment, which ends that of the layer.
    ``torch`` is what PyTorch's build is chosen by, where it is (``uv pip install`` of packages).
    """

    command: Callable[[Path], list[str]]
    interpreter: Path
    said: tuple[str, ...]
    below: tuple[str, ...] = ()
    seen: tuple[Distribution, ...] = ()
    shared: str = ""
    torch: EnvironmentSpec | None = None


class LayerProvisioner(UvProvisioner):
    """Makes the layer of one order."""

    kind = "layer"

    def __init__(
        self,
        order: Order,
        variables: Mapping[str, str],
        index: Mapping[str, str],
        pytorch_index: Path | None = None,
    ) -> None:
        super().__init__(variables, index, pytorch_index)
        self._order = order

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """Interpreter, what lies below, what was asked for, and where packages come from.

        The name of the shared environment ends it: whoever uses that may be using the layer.
        """
        from blake3 import blake3

        said = [
            f"layer {_FORMAT}",
            f"python {spec.python} {self._order.interpreter}",
            *(f"{key}={value}" for key, value in self._index.items()),
            self._configuration,
            *(f"below {name}" for name in self._order.below),
            *(f"asked {text}" for text in self._order.said),
        ]
        wishes = self._order.torch
        if wishes is not None and wishes.accelerator != "cpu" and self._has_effect(wishes):
            said.append(f"accelerator {wishes.accelerator}")
        name = blake3("\0".join(said).encode(errors="surrogateescape")).hexdigest()[:_LENGTH]
        return f"{name}-{self._order.shared}" if self._order.shared else str(name)

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """What the installer adds; it speaks for itself."""
        from runner.environments.uv.command import Uv

        uv = find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        run = Uv(uv, self._variables, build)
        backend = self._backend()
        run.venv(str(self._order.interpreter), spec.python)
        folder = site_packages(build.destination.venv)
        distributions.show(self._order.seen, folder)
        name = backend.name if backend is not None else None
        code = self._install(build, name)
        if code and name is not None:
            code = self._install(build, None)
        if code:
            raise NotInstalledError(code)
        distributions.hide(self._order.seen, folder)
        return Provisioned(run.version(), run.lock())

    def _backend(self) -> Backend | None:
        """Which build of PyTorch; it is found out while something else goes on."""
        wishes = self._order.torch
        if wishes is None or not self._has_effect(wishes):
            return None
        from runner.environments.uv.accelerator import Backend

        return Backend(wishes, self._variables, self._pytorch_index, effective=True)

    def _has_effect(self, wishes: EnvironmentSpec) -> bool:
        from runner.environments.uv.accelerator import has_effect

        return has_effect(wishes, self._index, self._configuration)

    def _install(self, build: Build, backend: str | None) -> int:
        from runner.process.attached import attached

        uv, pip, install, *words = self._order.command(build.destination.python)
        chosen = () if backend is None else ("--torch-backend", backend)
        return attached(
            [uv, pip, install, *chosen, *words],
            env=self._variables,
            cwd=build.destination.root,
            inherit=(build.lock,),
        )


class NotInstalledError(Exception):
    """The installer has ended with ``code``, and said why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def names(layers: Iterable[Layer], own: Path) -> tuple[str, ...]:
    """What lies below an installation, told so that it is the same only where it is the same.

    An environment keeps its name when it is built anew with other versions.
    """
    said = [*_told(own, whole=False)]
    for layer in layers:
        whole = layer.fingerprint is not None and layer.site == site_packages(layer.root)
        said += [str(layer.fingerprint), *_told(layer.site, whole=whole)]
    return tuple(said)


def _told(folder: Path, *, whole: bool) -> Iterator[str]:
    from blake3 import blake3

    for one in sorted(distributions.inside(folder)):
        metadata = one.info / "METADATA"
        # of the run's own code two can have one version, and want different things
        known = whole or not metadata.exists()
        yield (
            one.info.name
            if known
            else f"{one.info.name} {blake3(metadata.read_bytes()).hexdigest()}"
        )


def real(interpreter: Path) -> Path:
    """The interpreter that a virtual environment is made from."""
    return type(interpreter)(os.path.realpath(interpreter))
