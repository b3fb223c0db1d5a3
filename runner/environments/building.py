"""Building an environment: once, whoever comes first, and anew where one is damaged.

It is built in place, as virtual environments cannot be moved, under the place's build lock. Whoever
finds a folder without the mark of completeness while holding that lock removes it: its builder is
gone.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from runner.environments.finishing.mark import stop
from runner.environments.interface import Build
from runner.environments.store import locks
from runner.environments.store.place import let_go
from runner.environments.store.space import no_space
from runner.errors import ENVIRONMENT, WfError
from runner.events import PhaseProgress, Warned

if TYPE_CHECKING:
    from pathlib import Path

    from runner.cached import Cache
    from runner.environments.interface import Asker, Environment, Provisioner
    from runner.environments.store.place import Place, Unfit
    from runner.events import Event, Observer
    from runner.plan.environment import EnvironmentSpec

# how often a lock that somebody else holds is tried
_LOOK_AGAIN_SECONDS = 0.1
_BY_ANOTHER = "built by another run"


class Builder:
    """Builds environments of one kind below one cache folder."""

    def __init__(self, provisioner: Provisioner, cache: Cache, patience: float) -> None:
        """``patience``: how long runs that use what is damaged are waited for, in seconds."""
        self._provisioner = provisioner
        self._cache = cache
        self._patience = patience

    def build(
        self, spec: EnvironmentSpec, place: Place, observer: Observer, log: Path, asker: Asker
    ) -> tuple[Environment, str]:
        """The environment, held, and a word for how it was come by.

        Raises:
            WfError: as :meth:`EnvironmentCache.obtain` of the cache.
        """
        reason = self._provisioner.unavailable()
        if reason:
            raise WfError(ENVIRONMENT, reason)
        lock, how = self._turn(place, observer)
        if not isinstance(lock, int):
            return lock, how
        try:
            found = place.hold(wait=True)
            if found is not None:
                return found, how
            announcing = _Announcing(observer, lock, asker.name)
            build = Build(place.paths, log, lock, announcing, asker.project, asker.marks)
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
