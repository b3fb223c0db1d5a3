"""The machine as values: cores, memory, GPUs. Pure; ``reading/`` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Occupant(NamedTuple):
    """A process that computes on a GPU, and is not known to be wf's.

    ``user`` and ``program`` are there where the system tells; ``memory`` is in bytes.
    """

    pid: int
    user: str | None = None
    program: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, or an instance of one that is divided (MIG).

    ``index`` is its number in the order of the PCI bus. ``memory`` and ``used`` are in bytes.
    ``busy`` are the processes that compute on it now. ``capability`` is the compute capability,
    ``numa`` the memory node it is close to, ``links`` the UUIDs of GPUs that it reaches without
    the host (NVLink). An instance has a ``parent``, the UUID of the GPU it is part of.
    """

    uuid: str
    index: int
    name: str
    memory: int
    busy: tuple[Occupant, ...] = ()
    used: int = 0
    capability: tuple[int, int] | None = None
    numa: int | None = None
    links: tuple[str, ...] = ()
    parent: str | None = None


class Load(NamedTuple):
    """How busy a GPU is. ``utilisation`` is from 0 to 1, ``used`` its memory in use in bytes.

    An instance of a divided GPU does not tell the former.
    """

    utilisation: float | None
    used: int | None


class Limited(NamedTuple):
    """Something that wf may not use all of.

    ``key`` is the resource (``cpu``, ``memory``, ``gpu``), ``there`` how much of it there is
    without the limit (bytes for memory), ``by`` what limits it, in words that fit behind "by".
    """

    key: str
    there: int
    by: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What wf may use of this machine.

    ``cores`` are the logical cores that this process may run on; ``memory`` and ``shared_memory``
    (that of ``/dev/shm``) are in bytes. ``no_gpus`` says why there are none. ``numa`` are the cores
    of each memory node, by the node's number; empty where that is not known. ``limits`` tell of
    what was left out, those of one resource in the order in which they narrow it.
    """

    cores: tuple[int, ...]
    memory: int
    gpus: tuple[Gpu, ...] = ()
    no_gpus: str | None = None
    shared_memory: int | None = None
    numa: tuple[tuple[int, ...], ...] = ()
    limits: tuple[Limited, ...] = ()
