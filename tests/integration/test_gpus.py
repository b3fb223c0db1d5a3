"""GPUs that do not exist, as the real driver interface tells of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_SECONDS, hear, program, require, until
from tests.fakes import nvml, packages

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

WORKFLOW = """\
workflows:
  - name: none
    provider: python
    script: job.py
  - name: one
    provider: python
    script: job.py
    resources: {gpu: 1}
  - name: four
    provider: python
    script: job.py
    resources: {gpu: 4}
  - name: five
    provider: python
    script: job.py
    resources: {gpu: 5}
"""
# says what it sees, and stays if it is told of a gate
JOB = """\
import json, os, time
seen = {name: value for name, value in os.environ.items() if name.startswith("CUDA_")}
print(json.dumps(seen), flush=True)
if "GATE" in os.environ:
    with open(os.environ["GATE"] + ".seen", "w") as file:
        json.dump(seen, file)
    os.rename(os.environ["GATE"] + ".seen", os.environ["GATE"] + ".ready")
    for _ in range(3000):
        if os.path.exists(os.environ["GATE"]):
            break
        time.sleep(0.02)
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables under which a driver is found."""
    require("gcc", program("gcc"))
    return nvml.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def gpus(world: World, library: dict[str, str]) -> World:
    """A machine with four GPUs."""
    world.workflows(WORKFLOW)
    world.write("job.py", JOB)
    world.variables.update(library, FAKE_GPUS="4")
    return world


def seen(world: World, workflow: str, **variables: Any) -> Any:
    """What the job of a run that succeeds sees of GPUs."""
    done = world.wf("run", workflow, **variables)
    assert done.code == 0, done.err
    return done.json()


class Holder:
    """A run that holds its devices until it is let go."""

    def __init__(self, world: World, folder: Path, workflow: str) -> None:
        self._gate = folder / "gate"
        self.process: subprocess.Popen[bytes] = world.start("run", workflow, GATE=str(self._gate))
        ready = folder / "gate.ready"
        until(ready.exists, "a job that holds its devices")
        self.uuids = json.loads(ready.read_text())["CUDA_VISIBLE_DEVICES"].split(",")

    def let_go(self) -> None:
        self._gate.touch()
        assert self.process.wait(PATIENCE_SECONDS) == 0


def test_a_job_that_asks_for_none_sees_none(gpus: World) -> None:
    assert seen(gpus, "none") == {"CUDA_VISIBLE_DEVICES": "", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def test_one_gpu_is_one_uuid(gpus: World) -> None:
    assert seen(gpus, "one") == {
        "CUDA_VISIBLE_DEVICES": nvml.uuid(0),
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    resources = gpus.record()["resources"]
    assert resources["gpus"] == [nvml.uuid(0)]


def test_four_gpus_are_four_uuids(gpus: World) -> None:
    expected = [nvml.uuid(index) for index in range(4)]
    assert seen(gpus, "four")["CUDA_VISIBLE_DEVICES"].split(",") == expected
    assert gpus.record()["resources"]["gpus"] == expected


@pytest.mark.parametrize(
    ("version", "asked", "by_number"),
    [
        ("1.13.1+cu117", "torch==1.13.1+cu117", True),
        ("1.13.1", "./wheels/torch-1.13.1-py3-none-any.whl", True),
        ("2.0.0", "torch==2.0.0", False),
    ],
)
def test_an_old_pytorch_sees_its_gpu_by_the_machines_number(
    gpus: World, version: str, asked: str, *, by_number: bool
) -> None:
    packages.wheel(gpus.project / "wheels", "torch", version)
    gpus.variables.update(packages.index(gpus.project / "wheels"))
    gpus.workflows(WORKFLOW.replace("script: job.py", "script: job.py\n    requirements: r.txt"))
    gpus.write("r.txt", f"{asked}\n")
    told = seen(gpus, "one", CUDA_VISIBLE_DEVICES="2", CUDA_DEVICE_ORDER="FASTEST_FIRST")
    assert told["CUDA_VISIBLE_DEVICES"] == ("2" if by_number else nvml.uuid(2))
    assert told["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert gpus.record()["resources"]["gpus"] == [nvml.uuid(2)]


def test_simulated_gpus_take_no_real_one(gpus: World) -> None:
    done = gpus.wf("run", "five", "--simulate-gpus")
    assert done.code == 0
    assert json.loads(done.out.splitlines()[1])["CUDA_VISIBLE_DEVICES"] == ""
    resources = gpus.record()["resources"]
    assert (resources["gpus"], resources["simulated_gpus"]) == ([], 5)


def test_more_than_there_are_is_refused_at_once(gpus: World) -> None:
    done = gpus.wf("run", "five")
    assert done.code == 69
    assert "five asks for 5 GPUs" in done.err
    assert "NVIDIA Fake with 80 GB" in done.err
    assert ".dstack/workflows.yaml:16:" in done.err
    assert "hint: `wf run five --gpus 4`" in done.err
    assert gpus.runs() == []


def test_the_command_line_overrules_the_file(gpus: World) -> None:
    done = gpus.wf("run", "five", "--gpus", "2")
    assert done.json()["CUDA_VISIBLE_DEVICES"].split(",") == [nvml.uuid(0), nvml.uuid(1)]
    done = gpus.wf("run", "one", "--gpus", "0")
    assert done.json()["CUDA_VISIBLE_DEVICES"] == ""


def test_two_runs_get_different_gpus(gpus: World, tmp_path: Path) -> None:
    holder = Holder(gpus, tmp_path, "one")
    other = seen(gpus, "one", FAKE_GPUS="4")["CUDA_VISIBLE_DEVICES"]
    assert other == nvml.uuid(1)
    assert holder.uuids == [nvml.uuid(0)]
    holder.let_go()


def test_a_held_gpu_is_waited_for(gpus: World, tmp_path: Path) -> None:
    holder = Holder(gpus, tmp_path, "one")
    done = gpus.wf("run", "four", "--no-wait")
    assert done.code == 75
    assert "4 GPUs (3 free)" in done.err
    waiting = gpus.start("run", "four")
    hear(waiting, b"waiting for")
    holder.let_go()
    assert waiting.wait(PATIENCE_SECONDS) == 0


def test_the_callers_own_choice_is_a_ceiling(gpus: World) -> None:
    limited = seen(gpus, "one", CUDA_VISIBLE_DEVICES="2,3")
    assert limited["CUDA_VISIBLE_DEVICES"] == nvml.uuid(2)
    by_uuid = seen(gpus, "one", CUDA_VISIBLE_DEVICES=nvml.uuid(3))
    assert by_uuid["CUDA_VISIBLE_DEVICES"] == nvml.uuid(3)
    done = gpus.wf("run", "four", CUDA_VISIBLE_DEVICES="2,3")
    assert done.code == 69
    assert "four asks for 4 GPUs" in done.err


@pytest.mark.parametrize("hidden", ["", "-1", "NoDevFiles"])
def test_the_caller_can_hide_every_gpu(gpus: World, hidden: str) -> None:
    done = gpus.wf("run", "one", CUDA_VISIBLE_DEVICES=hidden)
    assert done.code == 69
    assert "CUDA_VISIBLE_DEVICES" in done.err


def test_the_callers_choice_does_not_reach_a_job_without_gpus(gpus: World) -> None:
    assert seen(gpus, "none", CUDA_VISIBLE_DEVICES="1")["CUDA_VISIBLE_DEVICES"] == ""


def test_a_gpu_that_a_foreign_process_computes_on_is_not_given(gpus: World) -> None:
    one = seen(gpus, "one", FAKE_GPU_BUSY="0")["CUDA_VISIBLE_DEVICES"]
    assert one == nvml.uuid(1)
    done = gpus.wf("run", "four", "--no-wait", FAKE_GPU_BUSY="0")
    assert done.code == 75
    assert "4 GPUs (3 free)" in done.err


def test_a_gpu_can_be_asked_for_by_name_and_memory(gpus: World) -> None:
    gpus.workflows(
        "workflows:\n"
        "  - name: fits\n    provider: python\n    script: job.py\n"
        "    resources:\n      gpu: {name: fake, memory: 80GB, count: 2}\n"
        "  - name: other\n    provider: python\n    script: job.py\n"
        "    resources:\n      gpu: {name: H200}\n"
        "  - name: big\n    provider: python\n    script: job.py\n"
        "    resources:\n      gpu: {memory: 141GB}\n"
    )
    assert len(seen(gpus, "fits")["CUDA_VISIBLE_DEVICES"].split(",")) == 2
    for workflow, asked in (("other", "1 H200 GPU"), ("big", "at least 141 GB")):
        done = gpus.wf("run", workflow)
        assert done.code == 69
        assert asked in done.err


def test_a_driver_that_does_not_answer_is_said(gpus: World) -> None:
    done = gpus.wf("run", "one", FAKE_NVML_ERROR="18")
    assert done.code == 69
    assert "the NVIDIA driver does not answer" in done.err
    assert "version mismatch" in done.err
    # and who wants no GPU need not know
    assert gpus.wf("run", "none", FAKE_NVML_ERROR="18").code == 0


def test_a_driver_that_hangs_is_said(gpus: World) -> None:
    done = gpus.wf("run", "one", FAKE_NVML_HANG="nvmlInit")
    assert done.code == 69
    assert "the NVIDIA driver has not answered within 5 seconds" in done.err


def test_the_driver_is_asked_for_nobody_who_wants_no_gpu(gpus: World, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    assert gpus.wf("run", "none", FAKE_NVML_LOG=str(log)).code == 0
    assert not log.exists()
    assert gpus.wf("run", "one", FAKE_NVML_LOG=str(log)).code == 0
    assert log.exists()


def test_a_machine_without_a_driver_is_said(world: World) -> None:
    world.workflows(WORKFLOW)
    world.write("job.py", JOB)
    done = world.wf("plan", "one")
    if done.code == 0:
        pytest.skip("there is a GPU here")
    assert done.code == 69
    assert "no NVIDIA driver is installed" in done.err
    assert "--gpus 0" in done.err


def test_the_plan_says_what_would_be_given(gpus: World) -> None:
    done = gpus.wf("plan", "four", "--json")
    assert done.code == 0
    assert done.json()["satisfiable"] is True
    done = gpus.wf("plan", "five", "--json")
    assert done.code == 69
    assert done.json()["satisfiable"] is False
    assert done.json()["problem"]["error"] == "unsatisfiable"


def test_what_a_run_used_of_its_gpus_is_on_the_record(gpus: World) -> None:
    gpus.workflows(
        "workflows:\n  - {name: two, provider: bash, commands: sleep 4, resources: {gpu: 2}}\n"
    )
    load: dict[str, Any] = {
        "FAKE_GPU_UTILISATION": "0:70,1:30",
        "FAKE_GPU_USED": "0:8000000000,1:2000000000",
    }
    assert gpus.wf("run", "two", FAKE_GPUS="2", **load).code == 0
    used = {one["index"]: one for one in gpus.record()["usage"]["gpus"]}
    assert [one["uuid"] for one in gpus.record()["usage"]["gpus"]] == (
        gpus.record()["resources"]["gpus"]
    )
    assert used[0]["utilisation"] == {"mean": 0.7, "peak": 0.7}
    assert used[1]["utilisation"] == {"mean": 0.3, "peak": 0.3}
    assert used[0]["memory"] == {"mean": 8_000_000_000, "peak": 8_000_000_000}
    assert used[0]["memory_total"] == 80_000_000_000
    header, *lines = gpus.wf("show", "last", "--samples").out.splitlines()
    assert header == (
        "seconds,cpu,memory,gpu0_utilisation,gpu0_memory,gpu1_utilisation,gpu1_memory"
    )
    assert lines[-1].endswith("0.7,8000000000,0.3,2000000000")
    shown = gpus.wf("show", "last").out
    assert "GPU 0 70 %, 8 of 80 GB" in shown
    assert "GPU 1 30 %, 2 of 80 GB" in shown


def test_a_driver_that_hangs_while_a_job_runs_keeps_nothing_from_it(gpus: World) -> None:
    gpus.workflows(
        "workflows:\n  - {name: one, provider: bash, commands: sleep 3, resources: {gpu: 1}}\n"
    )
    done = gpus.wf("run", "one", FAKE_NVML_HANG="nvmlDeviceGetUtilizationRates")
    assert done.code == 0
    usage = gpus.record()["usage"]
    assert usage["cpu"]["peak"] is not None
    assert usage["gpus"][0]["utilisation"] == {"mean": None, "peak": None}
