"""What is compared of a run, taken from its record. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runner.records.phases import COLLECTION, ENVIRONMENT, WAIT
from runner.records.state import TERMINAL
from runner.stamps import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from runner.artifacts.reading.values import Series

FIT = "fit"
"""The phase in which a script trains, by which runs are compared."""

Kind = Literal["gpu", "simulated gpu", "core"]


class Devices(NamedTuple):
    """What the work was spread over: GPUs, else what stood in for them, else cores."""

    kind: Kind
    number: int


class Use(NamedTuple):
    """What it used of the machine; ``None`` where nobody knows, or it goes on.

    ``cpu`` is in cores, a mean; ``memory`` the peak of all its processes in bytes;
    ``gpu_utilisation`` the mean over its GPUs, from 0 to 1; ``gpu_memory`` the peak of the fullest
    of them in bytes.
    """

    cpu: float | None = None
    memory: int | None = None
    gpu_utilisation: float | None = None
    gpu_memory: int | None = None


class Facts(NamedTuple):
    """One run. Times are in seconds; of a run that goes on, so far.

    ``seconds`` is from its submission to its end, ``job`` from its job's start to the job's end.
    ``offset`` is how long the job was at work before it began to fit.
    """

    run: str
    workflow: str
    status: str
    devices: Devices
    cores: int
    seconds: float
    job: float | None
    began: datetime | None
    phases: Mapping[str, float]
    samples: Mapping[str, int]
    use: Use
    metrics: tuple[Series, ...]
    parameters: Mapping[str, Any]
    document: Mapping[str, Any]

    @property
    def over(self) -> bool:
        """Whether nothing will be added to it."""
        return self.status in TERMINAL

    @property
    def own_phases(self) -> dict[str, float]:
        """Those that its job reported."""
        seen = {ENVIRONMENT, WAIT, COLLECTION}
        return {name: spent for name, spent in self.phases.items() if name not in seen}

    @property
    def other(self) -> float | None:
        """The time of its job that no phase accounts for; ``None`` where there are no phases."""
        if self.job is None or not self.own_phases:
            return None
        return round(max(self.job - sum(self.own_phases.values()), 0.0), 3)

    @property
    def offset(self) -> float:
        """How long the phases took that came before ``fit``."""
        before = 0.0
        for name, spent in self.own_phases.items():
            if name == FIT:
                return before
            before += spent
        return 0.0

    def throughput(self, phase: str | None) -> float | None:
        """Samples a second of one of its phases; ``None`` where it did not count them there."""
        if phase is None or not self.samples.get(phase):
            return None
        seconds = self.phases.get(phase, 0.0)
        return self.samples[phase] / seconds if seconds else None


class Told(NamedTuple):
    """What was read beside the record; ``phases`` and ``samples`` are those so far."""

    phases: Mapping[str, float]
    samples: Mapping[str, int]
    metrics: tuple[Series, ...]
    parameters: Mapping[str, Any]


def facts(document: Mapping[str, Any], told: Told, now: datetime) -> Facts:
    """The facts of a run from its document, at a moment."""
    resources = document["resources"]
    end = moment(document["finished_at"]) if document["finished_at"] else now
    began = moment(document["started_at"]) if document["started_at"] else None
    left = next((one["at"] for one in document["history"] if one["status"] == "collecting"), None)
    job = None
    if began is not None:
        job = round(((moment(left) if left else end) - began).total_seconds(), 3)
    return Facts(
        run=document["name"],
        workflow=document["workflow"] or "",
        status=document["status"],
        devices=_devices(resources),
        cores=len(resources["cpus"]),
        seconds=round((end - moment(document["submitted_at"])).total_seconds(), 3),
        job=job,
        began=began,
        phases=told.phases,
        samples=told.samples,
        use=_use(document["usage"]),
        metrics=told.metrics,
        parameters=told.parameters,
        document=document,
    )


def _devices(resources: Mapping[str, Any]) -> Devices:
    if resources["gpus"]:
        return Devices("gpu", len(resources["gpus"]))
    if resources["simulated_gpus"]:
        return Devices("simulated gpu", resources["simulated_gpus"])
    return Devices("core", len(resources["cpus"]))


def _use(usage: Mapping[str, Any] | None) -> Use:
    if usage is None:
        return Use()
    gpus = usage["gpus"]
    busy = [one["utilisation"]["mean"] for one in gpus if one["utilisation"]["mean"] is not None]
    full = [one["memory"]["peak"] for one in gpus if one["memory"]["peak"] is not None]
    return Use(
        cpu=(usage["cpu"] or {}).get("mean"),
        memory=(usage["memory"] or {}).get("peak") or usage["peak_memory"],
        gpu_utilisation=sum(busy) / len(busy) if busy else None,
        gpu_memory=max(full, default=None),
    )
