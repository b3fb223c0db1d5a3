"""The implementations the engine works with, put together by ``compose.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.allocation.interface import Leases
    from runner.allocation.inventory import Inventory, Load
    from runner.containers.daemon import Daemon
    from runner.environments.cache import EnvironmentCache
    from runner.events import Observer
    from runner.executors.interface import Executor
    from runner.process.signals import Signals
    from runner.records.store import Records
    from runner.spec.workflow import Resources
    from runner.terminal import WindowSize


class SecretValues(Protocol):
    """The secrets of projects, each known by its folder."""

    def names(self, project: Path, /) -> tuple[str, ...]:
        """Those of a project, sorted."""
        ...

    def values(self, project: Path, names: Sequence[str], /) -> Mapping[str, str]:
        """Their values; they are asked for when a job starts."""
        ...


class Parts(NamedTuple):
    """One implementation for every stage.

    ``executors`` has one for each name, and ``daemon`` is the one that runs containers. ``loads``
    tells how busy GPUs are, by UUID; it may take seconds. ``choose`` picks one of several
    at random. ``own_folders`` are where wf keeps things: no part of a project, even within one.
    """

    records: Records
    secrets: SecretValues
    environments: EnvironmentCache
    leases: Leases
    executors: Callable[[str], Executor[Any]]
    daemon: Callable[[], Daemon]
    inventory: Callable[[Resources], Inventory]
    loads: Callable[[Sequence[str]], Mapping[str, Load]]
    choose: Callable[[Sequence[str]], str]
    own_folders: tuple[Path, ...]


class Session(NamedTuple):
    """Who watches a run, and from where.

    ``variables`` are the caller's own. ``terminal`` is the size of the caller's terminal, or
    ``None``. ``wait``: stand in the queue when devices are busy.
    """

    observer: Observer
    signals: Signals
    variables: Mapping[str, str]
    terminal: WindowSize | None
    wait: bool = True


class Rules(NamedTuple):
    """How several jobs go.

    ``limit``: so many at once; ``None``: as many as fit. ``keep_going``: a failure keeps only those
    from starting that need the job. ``wait``: stand in the queue when devices are busy.
    """

    limit: int | None = None
    keep_going: bool = False
    wait: bool = True
