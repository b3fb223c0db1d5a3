"""The two forms of the same network: on one device, and on several side by side."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from common import cores
from common.notes import note
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Form:
    """One way to have a batch go through the network."""

    name: str
    run: Callable[[Tensor], Tensor]
    """The outputs for a batch in the host's memory, where they are waited for."""
    threads: int
    """Of each operation on the CPU."""


class Replicas:
    """What DataParallel does, with threads on the CPU as the devices.

    Like it, it cuts the batch along its first dimension, has each part go through a replica in a
    thread of its own, and joins the outputs. The replicas share their weights, as nothing has to be
    copied to another device.
    """

    def __init__(self, network: nn.Module, count: int, threads: int) -> None:
        self.network = network
        self.count = count
        self._pool = ThreadPoolExecutor(
            count, initializer=torch.set_num_threads, initargs=(threads,)
        )

    def __call__(self, batch: Tensor) -> Tensor:
        """The outputs for a batch, in its order."""
        return torch.cat(list(self._pool.map(self._one, batch.chunk(self.count))))

    def _one(self, part: Tensor) -> Tensor:
        with torch.no_grad():  # it holds for one thread only
            return self.network(part)


def forms(network: nn.Module, replicas: int) -> tuple[Form, Form]:
    """One device, and what there is of several; the second is announced where it stands in.

    ``replicas`` counts where there is no GPU, and none is simulated.
    """
    gpus = torch.cuda.device_count()
    return _on_gpus(network, gpus) if gpus else _on_cpu(network, _simulated() or replicas)


def _simulated() -> int:
    """How many GPUs `wf run --simulate-gpus` was to have simulated, else 0."""
    return int(os.environ.get("WF_SIMULATED_GPUS") or 0)


def _on_gpus(network: nn.Module, count: int) -> tuple[Form, Form]:
    first = torch.device("cuda", 0)
    network = network.to(first)
    parallel = nn.DataParallel(network, device_ids=list(range(count)))

    def alone(batch: Tensor) -> Tensor:
        return network(batch.to(first)).cpu()

    def together(batch: Tensor) -> Tensor:
        return parallel(batch).cpu()

    name = torch.cuda.get_device_name(first)
    if count == 1:
        note(f"devices: 1 GPU ({name}), on which DataParallel only calls the network")
    else:
        print(f"devices: {count} GPUs ({name})", flush=True)
    threads = cores.granted()
    counted = "1 GPU" if count == 1 else f"{count} GPUs"
    return Form("1 GPU", alone, threads), Form(f"DataParallel, {counted}", together, threads)


def _on_cpu(network: nn.Module, count: int) -> tuple[Form, Form]:
    threads = cores.granted()
    share = max(1, threads // count)
    note(
        f"devices: no GPU, and on the CPU DataParallel only calls the network;"
        f" {count} replicas side by side stand in for it, {_counted(share)} each"
    )
    return (
        Form(f"1 network, {_counted(threads)}", network, threads),
        Form(f"{count} replicas, {_counted(share)} each", Replicas(network, count, share), share),
    )


def _counted(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
