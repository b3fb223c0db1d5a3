"""What stands in for GPUs in a job, without the libraries it changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.executors.simulated import sitecustomize
from runner.executors.simulated.sitecustomize import Teller, on_the_cpu

FOLDER = Path(sitecustomize.__file__).parent
# what Lightning's connector is given where nobody has said anything: in 2.x, and in 1.6
NEW = {"accelerator": "auto", "devices": "auto", "precision": None, "sync_batchnorm": False}
OLD = {**dict.fromkeys(("accelerator", "devices", "gpus", "tpu_cores", "ipus")), "precision": 32}


class CUDAAccelerator:
    """Called as Lightning's own, which can be given instead of a name."""


@pytest.mark.parametrize(
    ("given", "devices"),
    [
        (NEW, 4),
        ({**NEW, "accelerator": "gpu"}, 4),
        ({**NEW, "accelerator": "cuda", "devices": 2}, 2),
        ({**NEW, "accelerator": "GPU", "devices": "2"}, 2),
        ({**NEW, "accelerator": "gpu", "devices": -1}, 4),
        ({**NEW, "accelerator": "gpu", "devices": "-1"}, 4),
        ({**NEW, "accelerator": "gpu", "devices": 0}, 4),
        ({**NEW, "accelerator": "gpu", "devices": [0, 3]}, 2),
        ({**NEW, "accelerator": "gpu", "devices": "0, 1,2"}, 3),
        ({**NEW, "accelerator": "gpu", "devices": "0,"}, 1),
        ({**NEW, "accelerator": "auto", "devices": 1}, 1),
        ({**NEW, "accelerator": CUDAAccelerator()}, 4),
        ({**OLD, "gpus": 2}, 2),
        ({**OLD, "gpus": -1}, 4),
        ({**OLD, "gpus": "0,1"}, 2),
        ({**OLD, "gpus": [1]}, 1),
        ({**OLD, "accelerator": "gpu", "devices": 3}, 3),
        ({**OLD, "accelerator": "gpu"}, 4),
    ],
)
def test_who_asks_for_gpus_gets_processes(given: dict[str, Any], devices: int) -> None:
    changed = on_the_cpu(given, 4)
    assert (changed["accelerator"], changed["devices"]) == ("cpu", devices)
    assert not {**given, **changed}.get("gpus")


@pytest.mark.parametrize(
    "given",
    [
        {**NEW, "accelerator": "cpu", "devices": 2},
        {**NEW, "accelerator": "tpu"},
        {**NEW, "accelerator": "mps", "devices": 1},
        OLD,
        {**OLD, "gpus": 0},
        {**OLD, "gpus": []},
        {**OLD, "devices": 2},
        {**OLD, "accelerator": "auto", "tpu_cores": 8},
    ],
)
def test_who_asks_for_something_else_is_left_alone(given: dict[str, Any]) -> None:
    assert on_the_cpu(given, 4) == {}


@pytest.mark.parametrize("devices", [5, "5", [4], "0,7", [0, 1, 2, 3, 0]])
def test_more_than_there_are_is_refused_as_on_a_real_machine(devices: Any) -> None:
    with pytest.raises(RuntimeError, match="4 simulated GPUs"):
        on_the_cpu({**NEW, "accelerator": "gpu", "devices": devices}, 4)


@pytest.mark.parametrize(
    ("precision", "instead"),
    [(16, "bf16"), ("16", "bf16"), ("16-mixed", "bf16-mixed"), ("16-true", "bf16-true")],
)
def test_16_bits_are_those_of_a_cpu(precision: Any, instead: str) -> None:
    assert on_the_cpu({**NEW, "precision": precision}, 1)["precision"] == instead


@pytest.mark.parametrize("precision", [None, 32, 64, "32-true", "bf16", "bf16-mixed"])
def test_what_a_cpu_can_do_stays(precision: Any) -> None:
    assert "precision" not in on_the_cpu({**NEW, "precision": precision}, 1)


def test_what_only_gpus_can_do_is_left_out() -> None:
    changed = on_the_cpu({**OLD, "gpus": 2, "auto_select_gpus": True, "sync_batchnorm": True}, 2)
    assert (changed["auto_select_gpus"], changed["sync_batchnorm"]) == (False, False)


# --- telling --------------------------------------------------------------------------------------


def test_each_thing_is_said_once_in_the_log_and_on_the_record(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "notes"
    teller = Teller({"WF_NOTES": str(notes), "LOCAL_RANK": "0"})
    for text in ("one", "two", "one"):
        teller.say(text)
    assert notes.read_text() == "simulated GPUs: one\nsimulated GPUs: two\n"
    assert capfd.readouterr().err == "wf: simulated GPUs: one\nwf: simulated GPUs: two\n"


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "DSTACK_NODE_RANK"])
def test_later_ranks_say_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    Teller({"WF_NOTES": str(tmp_path / "notes"), name: "1"}).say("one")
    assert not (tmp_path / "notes").exists()
    assert capfd.readouterr().err == ""


def test_a_job_that_has_lost_its_variables_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    Teller({}).say("one")
    assert capfd.readouterr().err == "wf: simulated GPUs: one\n"


# --- in a Python of its own -----------------------------------------------------------------------

TORCH = """\
joined = []
def init_process_group(backend=None, world_size=3): joined.append(backend)
def new_group(ranks=None, timeout=None, backend=None): joined.append(backend)
def get_world_size(): return 3
def get_rank(): return 0
def get_backend(): return joined[0]
def is_initialized(): return True
def destroy_process_group(): print('left')
"""
LIGHTNING = """\
class _AcceleratorConnector:
    '''Takes what Lightning's takes.'''
    def __init__(self, devices='auto', num_nodes=1, accelerator='auto', precision=None):
        self.given = (accelerator, devices, precision)
"""


def started(tmp_path: Path, code: str, number: str | None = "3") -> str:
    """What a Python prints that finds a made-up PyTorch and Lightning in ``tmp_path``."""
    connectors = "lightning/pytorch/trainer/connectors"
    for path, text in (
        ("torch/distributed/distributed_c10d.py", TORCH),
        (f"{connectors}/accelerator_connector.py", LIGHTNING),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PYTHONPATH": f"{FOLDER}:{tmp_path}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **({} if number is None else {"WF_SIMULATED_GPUS": number}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


JOINS = """\
from torch.distributed import distributed_c10d as d
d.init_process_group('nccl')
d.init_process_group(backend='cpu:gloo,cuda:nccl', world_size=3)
d.init_process_group('mpi')
d.init_process_group()
d.new_group([0], None, 'nccl')
d.new_group(backend='nccl')
d.new_group()
print(d.joined)
"""
CONNECTS = """\
from lightning.pytorch.trainer.connectors import accelerator_connector as a
import inspect
print(a._AcceleratorConnector(2, accelerator='gpu', precision='16-mixed').given)
print(list(inspect.signature(a._AcceleratorConnector).parameters))
print('takes' in inspect.getsource(a))
"""


def test_process_groups_are_joined_by_gloo_and_left_in_the_end(tmp_path: Path) -> None:
    said = started(tmp_path, JOINS).splitlines()
    assert said[0] == "['gloo', 'gloo', 'mpi', None, 'gloo', 'gloo', None]"
    assert set(said[1:]) == {"left"}


def test_lightning_connects_to_the_cpu_and_looks_as_before(tmp_path: Path) -> None:
    said = started(tmp_path, CONNECTS).splitlines()
    assert said == [
        "('cpu', 2, 'bf16-mixed')",
        "['devices', 'num_nodes', 'accelerator', 'precision']",
        "True",
    ]


@pytest.mark.parametrize("number", [None, "0", "many"])
def test_without_simulation_nothing_is_changed(tmp_path: Path, number: str | None) -> None:
    assert "['nccl', 'cpu:gloo,cuda:nccl'" in started(tmp_path, JOINS, number)
    assert "('gpu', 2, '16-mixed')" in started(tmp_path, CONNECTS, number)


def test_nothing_is_imported_that_the_job_does_not_import(tmp_path: Path) -> None:
    code = "import sys; print({'torch', 'lightning', 'runner', 'inspect'} & set(sys.modules))"
    assert started(tmp_path, code) == "set()\n"


def test_a_library_that_is_not_there_is_missing_as_ever(tmp_path: Path) -> None:
    code = (
        "import importlib.util\n"
        "try: import lightning_fabric.connector\n"
        "except ModuleNotFoundError as error: print(error.name)\n"
        "print(importlib.util.find_spec('torch.distributed.nothing'))"
    )
    assert started(tmp_path, code) == "lightning_fabric\nNone\n"


def test_the_environments_own_customisation_is_carried_out_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('own', __name__, __file__)\nOWN = 1\n")
    said = started(tmp_path, "import sitecustomize; print(sitecustomize.OWN)")
    assert said == f"own sitecustomize {tmp_path / 'sitecustomize.py'}\n1\n"
