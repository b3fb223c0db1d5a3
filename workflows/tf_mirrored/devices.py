"""The devices: the GPUs that are visible, else several logical CPUs, which divide up one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# wf says in it how many GPUs something is to stand in for
SIMULATED = "WF_SIMULATED_GPUS"


@dataclass(frozen=True)
class Devices:
    """What there is to train on: names as TensorFlow has them, such as ``/cpu:1``.

    ``mirrored`` says whether the network is to be trained by a strategy that mirrors it. That is up
    to the training: their number decides nothing.
    """

    names: tuple[str, ...]
    kind: str
    mirrored: bool = True

    def __str__(self) -> str:
        return f"{len(self.names)} {self.kind}{'s' if len(self.names) > 1 else ''}"

    def first(self) -> Devices:
        """The first of them alone, of which nothing is to be a mirror."""
        return Devices(self.names[:1], self.kind, mirrored=False)

    def strategy(self) -> tf.distribute.Strategy | None:
        """What keeps a copy of the network on each device, if there is only one, too; or None."""
        if not self.mirrored:
            return None
        # NCCL is for GPUs. On the CPU all copies are in one memory: they are added up in one place.
        one_place = tf.distribute.ReductionToOneDevice()
        reduction = one_place if "cpu" in self.names[0] else tf.distribute.NcclAllReduce()
        return tf.distribute.MirroredStrategy(self.names, cross_device_ops=reduction)

    def scope(self) -> AbstractContextManager[object]:
        """The context to make the network in."""
        strategy = self.strategy()
        return tf.device(self.names[0]) if strategy is None else strategy.scope()


def find(replicas: int) -> Devices:
    """All GPUs that are visible; if there are none, `replicas` logical CPUs.

    Where GPUs are simulated, a logical CPU stands in for each. To be called before TensorFlow has
    begun to use any device.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, enable=True)  # others may use it too
        return Devices(tuple(f"/gpu:{i}" for i in range(len(gpus))), "GPU")
    count = int(os.environ.get(SIMULATED, replicas))
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, logical)
    return Devices(tuple(f"/cpu:{i}" for i in range(count)), "logical CPU")
