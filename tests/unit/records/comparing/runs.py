"""Runs to be compared, made from the few facts that matter."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from runner.artifacts.reading.values import Point, Series
from runner.records.comparing.facts import Facts, Told, facts
from runner.records.phases import phases
from runner.stamps import stamp

BEGUN = datetime(2026, 11, 22, 9, tzinfo=timezone.utc)
NOW = BEGUN + timedelta(hours=1)
READY, LEFT, ENDED = 3.0, 0.5, 4.0


def a_run(given: dict[str, Any]) -> Facts:
    """A run from what a golden case says of it; times in seconds."""
    length = given.get("length", 10.0)
    moments = {"pending": 0.0, "provisioning": 0.0, "running": READY, "collecting": READY + length}
    going = given["status"] == "running"
    if going:
        del moments["collecting"]
    else:
        moments[given["status"]] = READY + length + LEFT
    at = {status: stamp(BEGUN + timedelta(seconds=one)) for status, one in moments.items()}
    document = {
        "name": given["name"],
        "workflow": given["workflow"],
        "status": given["status"],
        "submitted_at": at["pending"],
        "started_at": at["running"],
        "finished_at": None if going else at[given["status"]],
        "history": [{"status": status, "at": one} for status, one in at.items()],
        "resources": {
            "cpus": list(range(given.get("cores", 0))),
            "gpus": [f"GPU-{number}" for number in range(given.get("gpus", 0))],
            "simulated_gpus": given.get("simulated_gpus", 0),
        },
        "usage": None if going else _usage(given.get("usage", {}), given.get("gpus", 0)),
        "source": {"commit": given.get("commit"), "dirty": given.get("dirty", False)},
        "fingerprint": {"code": given.get("code", "blake3:c0de")},
        "environment": {"python": "3.11.7", "lock": given.get("packages", ["torch==2.13.0"])},
        "variables": given.get("variables", {}),
        "command": given.get("command", "python train.py"),
    }
    told = Told(
        phases(list(at.items()), given.get("waited", 0.5), given.get("phases", {})),
        given.get("samples", {}),
        tuple(series(name, points) for name, points in given.get("metrics", {}).items()),
        given.get("parameters", {}),
    )
    return facts(document, told, NOW)


def series(name: str, points: list[list[float]]) -> Series:
    """A metric from pairs of step and value, or with the seconds as the third."""
    found = tuple(Point(one[0], None, one[2] if one[2:] else None, one[1]) for one in points)
    values = [one.value for one in found]
    return Series(name, len(found), 0, found[-1], min(values), max(values), found)


def _usage(used: dict[str, Any], gpus: int) -> dict[str, Any]:
    gpu = {
        "utilisation": {"mean": used.get("gpu"), "peak": 1.0},
        "memory": {"mean": None, "peak": used.get("gpu_memory")},
    }
    return {
        "cpu": {"mean": used.get("cpu", 0.5), "peak": 1.0},
        "memory": {"mean": None, "peak": used.get("memory", 40_000_000)},
        "peak_memory": 40_000_000,
        "gpus": [gpu] * gpus,
    }
