"""A machine of a lab, with two runs on it and three that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from runner.allocation.interface import Holder, Standing, Waiter
from runner.allocation.inventory import Load, Occupant
from runner.allocation.queue.forecast import Forecast
from runner.engine.runners import Runners
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import gpu, machine

AT = datetime(2022, 5, 18, 9, 30, tzinfo=timezone.utc)
ALICE = Holder(
    "keen-lynx-2", "alice", tuple(range(8)), (gpu(0).uuid, gpu(1).uuid), 16 * 10**9, 720.0, 180.0
)
BOB = Holder("calm-moth-1", "bob", (8,), (), None, 40.0, None, 7200.0)
QUEUE = (
    Waiter("tidy-ibex-3", "carol", Resources(gpu=GpuRequest(2, "A100", 40 * 10**9)), 190.0),
    Waiter("wild-crow-5", "alice", Resources(cpu=4, memory=10**9, gpu=GpuRequest(4)), 12.0),
    Waiter("shy-newt-6", "mallory", None),
)
BUSY = Standing((ALICE, BOB))


def lab(standing: Standing = BUSY) -> Runners:
    """A machine of 32 cores and four GPUs, as alice sees it."""
    there = machine(cores=32, gpus=4, memory=256 * 10**9)
    used = (
        replace(there.gpus[0], used=41_200_000_000, busy=(Occupant(7, "alice", "py"),)),
        replace(there.gpus[1], used=40 * 10**9),
        there.gpus[2],
        replace(there.gpus[3], used=22 * 10**9, busy=(Occupant(8812, "bob", "python"),)),
    )
    loads = {
        gpu(index).uuid: Load(busy, None) for index, busy in enumerate((0.82, 0.79, None, 0.0))
    }
    return Runners(
        "ws1", "alice", AT, 11.24, replace(there, gpus=used, shared_memory=126 * 10**9),
        standing, loads, (Forecast(760.0, None), Forecast(None, 93_600.0)),
        {"keen-lynx-2": "train"},
    )  # fmt: skip
