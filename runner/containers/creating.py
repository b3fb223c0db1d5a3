"""What a daemon is told to make a container: the words of its API for a :class:`ContainerSpec`."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.containers.values import ContainerSpec, Mount

# a quota is so much of every such period, in microseconds (sched-bwc of the kernel)
_PERIOD = 100_000
_LOOPBACK = "127.0.0.1"
# which of an NVIDIA driver's parts a container gets: what CUDA and nvidia-smi need
_CAPABILITIES = "compute,utility"
# bytes as they are, which `json-file` damages where they are no UTF-8; and all of them, in one
# file: who reads them again counts from the first one on
_LOG = {
    "Type": "local",
    "Config": {"max-size": "1000g", "max-file": "1", "compress": "false"},
}


def body(spec: ContainerSpec, *, podman: bool) -> dict[str, Any]:
    """What goes with ``POST /containers/create`` (Engine API 1.40, "Create a container")."""
    variables = {**spec.variables, **_gpu_variables(spec)}
    told: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Tty": spec.terminal is not None,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": dict(spec.labels),
        "ExposedPorts": {f"{port.inside}/tcp": {} for port in spec.ports},
        "HostConfig": _host(spec) | _limits(spec) | _gpus(spec),
    }
    if not podman:  # which keeps logs whole and as they are, by drivers of its own
        told["HostConfig"]["LogConfig"] = _LOG
    if spec.entrypoint is not None:
        told["Entrypoint"] = list(spec.entrypoint)
    if spec.command is not None:
        told["Cmd"] = list(spec.command)
    if spec.working_dir:
        told["WorkingDir"] = spec.working_dir
    if spec.user:
        told["User"] = spec.user
    return told


def _host(spec: ContainerSpec) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Init": True,
        # where a daemon has users of its own (userns-remap), the workspace would be nobody's
        "UsernsMode": "host",
        "NetworkMode": spec.network or "default",
        # not `Binds`: with these, a daemon makes what is not there, as root
        "Mounts": [
            {
                "Type": "bind",
                "Source": mount.source,
                "Target": target,
                "ReadOnly": not mount.writable,
            }
            for target, mount in _there(spec.mounts).items()
        ],
        "PortBindings": {
            f"{port.inside}/tcp": [{"HostIp": _LOOPBACK, "HostPort": str(port.host)}]
            for port in spec.ports
        },
        "AutoRemove": spec.passing,
    }
    if spec.privileged:
        told["Privileged"] = True
    else:
        told |= {
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["ALL"],
            "CapAdd": list(spec.capabilities),
        }
    return told


def _there(mounts: Iterable[Mount]) -> dict[str, Mount]:
    """Those that can be had, by where the container has them: it can have one in each place."""
    return {
        posixpath.normpath(mount.target): mount
        for mount in mounts
        if not mount.optional or os.path.lexists(mount.source)
    }


def _limits(spec: ContainerSpec) -> dict[str, Any]:
    told: dict[str, Any] = {"ShmSize": spec.shm_size or spec.memory or _half_of_memory()}
    if spec.cores is not None:
        told["CpusetCpus"] = ",".join(map(str, spec.cores))
    if spec.quota is not None:
        told |= {"CpuPeriod": _PERIOD, "CpuQuota": _PERIOD * spec.quota}
    if spec.memory is not None:
        told |= {"Memory": spec.memory, "MemorySwap": spec.memory}
    if spec.processes is not None:
        told["PidsLimit"] = spec.processes
    return told


def _half_of_memory() -> int:
    """What ``/dev/shm`` has without a container (tmpfs(5)); a daemon would give 64 MiB of it."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _gpus(spec: ContainerSpec) -> dict[str, Any]:
    if not spec.gpus.uuids:
        return {}
    if spec.gpus.way == "runtime":
        return {"Runtime": "nvidia"}
    if spec.gpus.way == "cdi":
        names = [f"nvidia.com/gpu={uuid}" for uuid in spec.gpus.uuids]
        return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": names}]}
    capabilities = [["gpu", *_CAPABILITIES.split(",")]]
    return {
        "DeviceRequests": [
            {"DeviceIDs": list(spec.gpus.uuids), "Capabilities": capabilities},
        ]
    }


def _gpu_variables(spec: ContainerSpec) -> dict[str, str]:
    """What the ``nvidia`` runtime reads: the images of CUDA ask for all GPUs by themselves."""
    if not spec.gpus.uuids:
        return {"NVIDIA_VISIBLE_DEVICES": "void"}
    return {
        "NVIDIA_VISIBLE_DEVICES": ",".join(spec.gpus.uuids),
        "NVIDIA_DRIVER_CAPABILITIES": _CAPABILITIES,
    }
