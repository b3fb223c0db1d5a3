"""What a job used, put together at its end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.units import duration

if TYPE_CHECKING:
    from runner.process.values import Exit

# a GPU that works less than this, for so long, was probably not needed
_IDLE_SHARE = 0.05
_IDLE_SECONDS = 180.0


def document(exited: Exit, wall: float, sampled: dict[str, Any], own_peak: int) -> dict[str, Any]:
    """The run's use of the machine, as JSON.

    ``wall`` is in seconds, ``sampled`` the sampler's document. ``own_peak`` is the most memory that
    ``wf`` had: a process starts with the peak of the one that started it (getrusage(2)), so a
    smaller one of the job's is not known.
    """
    cpu, memory = dict(sampled["cpu"]), dict(sampled["memory"])
    cpu["mean"] = round(exited.cpu_seconds / wall, 3) if wall > 0 else None
    peaks = [memory["peak"], exited.peak_memory if exited.peak_memory > own_peak else None]
    memory["peak"] = max((peak for peak in peaks if peak is not None), default=None)
    return {
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(exited.cpu_seconds, 3),
        "peak_memory": exited.peak_memory,
        **sampled,
        "cpu": cpu,
        "memory": memory,
    }


def idle(usage: dict[str, Any]) -> str | None:
    """What to say of GPUs that had hardly anything to do; ``None``: nothing."""
    if usage["wall_seconds"] < _IDLE_SECONDS:
        return None
    found = [
        f"GPU {gpu['index']} {mean:.0%}"
        for gpu in usage["gpus"]
        if (mean := gpu["utilisation"]["mean"]) is not None and mean < _IDLE_SHARE
    ]
    if not found:
        return None
    took = duration(usage["wall_seconds"])
    return f"hardly used in {took}, on average: {', '.join(found).replace('%', ' %')}"
