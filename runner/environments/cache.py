"""The cache of environments: reuse, the build lock, and what makes an environment trusted.

An environment is a folder named by its fingerprint. It is built in place, as virtual environments
cannot be moved, under an exclusive lock; the file ``ready.json``, which appears by one rename
after everything else has been written, is the only sign that it is complete. Whoever finds a
folder without that file while holding the lock removes it: its builder is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runner import tree
from runner.environments.interface import Build, Environment
from runner.environments.own import merged
from runner.errors import ENVIRONMENT, STORAGE, WfError
from runner.events import PhaseFinished, PhaseProgress, PhaseStarted, Warned

if TYPE_CHECKING:
    from pathlib import Path

    from runner.environments.interface import Provisioned, Provisioner
    from runner.events import Observer
    from runner.paths import Cache, EnvironmentPaths
    from runner.plan.environment import EnvironmentSpec


class EnvironmentCache:
    """Environments of one kind below one cache folder."""

    def __init__(self, provisioner: Provisioner, cache: Cache) -> None:
        self._provisioner = provisioner
        self._cache = cache

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """The name that an environment for ``spec`` has, built or not."""
        return self._provisioner.fingerprint(spec)

    def ready(self, spec: EnvironmentSpec) -> Environment | None:
        """The environment for ``spec`` if it is there, complete and usable."""
        fingerprint = self._provisioner.fingerprint(spec)
        found = self._read(fingerprint)
        if found is None or self._provisioner.health(self._cache.environment(fingerprint)):
            return None
        return found

    def obtain(
        self, spec: EnvironmentSpec, observer: Observer, log: Path, project: Path | None = None
    ) -> Environment:
        """The environment for ``spec``, built first if need be.

        ``project`` is the copy of the project that folders of packages are in.

        Raises:
            WfError: as :meth:`~runner.environments.interface.Provisioner.provision`; kind
                ``STORAGE`` when the cache cannot be written. No half environment stays behind.
        """
        started = time.monotonic()
        observer.notify(PhaseStarted("env", f"python {spec.python}"))
        found = self.ready(spec)
        how = "cached"
        if found is None:
            found, how = self._build(spec, observer, log, project)
        packages = f"{len(found.lock)} package{'' if len(found.lock) == 1 else 's'}"
        text = f"python {found.python} · {packages} · {how}"
        observer.notify(PhaseFinished("env", text, time.monotonic() - started))
        return found

    def own(self, shared: Environment, build: Build, *, installers: bool = True) -> Environment:
        """An environment of a run's own on top of a shared one.

        It has ``installers`` for a job that installs packages.

        Raises:
            WfError: kind ``ENVIRONMENT`` when pip cannot be had, ``STORAGE`` when the folder
                cannot be written.
        """
        started = time.monotonic()
        try:
            build.destination.root.mkdir(mode=0o700)
            made = self._provisioner.own(shared, build, installers=installers)
        except OSError as error:
            raise WfError(
                STORAGE, f"the environment cannot be written: {error.strerror}: {error.filename}"
            ) from error
        if not installers:
            return made
        text = "the job installs packages: an environment of the run's own, with pip"
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
        try:
            found = self._provisioner.installed(build)
        except (WfError, OSError):
            return shared
        return replace(shared, lock=merged(shared.lock, found))

    def _build(
        self, spec: EnvironmentSpec, observer: Observer, log: Path, project: Path | None
    ) -> tuple[Environment, str]:
        reason = self._provisioner.unavailable()
        if reason:
            raise WfError(ENVIRONMENT, reason)
        fingerprint = self._provisioner.fingerprint(spec)
        lock = self._lock(fingerprint, observer)
        try:
            found = self.ready(spec)
            if found is not None:
                return found, "built by another run"
            self._build_locked(spec, Build(self._paths(fingerprint), log, lock, observer, project))
        finally:
            os.close(lock)
        built = self._read(fingerprint)
        if built is None:
            raise WfError(ENVIRONMENT, "the environment vanished while it was being built")
        return built, "built"

    def _paths(self, fingerprint: str) -> EnvironmentPaths:
        return self._cache.environment(fingerprint)

    def _build_locked(self, spec: EnvironmentSpec, build: Build) -> None:
        paths = build.destination
        broken = paths.ready.exists() and self._provisioner.health(paths)
        if broken:
            build.observer.notify(Warned(f"the cached environment is built anew: {broken}"))
        try:
            _remove(paths)
            paths.root.mkdir(mode=0o700)
            made = self._provisioner.provision(spec, build)
            _mark_ready(paths, self._provisioner.kind, made)
        except BaseException as error:
            _remove(paths)
            if isinstance(error, OSError):
                raise WfError(
                    STORAGE,
                    f"the environment cannot be written: {error.strerror}: {error.filename}",
                    hint="look for free space (df -h), or set WF_CACHE to another folder",
                ) from error
            raise

    def _lock(self, fingerprint: str, observer: Observer) -> int:
        """Take the build lock, saying so when somebody else holds it."""
        path = self._cache.environment_lock(fingerprint)
        try:
            self._cache.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise WfError(
                STORAGE,
                f"the cache cannot be written: {error.strerror}: {error.filename}",
                hint="set WF_CACHE to a folder that can be",
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                observer.notify(PhaseProgress("env", "another run is building it; waiting"))
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _read(self, fingerprint: str) -> Environment | None:
        paths = self._cache.environment(fingerprint)
        try:
            said: dict[str, Any] = json.loads(paths.ready.read_bytes())
            return Environment(
                kind=said["kind"],
                fingerprint=fingerprint,
                python=said["python"],
                lock=tuple(said["lock"]),
                root=paths.venv,
                bin=paths.bin,
                executable=paths.python,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _mark_ready(paths: EnvironmentPaths, kind: str, made: Provisioned) -> None:
    said = {"kind": kind, "python": made.python, "lock": list(made.lock)}
    staged = paths.ready.with_suffix(".new")
    with staged.open("x", encoding="utf-8") as file:
        json.dump(said, file)
        file.flush()
        os.fsync(file.fileno())
    staged.rename(paths.ready)


def _remove(paths: EnvironmentPaths) -> None:
    """Take the mark away first: half a folder must never be trusted."""
    if not os.path.lexists(paths.root):
        return
    paths.ready.unlink(missing_ok=True)
    tree.remove(paths.root)
