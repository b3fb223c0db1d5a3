"""Asks NVML: a program of its own, as a call into the driver can hang for good.

``python probe.py FOLDER``, where FOLDER holds nvidia-ml-py. It reads questions, a line each
(``look``, or ``sample UUID…``), and answers each with a line of JSON; an empty line says that it is
still at work. It imports nothing of wf, so that it starts soon, and keeps NVML open: without that,
a GPU that nobody uses falls asleep, and takes a second or more to wake up.

What is asked is documented in NVIDIA's "NVML API Reference".
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# wf waits for half of it; the rest is for the day when wf itself is gone
_HANGING_SECONDS = 10
# more than any machine has, and than garbage in the place of a number is likely to be
_MOST_GPUS = 1024
_DIVIDED = 1


class NonsenseError(Exception):
    """The driver says what cannot be."""


class Probe:
    """NVML, opened. ``fresh`` turns false when something failed that a new start may cure."""

    def __init__(self, nvml: Any, alive: Callable[[], None]) -> None:  # noqa: ANN401 - no types
        """``alive`` is called before each GPU.

        Raises:
            nvml.NVMLError: it cannot be opened.
        """
        self._nvml, self._alive = nvml, alive
        self.fresh = True
        self._links: dict[tuple[str, ...], list[list[str]]] = {}
        nvml.nvmlInit()

    def look(self) -> list[dict[str, Any]]:
        """Every GPU, and every instance of those that are divided, in the order of the PCI bus.

        Raises:
            nvml.NVMLError: none of them can be read.
            NonsenseError: there are more than can be.
        """
        count = self._nvml.nvmlDeviceGetCount()
        if count > _MOST_GPUS:
            raise NonsenseError(f"there are {count} GPUs")
        handles = [self._handle(index) for index in range(count)]
        found: list[tuple[Any, dict[str, Any]]] = []
        failed: Exception | None = None
        for index, (_, handle) in enumerate(self._ordered(handles)):
            self._alive()
            try:
                if handle is not None:
                    found.append((handle, self._gpu(handle, index)))
            except self._nvml.NVMLError as error:  # it is lost, and the others are not
                self.fresh, failed = False, error
        if failed is not None and not found:
            raise failed
        self._add_links(found)
        return [device for handle, gpu in found for device in self._devices(handle, gpu)]

    def sample(self, uuids: list[str]) -> dict[str, Any]:
        """For each GPU: the percentage of the time it computed, and the bytes it uses."""
        loads = {}
        for uuid in uuids:
            handle = self._told(self._nvml.nvmlDeviceGetHandleByUUID, uuid)
            if handle is not None:
                rates = self._told(self._nvml.nvmlDeviceGetUtilizationRates, handle)
                memory = self._told(self._nvml.nvmlDeviceGetMemoryInfo, handle)
                loads[uuid] = [rates and int(rates.gpu), memory and int(memory.used)]
        return loads

    def _handle(self, index: int) -> tuple[str | None, Any]:
        """A GPU's place on the bus and its handle, as far as they can be had."""
        self._alive()
        handle = self._told(self._nvml.nvmlDeviceGetHandleByIndex, index)
        return (None if handle is None else self._bus(handle), handle)

    def _bus(self, handle: Any) -> str | None:  # noqa: ANN401
        pci = self._told(self._nvml.nvmlDeviceGetPciInfo, handle)
        return pci and _text(pci.busId).lower()

    def _ordered(self, found: list[tuple[str | None, Any]]) -> list[tuple[str | None, Any]]:
        """In the order of the bus; NVML's own, which is the same today, where that is not known."""
        if any(bus is None for bus, _ in found):
            return found
        return sorted(found, key=lambda one: str(one[0]))

    def _gpu(self, handle: Any, index: int) -> dict[str, Any]:  # noqa: ANN401
        return {
            **self._device(handle),
            "index": index,
            "bus": self._bus(handle),
            "capability": self._told(self._nvml.nvmlDeviceGetCudaComputeCapability, handle),
            "links": [],
            "parent": None,
        }

    def _device(self, handle: Any) -> dict[str, Any]:  # noqa: ANN401
        """What a whole GPU and an instance tell alike."""
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        busy = self._told(nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
        return {
            "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
            "name": _text(nvml.nvmlDeviceGetName(handle)),
            "memory": int(memory.total),
            "used": int(memory.used),
            "busy": [[int(one.pid), one.usedGpuMemory] for one in busy],
        }

    def _devices(self, handle: Any, gpu: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ANN401
        """The GPU, or the instances that it is divided into: then it is no device itself."""
        nvml = self._nvml
        mode = self._told(nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != _DIVIDED:
            return [gpu]
        most = min(self._told(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0, _MOST_GPUS)
        found = []
        for number in range(most):
            instance = self._told(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if instance is not None:
                own = self._device(instance)
                own["name"] = self._instance_name(instance, gpu["name"], own["name"])
                found.append({**gpu, **own, "links": [], "parent": gpu["uuid"]})
        return found

    def _instance_name(self, instance: Any, whole: str, own: str) -> str:  # noqa: ANN401
        """``NVIDIA A100-SXM4-80GB MIG 1g.10gb``, whether the driver says so or not."""
        if whole in own and own != whole:
            return own
        said = self._told(self._nvml.nvmlDeviceGetAttributes, instance)
        if said is None:
            return f"{whole} MIG"
        size = round(int(said.memorySizeMB) / 1024)
        return f"{whole} MIG {int(said.gpuInstanceSliceCount)}g.{size}gb"

    def _add_links(self, found: list[tuple[Any, dict[str, Any]]]) -> None:
        """Which GPUs reach each other by NVLink; that does not change while they are there."""
        uuids = tuple(gpu["uuid"] for _, gpu in found)
        if uuids not in self._links:
            self._links = {uuids: [self._peers(handle, found) for handle, _ in found]}
        for (_, gpu), links in zip(found, self._links[uuids], strict=True):
            gpu["links"] = links

    def _peers(self, handle: Any, found: list[tuple[Any, dict[str, Any]]]) -> list[str]:  # noqa: ANN401
        nvml = self._nvml
        self._alive()
        index = nvml.NVML_P2P_CAPS_INDEX_NVLINK
        return [
            gpu["uuid"]
            for other, gpu in found
            if other is not handle
            and self._told(nvml.nvmlDeviceGetP2PStatus, handle, other, index)
            == nvml.NVML_P2P_STATUS_OK
        ]

    def _told(self, call: Callable[..., Any], *words: Any) -> Any:  # noqa: ANN401
        """An answer, or ``None`` where there is none: not every device tells everything."""
        try:
            return call(*words)
        except self._nvml.NVMLError as error:
            if error.value in {
                self._nvml.NVML_ERROR_GPU_IS_LOST,
                self._nvml.NVML_ERROR_UNINITIALIZED,
                self._nvml.NVML_ERROR_UNKNOWN,
            }:
                self.fresh = False
            return None


def main(folder: str) -> None:
    """Answer until there are no more questions, or until a fresh start is better."""
    os.setpgid(0, 0)  # Ctrl-C is not for us
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_HANGING_SECONDS)
    sys.path.append(folder)
    import pynvml

    probe: Probe | None = None
    for question in sys.stdin.buffer:
        _alive()
        words = question.decode().split()
        try:
            probe = probe or Probe(pynvml, _alive)
            answer = _answer(probe, words)
        except Exception as error:  # noqa: BLE001 - whatever it is, wf says it
            answer, probe = {"error": reason(error)}, None
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
        if probe is None or not probe.fresh:
            return
        signal.alarm(0)


def _answer(probe: Probe, words: list[str]) -> dict[str, Any]:
    if words[0] == "look":
        return {"look": probe.look()}
    return {"sample": probe.sample(words[1:])}


def reason(error: Exception) -> str:
    """Why there are no GPUs."""
    not_found = 12  # NVML_ERROR_LIBRARY_NOT_FOUND, which says nothing of why
    broken = _unloadable() if getattr(error, "value", None) == not_found else str(error)
    if broken is None:
        return "no NVIDIA driver is installed"
    return f"the NVIDIA driver does not answer: {broken}"


def _unloadable() -> str | None:
    """Why the library of a driver that is installed cannot be loaded."""
    import ctypes

    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        return None if "no such file" in str(error).lower() else str(error)
    return None


def _alive() -> None:
    signal.alarm(_HANGING_SECONDS)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except BrokenPipeError:  # nobody listens any more
        sys.stderr.close()
