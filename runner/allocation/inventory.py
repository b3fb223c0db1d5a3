"""Reading the machine: cores, memory, GPUs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.spec.workflow import Resources

# cgroup limits on memory, version 2 and version 1; a file that is not there limits nothing
_MEMORY_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


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
    of each memory node, in the order of its nodes; empty where that is not known. ``limits`` tell
    of what was left out.
    """

    cores: tuple[int, ...]
    memory: int
    gpus: tuple[Gpu, ...] = ()
    no_gpus: str | None = None
    shared_memory: int | None = None
    numa: tuple[tuple[int, ...], ...] = ()
    limits: tuple[Limited, ...] = ()


def read(variables: Mapping[str, str], wanted: Resources) -> Inventory:
    """Look at the machine; GPUs only when some are wanted, as asking for them takes a while."""
    gpus: tuple[Gpu, ...] = ()
    reason = None
    if wanted.gpu is not None:
        found = _gpus()
        gpus, reason = ((), found) if isinstance(found, str) else (found, None)
        gpus, reason = _visible(gpus, reason, variables.get("CUDA_VISIBLE_DEVICES"))
    return Inventory(_cores(), _memory(), gpus, reason)


def _cores() -> tuple[int, ...]:
    """``os.cpu_count`` does not know of affinity and cpusets; the scheduler does."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def _memory() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (_number(path) for path in _MEMORY_LIMITS)
    return min([physical, *(limit for limit in limits if limit)])


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            said = file.read(64).strip()
    except OSError:
        return None
    return int(said) if said.isdigit() else None  # version 2 says "max" for no limit


def _gpus() -> tuple[Gpu, ...] | str:
    """The GPUs that NVML knows, or why there are none."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if error.value == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
            return "no NVIDIA driver is installed"
        return f"the NVIDIA driver does not answer: {error}"
    try:
        count = pynvml.nvmlDeviceGetCount()
        return tuple(_gpu(pynvml, index) for index in range(count))
    except pynvml.NVMLError as error:
        return f"the NVIDIA driver does not answer: {error}"
    finally:
        pynvml.nvmlShutdown()


def _gpu(nvml: Any, index: int) -> Gpu:  # noqa: ANN401 - the module has no types
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    try:
        busy = tuple(
            Occupant(found.pid) for found in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        )
    except nvml.NVMLError:  # not every device tells
        busy = ()
    return Gpu(
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        index=index,
        name=_text(nvml.nvmlDeviceGetName(handle)),
        memory=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        busy=busy,
    )


def _text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _visible(
    gpus: tuple[Gpu, ...], reason: str | None, ceiling: str | None
) -> tuple[tuple[Gpu, ...], str | None]:
    """What the caller's own CUDA_VISIBLE_DEVICES leaves: a list of indexes or UUID prefixes.

    CUDA reads the list up to the first entry that names nothing (CUDA C++ Programming Guide,
    "CUDA Environment Variables").
    """
    if ceiling is None or not gpus:
        return gpus, reason
    kept: list[Gpu] = []
    for word in (part.strip() for part in ceiling.split(",")):
        named = [gpu for gpu in gpus if _names(word, gpu)]
        if len(named) != 1:
            break
        kept += [gpu for gpu in named if gpu not in kept]
    if kept:
        return tuple(kept), None
    return (), f"CUDA_VISIBLE_DEVICES is set to `{ceiling}`, which hides every GPU"


def _names(word: str, gpu: Gpu) -> bool:
    return word == str(gpu.index) or (word.startswith("GPU-") and gpu.uuid.startswith(word))
