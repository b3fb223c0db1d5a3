"""The words of the API for a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docker.api.client import APIClient
from docker.types import DeviceRequest, LogConfig
from docker.types import Mount as SdkMount

from runner.containers.creating import body
from runner.containers.values import ContainerSpec, Gpus, GpuWay, Mount, PortBinding

if TYPE_CHECKING:
    from pathlib import Path

UUIDS = ("GPU-1", "GPU-2")


def asked(**facts: Any) -> dict[str, Any]:
    """What the daemon is asked for; nothing is sent."""
    return body(ContainerSpec("wf-a", "sha256:a", **facts), podman=False)


def host(**facts: Any) -> dict[str, Any]:
    found: dict[str, Any] = asked(**facts)["HostConfig"]
    return found


def variables(found: dict[str, Any]) -> dict[str, str]:
    return dict(written.split("=", 1) for written in found["Env"])


def told(value: Any) -> Any:
    """The same without what means as much as nothing."""
    if isinstance(value, dict):
        return {key: told(one) for key, one in value.items() if one}
    return [told(one) for one in value] if isinstance(value, list) else value


def test_all_of_it_is_what_the_sdk_would_say() -> None:
    spec = ContainerSpec(
        "wf-a",
        "sha256:a",
        entrypoint=("sh", "-c"),
        command=("true",),
        variables={"A": "1"},
        working_dir="/w",
        user="1:2",
        mounts=(Mount("/a", "/b"), Mount("/c", "/d", writable=True)),
        cores=(0, 1),
        quota=2,
        memory=1 << 30,
        shm_size=1 << 20,
        processes=9,
        gpus=Gpus(UUIDS),
        ports=(PortBinding(80, 8080),),
        capabilities=("CHOWN",),
        terminal=(24, 80),
        passing=True,
        labels={"wf.run": "a"},
    )
    client = APIClient("unix:///nowhere.sock", version="1.40")
    request = DeviceRequest(device_ids=list(UUIDS), capabilities=[["gpu", "compute", "utility"]])
    expected = client.create_container_config(
        "sha256:a",
        ["true"],
        entrypoint=["sh", "-c"],
        environment={
            "A": "1",
            "NVIDIA_VISIBLE_DEVICES": "GPU-1,GPU-2",
            "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        },
        working_dir="/w",
        user="1:2",
        tty=True,
        ports=[80],
        labels={"wf.run": "a"},
        host_config=client.create_host_config(
            init=True,
            userns_mode="host",
            mounts=[
                SdkMount("/b", "/a", type="bind", read_only=True),
                SdkMount("/d", "/c", type="bind"),
            ],
            port_bindings={80: ("127.0.0.1", 8080)},
            auto_remove=True,
            security_opt=["no-new-privileges"],
            cap_drop=["ALL"],
            cap_add=["CHOWN"],
            cpuset_cpus="0,1",
            cpu_period=100_000,
            cpu_quota=200_000,
            mem_limit=1 << 30,
            memswap_limit=1 << 30,
            shm_size=1 << 20,
            pids_limit=9,
            device_requests=[request],
            log_config=LogConfig(
                type="local", config={"max-size": "1000g", "max-file": "1", "compress": "false"}
            ),
        ),
    )
    assert told(body(spec, podman=False)) == told(expected)


def test_of_two_folders_at_one_place_the_last_that_is_there_counts(tmp_path: Path) -> None:
    here, absent = str(tmp_path), str(tmp_path / "absent")
    asked = (Mount("/first", "/a"), Mount(here, "/a/"), Mount(absent, "/a", optional=True))
    (mount,) = host(mounts=asked)["Mounts"]
    assert mount["Source"] == here


def test_a_container_may_do_nothing_unless_it_is_said() -> None:
    found = host(capabilities=("CHOWN",))
    assert found["SecurityOpt"] == ["no-new-privileges"]
    assert (found["CapDrop"], found["CapAdd"]) == (["ALL"], ["CHOWN"])
    assert found["Init"] is True


def test_privileged_is_all_or_nothing() -> None:
    found = host(privileged=True)
    assert found["Privileged"] is True
    assert "CapDrop" not in found


def test_limits() -> None:
    found = host(cores=(1, 3), quota=2, memory=1 << 30, shm_size=1 << 20, processes=9)
    assert (found["CpusetCpus"], found["CpuQuota"] / found["CpuPeriod"]) == ("1,3", 2)
    # as much swap as memory with it: none
    assert found["Memory"] == found["MemorySwap"] == 1 << 30
    assert (found["ShmSize"], found["PidsLimit"]) == (1 << 20, 9)
    assert host(memory=1 << 30)["ShmSize"] == 1 << 30


def test_a_folder_that_is_missing_is_not_made() -> None:
    found = host(mounts=(Mount("/a", "/b"), Mount("/c", "/d", writable=True)))
    assert "Binds" not in found
    assert [(one["Source"], one["Target"], one["ReadOnly"]) for one in found["Mounts"]] == [
        ("/a", "/b", True),
        ("/c", "/d", False),
    ]


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    there, missing = str(tmp_path), str(tmp_path / "no")
    found = host(mounts=tuple(Mount(path, path, optional=True) for path in (there, missing)))
    assert [one["Source"] for one in found["Mounts"]] == [there]


def test_ports_are_open_for_this_machine_alone() -> None:
    found = host(ports=(PortBinding(80, 8080),))["PortBindings"]
    assert found == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}


def test_gpus_by_device_requests() -> None:
    (request,) = gpus("device")["DeviceRequests"]
    assert request["DeviceIDs"] == list(UUIDS)
    assert request["Capabilities"] == [["gpu", "compute", "utility"]]


def test_gpus_by_the_runtime_that_reads_variables() -> None:
    assert gpus("runtime")["Runtime"] == "nvidia"
    given = variables(asked(gpus=Gpus(UUIDS, "runtime")))
    assert given["NVIDIA_VISIBLE_DEVICES"] == "GPU-1,GPU-2"
    assert given["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"


def test_gpus_by_name() -> None:
    (request,) = gpus("cdi")["DeviceRequests"]
    assert request["Driver"] == "cdi"
    assert request["DeviceIDs"] == ["nvidia.com/gpu=GPU-1", "nvidia.com/gpu=GPU-2"]


def test_without_gpus_none_is_visible() -> None:
    found = asked()
    assert variables(found)["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert not found["HostConfig"].get("DeviceRequests")
    assert "Runtime" not in found["HostConfig"]


def gpus(way: GpuWay) -> dict[str, Any]:
    return host(gpus=Gpus(UUIDS, way))
