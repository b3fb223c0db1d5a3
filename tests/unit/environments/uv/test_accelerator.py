"""When PyTorch's own index is turned to, and what is remembered of it."""

from __future__ import annotations

import json
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.environments.uv.accelerator import Backend, has_effect
from runner.environments.uv.provisioner import UvProvisioner
from runner.plan.environment import EnvironmentSpec, LockedRun, RequirementFile

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one build")

_HOST = "pypi.org"
REGISTRY = f"https://{_HOST}/simple"
DRIVER = {"UV_CUDA_DRIVER_VERSION": "550.54.14"}


def asking(*lines: str, cuda: bool = False) -> EnvironmentSpec:
    """An environment with these requirements."""
    file = RequirementFile("requirements.txt", "\n".join(lines))
    return EnvironmentSpec("3.11", (file,), accelerator="cuda" if cuda else "cpu")


SPEC = asking("lightning")


@pytest.mark.parametrize(
    "lines",
    [("lightning",), ("torch==2.0",), ("-c limits.txt", "torch"), ("torchvision>=0.12",)],
)
def test_it_matters_where_nobody_has_said_where_packages_come_from(lines: tuple[str, ...]) -> None:
    assert has_effect(asking(*lines), {}, "")
    registry = {"UV_DEFAULT_INDEX": REGISTRY, "UV_INDEX": f"a={REGISTRY}"}
    assert has_effect(asking(*lines), registry, 'cache-dir = "/x"\nindex-strategy = "x"\n')


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("# nothing",),
        ("torch", "--index-url https://download.pytorch.org/whl/cu118"),
        ("torch", "--extra-index-url=https://mirror.example/simple"),
        ("torch", "-f https://download.pytorch.org/whl/torch_stable.html"),
        ("torch", "--no-index"),
        ("torch==1.13.1+cu117",),
        ("torchvision == 0.14.1+cpu",),
        ("torch==2.0 --hash=sha256:00",),
    ],
)
def test_requirements_that_choose_for_themselves(lines: tuple[str, ...]) -> None:
    assert not has_effect(asking(*lines), {}, "")


@pytest.mark.parametrize(
    "index",
    [
        {"UV_TORCH_BACKEND": "cu118"},
        {"UV_NO_INDEX": "1"},
        {"UV_FIND_LINKS": "/wheels"},
        {"UV_EXTRA_INDEX_URL": f"{REGISTRY} https://download.pytorch.org/whl/cpu"},
        {"UV_INDEX": "internal=https://mirror.example/simple"},
        {"UV_DEFAULT_INDEX": "https://mirror.example/pypi.org/simple"},
        {"UV_DEFAULT_INDEX": REGISTRY.replace("/simple", ".example/simple")},
    ],
)
def test_a_configuration_that_chooses(index: dict[str, str]) -> None:
    assert not has_effect(SPEC, index, "")


@pytest.mark.parametrize(
    "text",
    ['[[index]]\nurl = "x"', 'index-url = "x"', '  find-links = ["x"]', "[pip]\nno-index = true",
     '[pip]\ntorch-backend = "cpu"'],
)  # fmt: skip
def test_a_uv_toml_that_chooses(text: str) -> None:
    assert not has_effect(SPEC, {}, text)


def test_a_day_and_a_lock_choose_for_themselves() -> None:
    assert not has_effect(replace(SPEC, as_of="2022-05-17"), {}, "")
    locked = LockedRun("wet-mango-1", "3.11.7", ("torch==2.0",), "")
    assert not has_effect(replace(SPEC, locked=locked), {}, "")


def test_the_accelerator_counts_where_it_has_an_effect() -> None:
    def name(spec: EnvironmentSpec, **variables: str) -> str:
        return UvProvisioner(variables, {}).fingerprint(spec)

    cuda = replace(SPEC, accelerator="cuda")
    assert name(SPEC) != name(cuda)
    assert name(SPEC, UV_TORCH_BACKEND="cpu") == name(cuda, UV_TORCH_BACKEND="cpu")
    assert name(SPEC, UV_DEFAULT_INDEX="https://x") == name(cuda, UV_DEFAULT_INDEX="https://x")
    assert name(asking("# nothing")) == name(asking("# nothing", cuda=True))


# --- the question ---------------------------------------------------------------------------------


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "pytorch-index.json"


def remembered(path: Path) -> bool:
    answers: bool = json.loads(path.read_text())["answers"]
    return answers


@pytest.mark.parametrize(
    ("accelerator", "variables", "expected"),
    [("cpu", {}, "cpu"), ("cuda", DRIVER, "auto")],
)
def test_an_answer_of_late_is_not_asked_for_again(
    memory: Path, accelerator: str, variables: dict[str, str], expected: str
) -> None:
    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9", "PATH": "", **variables}
    memory.write_text(json.dumps({"answers": True, "at": time.time()}))
    spec = asking("lightning", cuda=accelerator == "cuda")
    assert Backend(spec, nobody, memory, effective=True).name == expected
    assert Backend(spec, nobody, memory, effective=False).name is None


@pytest.mark.parametrize("age", [-5, 4000])
def test_an_answer_of_another_day_or_clock_is(memory: Path, age: float) -> None:
    memory.write_text(json.dumps({"answers": True, "at": time.time() - age}))
    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    assert Backend(SPEC, nobody, memory, effective=True).name is None
    assert remembered(memory) is False


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "x"}', "\xff"])
def test_a_damaged_memory_is_none(memory: Path, text: str) -> None:
    memory.write_text(text, encoding="latin-1")
    assert Backend(SPEC, {"ALL_PROXY": "127.0.0.1:9"}, memory, effective=True).name is None
    assert remembered(memory) is False


def test_who_does_not_answer_is_not_waited_for(memory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        backend = Backend(SPEC, {"HTTPS_PROXY": proxy}, memory, effective=True)
        assert backend.name is None
    assert remembered(memory) is False


def test_nobody_is_asked_without_a_network(memory: Path) -> None:
    assert Backend(SPEC, {"UV_OFFLINE": "1"}, memory, effective=True).name is None
    assert not memory.exists()


def test_a_memory_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    missing = tmp_path / "no" / "folder"
    assert Backend(SPEC, nobody, missing, effective=True).name is None
