"""The cache of environments: reuse, building, and what makes an environment trusted.

An environment is a folder named by its fingerprint. It is built in place, as virtual environments
cannot be moved, under an exclusive lock; the file ``ready.json``, which appears by one rename
after everything else has been written, is the only sign that it is complete. Whoever finds a
folder without that file while holding the lock removes it: its builder is gone. One that is not
what it was when it became ready is built anew, unless somebody uses it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runner.environments import locks
from runner.environments.finishing.mark import (
    finish_bare,
    is_being_finished,
    stop,
    wait_for_lock,
    why_no_lock,
)
from runner.environments.interface import Build
from runner.environments.lock import difference
from runner.environments.own.stack import fingerprints
from runner.environments.place import Place, let_go, note_use
from runner.environments.space import no_space
from runner.errors import ENVIRONMENT, STORAGE, WfError
from runner.events import PhaseFinished, PhaseProgress, PhaseStarted, Warned
from runner.paths import OwnPaths
from runner.plan.environment import EnvironmentSpec
from runner.units import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.environments.interface import Environment, Finisher, Provisioner
    from runner.environments.place import Unfit
    from runner.events import Event, Observer
    from runner.paths import Cache

# how often a lock that somebody else holds is tried
_LOOK_AGAIN_SECONDS = 0.1
# who looks whether an environment is usable holds it for a moment; a run holds it for longer
_IN_USE_SECONDS = 5.0
# a finisher stands back behind all others: on a busy machine it is quicker to do without it
_FINISHER_SECONDS = 2.0
_BY_ANOTHER = "built by another run"


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
                if former.python == locked.python and not difference(locked.lock, former.lock):
                    return former
                let_go(former.held)
        return how(self._place(spec))

    def obtain(
        self, spec: EnvironmentSpec, observer: Observer, log: Path, holder: str = "another run"
    ) -> Environment:
        """The environment for ``spec``, built first if need be; held until :meth:`release`.

        ``holder`` is what others that wait for the build are told.

        Raises:
            WfError: as :meth:`~runner.environments.interface.Provisioner.provision`; kind
                ``ENVIRONMENT`` when the cache cannot be written or the disk is full, and when the
                environment is damaged while others use it. No half environment stays behind.
        """
        started = time.monotonic()
        observer.notify(PhaseStarted("env", f"python {spec.python}{_then(spec)}"))
        found, how = self._found(spec, Place.hold), "cached"
        if found is None:
            found, how = self._build(spec, observer, log, holder)
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
            finish(Unfinished(place.paths, place.use, lock, variables))

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

    def own(self, spec: EnvironmentSpec, shared: Environment, build: Build) -> Environment:
        """An environment of a run's own on top of a shared one, for a job that installs packages.

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
        text = "the job installs packages: an environment of the run's own"
        build.observer.notify(PhaseFinished("env", text, time.monotonic() - started))
        return made

    def with_installed(self, shared: Environment, build: Build) -> Environment:
        """``shared`` with what a job has installed on top of it, for the record.

        What cannot be told any more (the job may have broken it) is left out.
        """
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

    def _build(
        self, spec: EnvironmentSpec, observer: Observer, log: Path, holder: str
    ) -> tuple[Environment, str]:
        reason = self._provisioner.unavailable()
        if reason:
            raise WfError(ENVIRONMENT, reason)
        place = self._place(spec)
        lock, how = self._turn(place, observer)
        if not isinstance(lock, int):
            return lock, how
        try:
            found = place.hold(wait=True)
            if found is not None:
                return found, how
            build = Build(place.paths, log, lock, _Announcing(observer, lock, holder))
            self._build_locked(spec, place, build)
            found = place.hold(wait=True)
        finally:
            locks.write_label(lock, "")
            os.close(lock)
        if found is None:
            raise WfError(ENVIRONMENT, "the environment vanished while it was being built")
        return found, "built"

    def _build_locked(self, spec: EnvironmentSpec, place: Place, build: Build) -> None:
        alone = self._alone(place, build) if os.path.lexists(place.paths.root) else None
        try:
            place.clear()
            place.paths.root.mkdir(mode=0o700)
            made = self._provisioner.provision(spec, build)
            place.mark_ready(made, spec)
        except BaseException as error:
            full = no_space(error, self._cache.root)  # while the disk is full
            place.clear()
            if full is not None:
                raise full from error
            if isinstance(error, OSError):
                raise _unwritable(error) from error
            raise
        finally:
            let_go(alone)

    def _alone(self, place: Place, build: Build) -> int | None:
        """Hold what is to be removed alone, and say why it is.

        Raises:
            WfError: kind ``ENVIRONMENT`` when somebody uses it.
        """
        unfit = place.unfit() if place.read() is not None else None
        stop(place.paths)
        deadline = time.monotonic() + self._patience
        while (held := _try(place.use)) is None:
            if time.monotonic() > deadline:
                raise _in_use(unfit)
            said = "it is damaged, and in use; waiting"
            build.observer.notify(PhaseProgress("env", said, waiting=True))
            time.sleep(_LOOK_AGAIN_SECONDS)
        if unfit is not None:
            text = f"the cached environment is built anew: {unfit.reason}"
            build.observer.notify(Warned(text))
            self._provisioner.discard(unfit.changed, build)
        return held

    def _turn(self, place: Place, observer: Observer) -> tuple[int | Environment, str]:
        """Wait for the build lock, or for the environment that its holder builds."""
        told = builder = ""
        try:
            self._cache.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.lock.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _unwritable(error) from error
        while (lock := _try(place.lock)) is None:
            said = f"{locks.read_label(place.lock) or 'another run is building it'}; waiting"
            who = said.partition(" is ")[0]
            if said != told:
                # how far it is moves all the time; that somebody is at it is said once
                observer.notify(PhaseProgress("env", said, waiting=who != builder))
                told, builder = said, who
            time.sleep(_LOOK_AGAIN_SECONDS)
            found = place.hold()
            if found is not None:
                return found, _BY_ANOTHER
        return lock, _BY_ANOTHER if told else "cached"


def _check(no_lock: str | None) -> None:
    if no_lock is not None:
        raise WfError(ENVIRONMENT, "the packages cannot be locked", details=no_lock)


class _Announcing:
    """An observer that lets those who wait for a build know how far it is."""

    def __init__(self, observer: Observer, lock: int, holder: str) -> None:
        self._observer = observer
        self._lock = lock
        self._holder = holder
        self._announce("")

    def notify(self, event: Event) -> None:
        if isinstance(event, PhaseProgress):
            self._announce(event.text)
        self._observer.notify(event)

    def _announce(self, text: str) -> None:
        told = f"{self._holder} is building it"
        locks.write_label(self._lock, f"{told}: {text}" if text else told)


def _then(spec: EnvironmentSpec) -> str:
    return f" as of {spec.as_of}" if spec.as_of else ""


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _try(path: Path) -> int | None:
    """Hold the file alone, or ``None`` while others hold it.

    Raises:
        WfError: kind ``ENVIRONMENT`` when it cannot be written.
    """
    try:
        return locks.alone(path)
    except OSError as error:
        raise no_space(error, path) or _unwritable(error) from error


def _unwritable(error: OSError) -> WfError:
    return WfError(
        ENVIRONMENT,
        f"the cache cannot be written: {error.strerror}: {error.filename}",
        hint="set WF_CACHE to a folder that can be",
    )


def _in_use(unfit: Unfit | None) -> WfError:
    what = f"the environment is damaged ({unfit.reason})" if unfit else "the environment is damaged"
    return WfError(
        ENVIRONMENT,
        f"{what}, and cannot be built anew while another run uses it",
        hint="wait until that run has ended (`wf env list` shows which), and run it again",
    )


def _contents(environment: Environment, spec: EnvironmentSpec) -> str:
    """What is in it, in a few words; which build of torch decides whether there is a GPU for it."""
    torch = [line for line in environment.lock if line.startswith("torch==")]
    return " · ".join(
        (
            f"python {environment.python}{_because(spec.python_reason)}",
            *(line.replace("==", " ") for line in torch),
            f"{count(len(environment.lock), 'package')}{_then(spec)}{_because(spec.as_of_reason)}",
        )
    )
