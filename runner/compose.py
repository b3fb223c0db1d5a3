"""Names -> implementations. The one file that knows them all; each is loaded when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from runner.allocation.interface import Leases
    from runner.allocation.inventory import Gpu, Inventory
    from runner.allocation.reading.driver import Driver
    from runner.artifacts.remote.interface import Remote
    from runner.containers.daemon import Daemon
    from runner.engine.parts import Parts
    from runner.environments.cache import EnvironmentCache
    from runner.environments.interface import Provisioner
    from runner.environments.shelf.shelf import Shelf
    from runner.environments.uv.workshop import Workshop
    from runner.executors.interface import Executor
    from runner.plan.environment import EnvironmentSpec
    from runner.records.store import Records
    from runner.secrets.store import Secrets
    from runner.settings import Settings
    from runner.spec.workflow import Resources


def _silent(_line: str) -> None:
    """Nobody listens."""


def records(
    settings: Settings, now: Callable[[], datetime], tell: Callable[[str], None] = _silent
) -> Records:
    """The records of all runs; ``tell`` is given a line when something of them takes long."""
    from runner.records.store import Records

    return Records(settings.home, now, tell)


def environments(settings: Settings, variables: Mapping[str, str]) -> EnvironmentCache:
    """The cache of environments, built by uv from where the user's pip would install."""
    from runner.environments.cache import EnvironmentCache
    from runner.environments.finishing.start import BackgroundFinisher

    finisher = BackgroundFinisher("runner.finisher", settings.cache, variables)
    return EnvironmentCache(_provisioner(settings, variables), settings.cache, finisher)


def shelf(settings: Settings, variables: Mapping[str, str]) -> Shelf:
    """The environments that are there."""
    from runner.environments.shelf.shelf import Shelf

    return Shelf(_provisioner(settings, variables), settings.cache)


def _provisioner(settings: Settings, variables: Mapping[str, str]) -> Provisioner:
    from runner.environments.pip_settings import uv_variables
    from runner.environments.uv.provisioner import UvProvisioner

    def inside(image: str, spec: EnvironmentSpec | None, texts: Sequence[str]) -> Workshop:
        from runner.environments.inside.workshop import workshop

        return workshop(daemon(variables), image, spec, texts)

    index = uv_variables(variables)
    return UvProvisioner(variables, index, settings.cache.pytorch_index, inside)


def driver(variables: Mapping[str, str]) -> Driver:
    """The driver of the GPUs: what there is, and how busy it is."""
    from runner.allocation.reading.driver import Driver

    return Driver(variables)


def inventory(
    settings: Settings, variables: Mapping[str, str], look: Callable[[], tuple[Gpu, ...] | str]
) -> Callable[[Resources], Inventory]:
    """How the machine is looked at; limits files are read at the first look.

    ``look`` asks for its GPUs, where they matter.
    """
    from functools import cache

    from runner.allocation.reading.limits import rules
    from runner.allocation.reading.machine import read

    known = cache(lambda: rules(settings.limits))
    return lambda wanted: read(wanted, variables, look, known())


def leases(settings: Settings) -> Leases:
    """Who holds what of the machine."""
    from runner.allocation.lease import FileLeases

    return FileLeases(settings.locks)


def secrets(
    settings: Settings, variables: Mapping[str, str], now: Callable[[], datetime]
) -> Secrets:
    """The secrets of all projects."""
    from runner.secrets.store import Secrets
    from runner.secrets.system import SystemKeyring

    return Secrets(settings.safe, SystemKeyring(variables), now)


def parts(
    settings: Settings,
    variables: Mapping[str, str],
    now: Callable[[], datetime],
    tell: Callable[[str], None] = _silent,
    known: EnvironmentCache | None = None,
) -> Parts:
    """Everything a run needs; ``tell`` as for :func:`records`.

    ``known`` is the cache of a process that this one was forked from, which has read the user's
    index settings already; nothing in it is open.
    """
    from functools import cache

    from runner.engine.parts import Parts

    docker = cache(lambda: daemon(variables))
    asked = cache(lambda: driver(variables))  # most runs never ask
    return Parts(
        records=records(settings, now, tell),
        secrets=secrets(settings, variables, now),
        environments=known or environments(settings, variables),
        leases=leases(settings),
        executors=lambda name: _executor(name, docker),
        daemon=docker,
        inventory=inventory(settings, variables, lambda: asked().look()),
        loads=lambda uuids: asked().sample(uuids),
        choose=choose,
        own_folders=(
            *settings.home.own(),
            settings.cache.root,
            settings.cache.environments,
            settings.cache.workflows,
            settings.locks,
            settings.safe.root,
        ),
    )


def choose(words: Sequence[str]) -> str:
    """One of them at random; ``random`` and ``secrets`` take longer to import than to use."""
    import os

    return words[int.from_bytes(os.urandom(4), "big") % len(words)]


def daemon(variables: Mapping[str, str]) -> Daemon:
    """The daemon that runs containers; it is not asked anything yet."""
    from runner.containers.daemon import Daemon

    return Daemon(variables)


def _executor(name: str, docker: Callable[[], Daemon]) -> Executor[Any]:
    from runner.plan.plan import DOCKER

    if name == DOCKER:
        from runner.executors.docker.executor import DockerExecutor

        return DockerExecutor(docker())
    from runner.executors.local import LocalExecutor

    return LocalExecutor()


def remote(address: str, variables: Mapping[str, str], cwd: Path) -> Remote:
    """The remote store at an address as people type it; a folder's path is seen from ``cwd``.

    Raises:
        WfError: kind ``USAGE`` when it is no address, ``UNSATISFIABLE`` when what it takes is not
            installed or set.
    """
    from runner.artifacts.remote.address import BUCKETS, read

    found = read(address)
    if found.scheme in BUCKETS:
        from runner.artifacts.remote.buckets import BucketRemote

        return BucketRemote(found, variables)
    if found.scheme == "sftp":
        from runner.artifacts.remote.sftp import SftpRemote

        return SftpRemote(found, variables)
    from runner.artifacts.remote.folder import FolderRemote

    return FolderRemote(cwd / found.path)
