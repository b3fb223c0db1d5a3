from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.containers.facts import facts

if TYPE_CHECKING:
    from pathlib import Path

DOCKER: dict[str, Any] = {
    "ServerVersion": "20.10.24+dfsg1",
    "SecurityOptions": ["name=seccomp,profile=default"],
    "MemoryLimit": True,
    "CPUSet": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
}


def test_a_docker_with_everything() -> None:
    found = facts(DOCKER, podman=False)
    assert (found.name, found.rootless, found.podman) == ("Docker 20.10.24", False, False)
    assert (found.cdi, found.unlimited) == (False, ())


@pytest.mark.parametrize(
    "said",
    [{"SecurityOptions": ["name=seccomp", "name=rootless", "name=cgroupns"]}, {"Rootless": True}],
)
def test_one_without_root(said: dict[str, Any]) -> None:
    assert facts(DOCKER | said, podman=True).rootless


def test_what_it_cannot_hold_containers_to() -> None:
    found = facts(DOCKER | {"MemoryLimit": False, "CPUSet": False}, podman=False)
    assert found.unlimited == ("memory", "cores")


def test_without_root_the_first_cgroups_hold_nothing() -> None:
    said = {"Rootless": True, "CgroupVersion": "1"}
    assert facts(DOCKER | said, podman=True).unlimited == ("memory", "cores", "quota", "processes")
    assert facts(DOCKER | said | {"CgroupVersion": "2"}, podman=True).unlimited == ()


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("nvidia.yaml", "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n", True),
        ("nvidia.json", '{"kind": "nvidia.com/gpu"}', True),
        ("other.yaml", "kind: vendor.com/fpga\n", False),
        ("nvidia.yaml.bak", "kind: nvidia.com/gpu\n", False),
    ],
)
def test_gpus_by_name_take_a_specification(
    tmp_path: Path, name: str, text: str, *, found: bool
) -> None:
    (tmp_path / name).write_text(text)
    folders = [str(tmp_path / "absent"), str(tmp_path)]
    assert facts(DOCKER | {"CDISpecDirs": folders}, podman=False).cdi is found


def test_a_daemon_that_says_little_is_taken_for_one_that_can_little() -> None:
    found = facts({}, podman=False)
    assert (found.name, found.cdi) == ("Docker", False)
