"""GPUs of a job in a container, in each way that a daemon can have; without any, simulated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import program, require
from tests.fakes import nvml
from tests.servers import newer
from tests.servers.images import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

# what is in /dev shows as `DEVICE_nvidia0=`
WORKFLOWS = "workflows:\n" + "".join(
    f"""- name: {name}
  provider: bash
  commands:
    - env | grep -E 'NVIDIA|CUDA_VIS|NODE'
    - for one in /dev/nvidia*; do [ ! -e $one ] || echo "DEVICE_${{one#/dev/}}=$(echo >$one)"; done
  resources: {{gpu: {count}}}
"""
    for name, count in (("none", 0), ("one", 1), ("two", 2))
)
GPUS = [nvml.uuid(0), nvml.uuid(1)]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables under which a driver with two GPUs is found."""
    require("gcc", program("gcc"))
    return {**nvml.build(tmp_path_factory.mktemp("nvml")), "FAKE_GPUS": "2"}


@pytest.fixture
def machine(world: World, library: dict[str, str]) -> World:
    """One with two GPUs."""
    world.variables |= {**library, "WF_BASE_IMAGE": SMALL}
    world.workflows(WORKFLOWS)
    return world


def told(world: World, workflow: str) -> dict[str, str]:
    """What a job knows of its GPUs."""
    done = world.wf("run", workflow, "--executor", "docker")
    assert done.code == 0, done.err
    return dict(line.split("=", 1) for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("settings", "way"), [({}, "device"), ({"hook": False}, "runtime")], ids=["device", "runtime"]
)
def test_gpus_come_by_their_uuids(
    machine: World,
    dockerd_alone: Callable[..., Dockerd],
    settings: dict[str, bool],
    way: str,
) -> None:
    daemon = dockerd_alone(**settings)
    machine.variables |= {**daemon.variables, "WF_BASE_IMAGE": SMALL}
    found = told(machine, "two")
    resources = machine.record()["resources"]
    assert resources["enforced"]["gpus"] == way
    assert found["CUDA_VISIBLE_DEVICES"] == ",".join(resources["gpus"])
    assert found["NVIDIA_VISIBLE_DEVICES"] == ",".join(resources["gpus"])
    assert "compute" in found["NVIDIA_DRIVER_CAPABILITIES"]
    asked = daemon.gpu_requests() if way == "device" else daemon.runtime_calls()
    assert asked
    assert daemon.containers() == []
    assert told(machine, "none")["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_without_a_way_for_gpus_it_says_what_to_install(
    machine: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    daemon = dockerd_alone(hook=False, runtime=False)
    machine.variables |= {**daemon.variables, "WF_BASE_IMAGE": SMALL}
    done = machine.wf("run", "two", "--executor", "docker")
    assert done.code == 69, done.err
    assert "cannot put GPUs into containers" in done.err
    assert "nvidia-ctk runtime configure" in done.err
    assert daemon.containers() == []


# --- by name --------------------------------------------------------------------------------------


@pytest.fixture
def naming(
    machine: World, dockerd_alone: Callable[..., Dockerd], tmp_path: Path
) -> Callable[..., Dockerd]:
    """Starts a daemon whose specification has devices of these names, and no other way for GPUs."""
    require("cdi", newer.unavailable())

    def start(*names: str) -> Dockerd:
        specifications = tmp_path / "cdi"
        specifications.mkdir()
        (specifications / "nvidia.json").write_text(json.dumps(specification(names)))
        settings = tmp_path / "daemon.json"
        settings.write_text(
            json.dumps({"features": {"cdi": True}, "cdi-spec-dirs": [str(specifications)]})
        )
        daemon = dockerd_alone(
            f"--config-file={settings}", hook=False, runtime=False, programs=newer.folders()
        )
        machine.variables |= {**daemon.variables, "WF_BASE_IMAGE": SMALL}
        return daemon

    return start


def specification(names: tuple[str, ...]) -> dict[str, object]:
    """What each device brings along: a node, and a variable that names it."""
    return {
        "cdiVersion": "0.5.0",
        "kind": "nvidia.com/gpu",
        "devices": [
            {
                "name": name,
                "containerEdits": {
                    "env": [f"NODE_{number}={name}"],
                    "deviceNodes": [{"path": f"/dev/nvidia{number}", "hostPath": "/dev/null"}],
                },
            }
            for number, name in enumerate(names)
        ],
    }


def test_gpus_come_by_name(machine: World, naming: Callable[..., Dockerd]) -> None:
    daemon = naming(*GPUS)
    both = told(machine, "two")
    assert machine.record()["resources"]["enforced"]["gpus"] == "cdi"
    assert both["CUDA_VISIBLE_DEVICES"] == ",".join(GPUS)
    assert [both["NODE_0"], both["NODE_1"]] == GPUS
    assert {"DEVICE_nvidia0", "DEVICE_nvidia1"} <= both.keys()

    one = told(machine, "one")
    (granted,) = machine.record()["resources"]["gpus"]
    number = GPUS.index(granted)
    assert one["CUDA_VISIBLE_DEVICES"] == one[f"NODE_{number}"] == granted
    assert [name for name in one if name.startswith("DEVICE")] == [f"DEVICE_nvidia{number}"]

    none = told(machine, "none")
    assert not any(name.startswith(("NODE", "DEVICE")) for name in none)
    assert daemon.containers() == []


def test_a_gpu_that_has_no_name_is_to_be_given_one(
    machine: World, naming: Callable[..., Dockerd]
) -> None:
    """As older toolkits of NVIDIA name them: by number."""
    daemon = naming("0", "1")
    done = machine.wf("run", "two", "--executor", "docker")
    assert done.code == 69, done.err
    assert "nvidia-ctk cdi generate" in done.err
    assert daemon.containers() == []
