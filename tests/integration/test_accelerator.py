"""Which build of torch the real uv installs, from an index under PyTorch's own name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT, program, require
from tests.fakes import packages
from tests.fakes.pytorch import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

CPU = {"accelerator": "cpu", "requirements": "lightning\n"}
CUDA = {"accelerator": "cuda", "requirements": "lightning\n"}
DRIVER = {"UV_CUDA_DRIVER_VERSION": "550.54.14"}  # of CUDA 12.4


class Machine:
    """A network where there are the registry and PyTorch's index, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        packages.wheel(folder / "pypi", "lightning", requires=("torch",))
        packages.wheel(folder / "pypi", "leaf")
        packages.wheel(folder / "pypi", "torch", "2.0")
        packages.wheel(folder / "pypi", "torch", "1.0")
        packages.wheel(folder / "whl" / "cpu", "torch", "2.0+cpu")
        packages.wheel(folder / "whl" / "cu124", "torch", "2.0+cu124")
        packages.wheel(folder / "whl" / "cu118", "torch", "2.0+cu118")

    def obtain(self, *job: dict[str, Any]) -> list[dict[str, Any]]:
        """What comes of these wishes, one after the other."""
        done = subprocess.run(
            ["unshare", "--net", "--mount", sys.executable, "-m", "tests.fakes.pytorch",
             str(self.folder), json.dumps(job)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if os.geteuid() != 0:
        require("root", "only root has a network of its own")
    for name in ("unshare", "ip", "openssl"):
        require(name, program(name))
    return Machine(tmp_path)


def torch(found: dict[str, Any]) -> str:
    """The build that was installed."""
    lines = [line for line in found["lock"] if line.startswith("torch==")]
    assert lines, found
    return str(lines[0]).removeprefix("torch==")


def test_a_job_without_a_gpu_gets_the_build_for_the_processor(machine: Machine) -> None:
    built, again = machine.obtain(CPU, CPU)
    assert torch(built) == "2.0+cpu"
    assert "· torch 2.0+cpu · 2 packages · built" in built["line"]
    assert "torch backend: cpu\n" in built["log"]
    # an environment that is there is used without asking anybody
    assert "cached" in again["line"]
    assert again["asked"] == []


def test_the_lock_has_the_files_of_the_index_they_came_from(machine: Machine) -> None:
    built, other = machine.obtain(
        {**CPU, "pylock": True}, {**CPU, "down": True, "pylock": True, "cache": "other"}
    )
    assert re.search(r"https://download\.pytorch\.org/\S+/torch-2\.0%2Bcpu-", built["pylock"])
    assert re.search(r"https://pypi\.org/\S+/lightning-1\.0-", built["pylock"])
    assert re.search(r"https://pypi\.org/\S+/torch-2\.0-", other["pylock"])


def test_a_job_with_a_gpu_gets_the_build_that_fits_the_driver(machine: Machine) -> None:
    cuda = {**CUDA, "variables": DRIVER}
    built, other = machine.obtain(cuda, CPU)
    assert torch(built) == "2.0+cu124"
    assert torch(other) == "2.0+cpu"


def test_pip_in_a_jobs_commands_gets_the_same_build(machine: Machine) -> None:
    bare = {**CPU, "requirements": "leaf\n"}
    cuda = {**bare, "accelerator": "cuda", "variables": DRIVER}
    (machine.folder / "wanted.txt").write_text("lightning\n")
    file = ["-r", str(machine.folder / "wanted.txt")]
    found = machine.obtain(
        {**bare, "pip": ["lightning"]},
        {**bare, "pip": file},
        {**cuda, "pip": ["lightning"]},
        {**bare, "pip": ["torch==1.0"]},
        {**bare, "pip": ["torch", "--index-url", f"https://{REGISTRY}/simple"]},
        {**bare, "pip": ["torch"], "down": True, "cache": "other"},
    )
    builds = [torch(one) for one in found]
    assert builds == ["2.0+cpu", "2.0+cpu", "2.0+cu124", "1.0", "2.0", "2.0"]


def test_without_a_driver_a_job_with_a_gpu_gets_what_the_registry_has(machine: Machine) -> None:
    if any(os.path.exists(path) for path in ("/proc/driver/nvidia", "/sys/module/nvidia")):
        require("no driver", "there is a driver here")
    (built,) = machine.obtain(CUDA)
    assert torch(built) == "2.0"


def test_the_registry_has_a_build_too_where_the_index_does_not_answer(machine: Machine) -> None:
    other = {**CPU, "requirements": "torch\n"}
    first, second, third = machine.obtain(
        {**CPU, "down": True}, {**other, "down": True}, {**CPU, "cache": "cache"}
    )
    assert torch(first) == "2.0"
    assert torch(second) == "2.0"
    # it was asked once, and the environment made without it stays in use
    assert [path for path in first["asked"] if path.startswith("/whl")] != []
    assert [path for path in second["asked"] if path.startswith("/whl")] == []
    assert "cached" in third["line"]


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("torch==1.0\n", "1.0"),  # which PyTorch's index does not have
        (
            "torch==2.0+cu118\n--extra-index-url https://download.pytorch.org/whl/cu118\n",
            "2.0+cu118",
        ),
    ],
)
def test_what_can_be_installed_without_it_still_is(
    machine: Machine, requirements: str, expected: str
) -> None:
    (built,) = machine.obtain({**CPU, "requirements": requirements})
    assert torch(built) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"UV_TORCH_BACKEND": "cu118"}, "2.0+cu118"),
        ({"UV_FIND_LINKS": "{folder}/mine"}, "2.0+mine"),
    ],
)
def test_a_choice_of_the_users_own_wins(
    machine: Machine, variables: dict[str, str], expected: str
) -> None:
    packages.wheel(machine.folder / "mine", "torch", "2.0+mine")
    filled = {name: value.format(folder=machine.folder) for name, value in variables.items()}
    (built,) = machine.obtain({**CPU, "variables": filled})
    assert torch(built) == expected


def test_nothing_is_asked_where_nothing_is_installed(machine: Machine) -> None:
    (built,) = machine.obtain({**CPU, "requirements": "# nothing\n"})
    assert [path for path in built["asked"] if path.startswith("/whl")] == []
