"""Training with PyTorch and Lightning where ranks on the CPU stand in for GPUs.

One step on eight rows, of which each rank has its own. If gradients are averaged over the ranks,
all of them come to the weights that one process comes to with all rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import CACHE, make_world, require
from tests.integration.trained import ran

if TYPE_CHECKING:
    from tests.conftest import Result, World

pytestmark = [pytest.mark.integration, pytest.mark.training]

REQUIREMENTS = "torch==2.13.0\npytorch-lightning==2.6.6\n"
STEP = """\
import json
import os

import torch

ROWS = torch.arange(32.0).reshape(8, 4) / 32


def model():
    torch.manual_seed(0)
    return torch.nn.Linear(4, 1)


def loss(model, rows):
    return model(rows).square().mean()


def alone():
    one = model()
    loss(one, ROWS).backward()
    torch.optim.SGD(one.parameters(), 0.1).step()
    return flat(one)


def flat(model):
    return torch.cat([each.detach().float().flatten() for each in model.parameters()]).tolist()


def tell(rank, ranks, trained, **more):
    os.makedirs("out", exist_ok=True)
    told = {"ranks": ranks, "weights": flat(trained), "alone": alone(), **more}
    told["threads"] = torch.get_num_threads()
    with open(f"out/{rank}.json", "w") as file:
        json.dump(told, file)
"""
LIGHTNING = """\
import json
import sys

import pytorch_lightning as pl
import step
from torch.optim import SGD
from torch.utils.data import DataLoader


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = step.model()

    def training_step(self, rows, _):
        return step.loss(self.model, rows)

    def configure_optimizers(self):
        return SGD(self.parameters(), 0.1)

    def on_train_end(self):
        precision = str(self.trainer.precision)
        step.tell(self.global_rank, self.trainer.world_size, self.model, precision=precision)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    trainer = pl.Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, **given
    )
    trainer.fit(Module(), DataLoader(step.ROWS, batch_size=8 // int(sys.argv[2])))
"""
TORCHRUN = """\
import step
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD

dist.init_process_group("nccl")
rank, ranks = dist.get_rank(), dist.get_world_size()
model = DistributedDataParallel(step.model())
step.loss(model, step.ROWS[rank::ranks]).backward()
SGD(model.parameters(), 0.1).step()
step.tell(rank, ranks, model, backend=dist.get_backend())
"""
FILE = """\
workflows:
  - name: lightning
    provider: python
    script: train.py
    requirements: requirements.txt
    args: ['{"accelerator": "gpu", "devices": 2, "strategy": "ddp"}', '2']
    artifacts: [out]
    resources: {gpu: 2, cpu: 2}
  - name: auto
    provider: bash
    requirements: requirements.txt
    commands:
      - python train.py '{"devices":"auto","precision":"16-mixed","sync_batchnorm":true}' 2
    artifacts: [out]
    resources: {gpu: 2}
  - name: torchrun
    provider: torchrun
    script: run.py
    requirements: requirements.txt
    artifacts: [out]
    resources: {gpu: {name: A100, count: 2}}
  - name: nodes
    provider: torchrun
    script: run.py
    requirements: requirements.txt
    nodes: 2
    artifacts: [out]
    resources: {gpu: 1, cpu: 1}
  - name: cuda
    provider: bash
    requirements: requirements.txt
    commands: [python -c 'import torch; torch.zeros(1).cuda()']
    resources: {gpu: 1}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Scripts that are written for GPUs, in a home whose environments outlive the tests."""
    made = make_world(tmp_path_factory.mktemp("simulated"))
    made.variables["WF_CACHE"] = str(CACHE / "wf")
    made.variables["CUDA_VISIBLE_DEVICES"] = ""  # the same on a machine with GPUs
    files = {"requirements.txt": REQUIREMENTS, "step.py": STEP, "train.py": LIGHTNING}
    for name, text in {**files, "run.py": TORCHRUN}.items():
        made.write(name, text)
    made.workflows(FILE)
    return made


def simulate(project: World, name: str) -> Result:
    done = ran(project, "run", name, "--simulate-gpus")
    if done.code == 78:
        require("training", f"its environment cannot be built here: {done.err[-400:]}")
    return done


def ranks(project: World, name: str) -> list[dict[str, Any]]:
    """What each rank of a workflow tells of itself."""
    done = simulate(project, name)
    assert done.code == 0, done.out + done.err
    kept = project.folder(project.record()["name"]) / "artifacts" / "out"
    return [json.loads(path.read_text()) for path in sorted(kept.glob("*.json"))]


def assert_averaged(told: list[dict[str, Any]], number: int, tolerance: float = 1e-6) -> None:
    assert [each["ranks"] for each in told] == [number] * number
    for each in told:
        assert each["weights"] == told[0]["weights"]
        assert each["weights"] == pytest.approx(each["alone"], abs=tolerance)


def test_a_trainer_for_two_gpus_trains_with_two_processes(project: World) -> None:
    told = ranks(project, "lightning")
    assert_averaged(told, 2)
    assert {each["threads"] for each in told} == {1}
    said = "simulated GPUs: Lightning, accelerator='gpu', devices=2: 2 processes on the CPU"
    assert project.record()["notes"][0] == said


def test_a_trainer_for_whatever_is_there_has_as_many_as_were_asked_for(project: World) -> None:
    """With 16 bits, those that a CPU has."""
    told = ranks(project, "auto")
    assert_averaged(told, 2, tolerance=1e-2)
    assert {each["precision"] for each in told} == {"bf16-mixed"}


def test_torchrun_starts_a_rank_for_each_gpu_and_gloo_joins_them(project: World) -> None:
    told = ranks(project, "torchrun")
    assert_averaged(told, 2)
    assert {each["backend"] for each in told} == {"gloo"}
    assert {each["threads"] for each in told} == {1}


def test_nodes_on_one_machine_have_their_ranks_too(project: World) -> None:
    assert_averaged(ranks(project, "nodes"), 2)
    assert project.record()["resources"]["simulated_gpus"] == 2


def test_cuda_itself_is_not_there_and_the_record_says_so(project: World) -> None:
    assert simulate(project, "cuda").code == 1
    document = project.record()
    assert document["message"].endswith("it calls CUDA itself, and its GPUs are simulated")
    assert "torch.cuda.is_available()" in document["hint"]
