"""What is asked for in a storm, by whom, and who is killed: all of it drawn from one seed.

The same seed asks for the same and kills at the same points; what it hits there depends on the
machine, as it does in life.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal, NamedTuple

from runner.allocation.inventory import Gpu, Inventory
from runner.spec.workflow import GpuRequest, Resources

if TYPE_CHECKING:
    from collections.abc import Sequence

GIB = 1 << 30
CORES = 16
GPUS = 8
MEMORY = 64 * GIB
_SMALL, _LARGE = "NVIDIA A100-SXM4-40GB", "NVIDIA H100 80GB HBM3"
_SMALL_ONES = 5
# runs arrive faster than they can be served, so that a queue forms
_ARRIVAL_SECONDS = 3.0

Killed = Literal["at random", "waiting", "granted", "running", "job"]


class Run(NamedTuple):
    """One run of the storm.

    ``starts`` is when it asks, in seconds after its submitter has begun. Its job lives for
    ``seconds``, and a process that it forks, in a session of its own, for ``daemon`` seconds.
    ``killed`` is who is killed when: the supervisor ``after`` so many seconds, on the first word of
    waiting, once it has its devices, or once its job runs; or the job's first process.
    """

    name: str
    starts: float
    asked: Resources
    wait: bool
    seconds: float
    daemon: float | None
    killed: Killed | None
    after: float


def machine() -> Inventory:
    """Sixteen cores, 64 GiB, five GPUs of 40 GB and three of 80 GB."""
    return Inventory(
        cores=tuple(range(CORES)),
        memory=MEMORY,
        gpus=tuple(_gpu(index) for index in range(GPUS)),
        numa=(tuple(range(CORES // 2)), tuple(range(CORES // 2, CORES))),
    )


def _gpu(index: int) -> Gpu:
    small = index < _SMALL_ONES
    return Gpu(
        uuid=f"GPU-{index:08x}-0000-0000-0000-000000000000",
        index=index,
        name=_SMALL if small else _LARGE,
        memory=(40 if small else 80) * 10**9,
        numa=index * 2 // GPUS,
    )


def runs(seed: int, number: int) -> tuple[Run, ...]:
    """So many runs, in the order in which they ask."""
    draw = random.Random(seed)
    starts = sorted(draw.uniform(0, _ARRIVAL_SECONDS) for _ in range(number))
    return tuple(_run(draw, f"run-{at}", moment) for at, moment in enumerate(starts))


def _run(draw: random.Random, name: str, starts: float) -> Run:
    return Run(
        name=name,
        starts=starts,
        asked=_asked(draw),
        wait=draw.random() > 0.1,
        seconds=draw.choice((0.0, 0.01, 0.03, 0.03, 0.05, 0.2)),
        daemon=draw.choice((None, None, None, 0.05, 0.3)),
        killed=_killed(draw),
        after=draw.choice((draw.uniform(0, 0.05), draw.uniform(0, 3))),
    )


def _killed(draw: random.Random) -> Killed | None:
    victims: Sequence[Killed | None] = (None, "at random", "waiting", "granted", "running", "job")
    return draw.choices(victims, weights=(50, 18, 8, 8, 8, 8))[0]


def _asked(draw: random.Random) -> Resources:
    kind = draw.choices(("nothing", "cores", "memory", "gpus", "all"), weights=(1, 3, 2, 5, 3))[0]
    cores = draw.choice((1, 1, 2, 4, 8, CORES))
    memory = draw.choice((1, 4, 16, 33, 64)) * GIB
    gpu = _gpus_asked(draw)
    return {
        "nothing": Resources(),
        "cores": Resources(cpu=cores),
        "memory": Resources(memory=memory),
        "gpus": Resources(gpu=gpu),
        "all": Resources(cpu=cores, memory=memory, gpu=gpu),
    }[kind]


def _gpus_asked(draw: random.Random) -> GpuRequest:
    kind = draw.choices(("count", "name", "either", "memory"), weights=(4, 2, 1, 1))[0]
    return {
        "count": GpuRequest(draw.choice((1, 1, 1, 2, 2, 4, GPUS))),
        "name": draw.choice((GpuRequest(1, "A100"), GpuRequest(3, "a100"), GpuRequest(2, "H100"))),
        "either": GpuRequest(6, "A100", alternatives=("H100",)),
        "memory": GpuRequest(draw.choice((1, 3)), memory=80 * 10**9),
    }[kind]
