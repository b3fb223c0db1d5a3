"""Which of the processes this one is, by what torchrun says, and how they talk."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
import torch.distributed.nn  # before the ranks are joined: see `leave`
from common.notes import note


@dataclass(frozen=True)
class Ranks:
    """``rank`` of ``size`` processes, on ``node`` of ``nodes``, each with a device of its own."""

    rank: int
    size: int
    node: int
    nodes: int
    device: torch.device

    @classmethod
    def joined(cls) -> Ranks:
        """Join the process group that torchrun describes; alone, without torchrun.

        NCCL joins GPUs, Gloo joins CPUs.
        """
        device = torch.device("cpu")
        if torch.cuda.is_available():
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(device)
        backend = "nccl" if device.type == "cuda" else "gloo"
        if "RANK" in os.environ:
            dist.init_process_group(backend)
        else:
            dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
        size = dist.get_world_size()
        nodes = size // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return cls(dist.get_rank(), size, int(os.environ.get("GROUP_RANK", "0")), nodes, device)

    def leave(self) -> None:
        """Part from the others, once there is no model any more that is trained with them.

        A thread of Gloo's may still have to give back the tensors of the last exchange. Where
        Python ends before that, it aborts the process (github.com/pytorch/pytorch, 179291); so
        nothing may keep Gloo any more: its threads end with it. A model that is trained by
        DistributedDataParallel keeps it. And so does `torch.distributed.nn`, for ever, when it is
        imported (DistributedDataParallel does) while there is a group: that is the default of its
        functions' arguments.
        """
        dist.destroy_process_group()

    def introduce(self, batch_size: int) -> None:
        """Have each rank say where it is and what it does, also for the run's record."""
        note(
            f"rank {self.rank} of {self.size} is on node {self.node} of {self.nodes}, trains on"
            f" {self.device.type} with {batch_size // self.size} images of each {batch_size}"
        )

    def total(self, number: torch.Tensor) -> float:
        """A number added up over all ranks."""
        summed = number.clone()
        dist.all_reduce(summed)
        return float(summed)

    def gathered(self, text: str) -> list[str]:
        """What each rank has to say, in their order."""
        told: list[str] = [""] * self.size
        dist.all_gather_object(told, text)
        return told
