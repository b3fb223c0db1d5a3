"""The cache of environments: reuse, and what makes an environment trusted.

An environment is a folder named by its fingerprint. The file ``ready.json``, which appears by one
rename after everything else has been written, is the only sign that it is complete. One that is not
what it was when it became ready is built anew, unless somebody uses it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runner.cached import OwnPaths
from runner.environments.finishing.mark import (
    finish_bare,
    is_being_finished,
    wait_for_lock,
    why_no_lock,
)
from runner.environments.interface import SOMEBODY, Build
from runner.environments.packages.lists import difference
from runner.environments.store.place import Place, let_go, note_use
from runner.errors import ENVIRONMENT, STORAGE, WfError
from runner.events import PhaseFinished, PhaseStarted
from runner.plan.environment import EnvironmentSpec
from runner.units import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.cached import Cache
    from runner.environments.interface import Asker, Environment, Finisher, Provisioner
    from runner.events import Observer

# who looks whether an environment is usable holds it for a moment; a run holds it for longer
_IN_USE_SECONDS = 5.0
# a finisher stands back behind all others: on a busy machine it is quicker to do without it
_FINISHER_SECONDS = 2.0


class EnvironmentCache:
    """Environments of one kind below one cache folder."""

    def __init__(
        self,
        provisioner: Provisioner,
        cache: Cache,
        finisher: Finisher | None = None,
        patience: float = _IN_USE_SECONDS,
    ) -> None:
        """``patience``: how long runs that use what is damaged are waited for, in seconds.

        Without a ``finisher`` environments stay as they were built, until :meth:`finish`.
        """
        self._provisioner = provisioner
        self._cache = cache
        self._finisher = finisher
        self._patience = patience

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """The name that an environment for ``spec`` has, built or not."""
        return self._provisioner.fingerprint(spec)

    def interpreters(self) -> tuple[str, ...]:
        """The full versions of Python that environments can be made with, newest first."""
        return self._provisioner.interpreters()

    def make_room(self) -> None:
        """Have the cache's folder, for a run that takes no environment from it.

        What is read of its workflow file is kept there, and looking makes no folder.
        """
        with suppress(OSError):
            self._cache.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def ready(self, spec: EnvironmentSpec) -> Environment | None:
        """The environment for ``spec`` if it is there, complete and usable; it is not held.

        For the environment of a former run that is its own, as long as it is what it was.
        """
        return self._found(spec, Place.look)

    def _found(
        self, spec: EnvironmentSpec, how: Callable[[Place], Environment | None]
    ) -> Environment | None:
        locked = spec.locked
        if locked is not None and locked.fingerprint is not None:
            former = how(self._at(locked.fingerprint))
            if former is not None:
                same = former.python == locked.python and former.image == spec.image
                if same and not difference(locked.lock, former.lock):
                    return former
                let_go(former.held)
        return how(self._place(spec))

    def obtain(
        self, spec: EnvironmentSpec, observer: Observer, log: Path, asker: Asker = SOMEBODY
    ) -> Environment:
        """The environment for ``spec``, built first if need be; held until :meth:`release`.

        Others that wait for the build are told who the ``asker`` is.

        Raises:
            WfError: as :meth:`~runner.environments.interface.Provisioner.provision`; kind
                ``ENVIRONMENT`` when the cache cannot be written or the disk is full, and when the
                environment is damaged while others use it. No half environment stays behind.
        """
        started = time.monotonic()
        which = "the image's python" if spec.any_python else f"python {spec.python}"
        observer.notify(PhaseStarted("env", f"{which}{_then(spec)}"))
        found, how = self._found(spec, Place.hold), "cached"
        if found is None:
            from runner.environments.building import Builder

            builder = Builder(self._provisioner, self._cache, self._patience)
            found, how = builder.build(spec, self._place(spec), observer, log, asker)
        text = f"{_contents(found, spec)} · {how}"
        observer.notify(PhaseFinished("env", text, time.monotonic() - started))
        self._have_finished(spec, found)
        return replace(found, python_reason=spec.python_reason, as_of_reason=spec.as_of_reason)

    def release(self, environment: Environment) -> None:
        """Use an environment no longer, once only. Whoever inherited its descriptor still does."""
        note_use(environment.held)
        let_go(environment.held)

    def finish(self, spec: EnvironmentSpec, fingerprint: str, variables: Mapping[str, str]) -> None:
        """Do now what is left to be done to an environment, unless somebody else is at it.

        ``spec`` is what it was built from.
        """
        from runner.environments.finishing.finish import Unfinished, finish

        place = self._at(fingerprint)
        built = place.read()
        if built is not None:
            lock = partial(self._provisioner.pylock, built, spec, place.paths.pylock)
            compiled = partial(self._provisioner.compile, built, place.paths, variables)
            finish(Unfinished(place.paths, place.use, lock, compiled))

    def _have_finished(self, spec: EnvironmentSpec, found: Environment) -> None:
        """Have somebody finish it whom the run need not wait for; a run does not fail for that."""
        paths = self._at(found.fingerprint).paths
        if self._finisher is None or paths.finished.exists():
            return
        with suppress(OSError):
            if not found.lock:
                finish_bare(paths)
            elif not is_being_finished(paths):
                self._finisher.begin(spec, found.fingerprint)

    def own(
        self, spec: EnvironmentSpec, shared: Environment, build: Build, *, quiet: bool = False
    ) -> Environment:
        """An environment of a run's own on top of a shared one.

        ``quiet``: it is not for the job's commands, and nobody is told of it.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be made, ``STORAGE`` when the folder
                cannot be written.
        """
        started = time.monotonic()
        try:
            build.destination.root.mkdir(mode=0o700)
            made = self._provisioner.own(spec, shared, build, self._cache.root)
        except OSError as error:
            raise WfError(
                STORAGE, f"the environment cannot be written: {error.strerror}: {error.filename}"
            ) from error
        if quiet:
            return made
        text = "the job installs packages: an environment of the run's own"
        build.observer.notify(PhaseFinished("env", text, time.monotonic() - started))
        return made

    def add_local(
        self, spec: EnvironmentSpec, environment: Environment, build: Build
    ) -> Environment:
        """``environment``, which is the run's own, with what lies in the project on top.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be installed, ``STORAGE`` when the folder
                cannot be written.
        """
        started = time.monotonic()
        shown = ", ".join(one.shown for one in spec.local)
        build.observer.notify(PhaseStarted("local", f"installing {shown}"))
        try:
            made = self._provisioner.add_local(spec, environment, build)
        except OSError as error:
            raise WfError(
                STORAGE, f"the environment cannot be written: {error.strerror}: {error.filename}"
            ) from error
        text = f"{shown}, in an environment of the run's own"
        build.observer.notify(PhaseFinished("local", text, time.monotonic() - started))
        return made

    def with_installed(self, shared: Environment, build: Build) -> Environment:
        """``shared`` with what a job has installed on top of it, for the record.

        What cannot be told any more (the job may have broken it) is left out.
        """
        from runner.environments.own.stack import fingerprints

        try:
            found = self._provisioner.installed(shared, build)
            layers = fingerprints(OwnPaths(build.destination.root))
        except (WfError, OSError, ValueError):
            return shared
        spec = EnvironmentSpec(shared.python)
        for layer in (self._at(name).read() for name in layers if name != shared.fingerprint):
            if layer is not None:
                self._have_finished(spec, layer)
        return replace(shared, lock=found)

    def pylock(self, shared: Environment, spec: EnvironmentSpec) -> Path:
        """The lock (PEP 751) of a shared environment, made now if nobody else is making it.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be told, now or when it was tried.
            OSError: it cannot be written.
        """
        paths = self._at(shared.fingerprint).paths
        if not wait_for_lock(paths, _FINISHER_SECONDS):
            _check(why_no_lock(paths))
            self.write_pylock(shared, spec, paths.pylock)
        return paths.pylock

    def write_pylock(self, built: Environment, spec: EnvironmentSpec, destination: Path) -> None:
        """Write the lock of an environment anew; raises as :meth:`pylock`."""
        _check(self._provisioner.pylock(built, spec, destination))

    def _place(self, spec: EnvironmentSpec) -> Place:
        return self._at(self._provisioner.fingerprint(spec))

    def _at(self, fingerprint: str) -> Place:
        return Place(self._cache, fingerprint, self._provisioner)


def _check(no_lock: str | None) -> None:
    if no_lock is not None:
        raise WfError(ENVIRONMENT, "the packages cannot be locked", details=no_lock)


def _then(spec: EnvironmentSpec) -> str:
    return f" as of {spec.as_of}" if spec.as_of else ""


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _contents(environment: Environment, spec: EnvironmentSpec) -> str:
    """What is in it, in a few words; which build of torch decides whether there is a GPU for it."""
    torch = [line for line in environment.lock if line.startswith("torch==")]
    return " · ".join(
        (
            f"python {environment.python}{_because(spec.python_reason)}",
            *(line.replace("==", " ") for line in torch),
            f"{count(len(environment.lock), 'package')}{_then(spec)}",
        )
    )
