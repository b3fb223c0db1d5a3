"""Runs beside the first of them: speed-up, scaling efficiency, the best of each metric. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runner.records.comparing.differing import differences
from runner.records.comparing.facts import FIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.artifacts.reading.values import Series
    from runner.records.comparing.differing import Differences
    from runner.records.comparing.facts import Facts

Basis = Literal["throughput", "fit", "job"]

_VALIDATED = ("val", "test")
_HIGH = frozenset(
    {"acc", "accuracy", "acc1", "acc5", "top1", "top5", "f1", "auc", "auroc", "ap", "map",
     "precision", "recall", "iou", "miou", "dice", "bleu", "rouge", "psnr", "ssim", "r2", "score",
     "reward", "return"}
)  # fmt: skip
_LOW = frozenset(
    {"loss", "error", "err", "mse", "mae", "rmse", "nll", "elbo", "perplexity", "ppl", "wer",
     "cer", "fid", "bce", "ce", "kl"}
)  # fmt: skip


class Measured(NamedTuple):
    """A run with what follows from it and the first; ``None`` where that is not known."""

    facts: Facts
    speed_up: float | None
    efficiency: float | None

    def metric(self, name: str) -> Series | None:
        """One of its metrics."""
        return next((one for one in self.facts.metrics if one.name == name), None)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        facts = self.facts
        return {
            "name": facts.run,
            "workflow": facts.workflow,
            "status": facts.status,
            "seconds": facts.seconds,
            "job_seconds": facts.job,
            "phases": dict(facts.phases),
            "samples": dict(facts.samples),
            "throughput": facts.throughput,
            "speed_up": self.speed_up,
            "efficiency": self.efficiency,
            "devices": facts.devices._asdict(),
            "cores": facts.cores,
            "usage": facts.use._asdict(),
            "metrics": {one.name: {**one.document(), "best": best(one)} for one in facts.metrics},
        }


class Comparison(NamedTuple):
    """Two runs or more; ``basis`` is what speed-up is measured by, ``None`` where none can be."""

    runs: tuple[Measured, ...]
    basis: Basis | None
    differences: Differences

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that jobs reported, as the jobs have them in order."""
        return merged([list(one.facts.own_phases) for one in self.runs])

    @property
    def metrics(self) -> tuple[str, ...]:
        """Their names: first those that most of the runs have, of these the validation's."""
        found = merged([[one.name for one in run.facts.metrics] for run in self.runs])
        return tuple(sorted(found, key=self._rank))

    def _rank(self, name: str) -> tuple[int, bool]:
        return -sum(map(bool, self.of(name))), not any(word in name.lower() for word in _VALIDATED)

    def of(self, metric: str) -> list[Series | None]:
        """A metric in each of the runs."""
        return [one.metric(metric) for one in self.runs]

    @property
    def scales(self) -> bool:
        """Whether efficiency says more than speed-up: some have more devices than others."""
        known = [one.facts.devices for one in self.runs if one.efficiency is not None]
        return any(one.kind == two.kind and one != two for one in known for two in known)

    @property
    def simulated(self) -> bool:
        """Whether ranks on the CPU stood in for GPUs, which share its cores."""
        return any(one.facts.devices.kind == "simulated gpu" for one in self.runs)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "against": self.runs[0].facts.run,
            "basis": self.basis,
            "runs": [one.document() for one in self.runs],
            "differs": [
                {**one._asdict(), "values": list(one.values)} for one in self.differences.differs
            ],
            "same": dict(self.differences.same),
        }


def compare(runs: Sequence[Facts]) -> Comparison:
    """Compare them with the first one.

    Speed-up is by samples a second where the first one and another know them, else by the time of
    ``fit`` where these report it, else by the time of the job, both of those that have succeeded.
    """
    basis = next((one for one in _BASES if _serves(one, runs)), None)
    measured = tuple(Measured(one, *_against(one, runs, basis)) for one in runs)
    return Comparison(measured, basis, differences(runs))


_BASES: tuple[Basis, ...] = ("throughput", "fit", "job")


def _serves(basis: Basis, runs: Sequence[Facts]) -> bool:
    return bool(_speed(runs[0], basis)) and any(_speed(run, basis) for run in runs[1:])


def _against(
    run: Facts, runs: Sequence[Facts], basis: Basis | None
) -> tuple[float | None, float | None]:
    """How many times as fast as the first one a run was, and how well it used its devices.

    That is its speed for each device against that of the first run with such devices. Where no
    other run has such, nothing can be said.
    """
    if basis is None:
        return None, None
    here, there = _speed(run, basis), _speed(runs[0], basis)
    speed_up = here / there if here and there else None
    alike = [_for_each(one, basis) for one in runs if one.devices.kind == run.devices.kind]
    known = [speed for speed in alike if speed]
    single = known[0] if len(known) > 1 else None
    each = _for_each(run, basis)
    return speed_up, each / single if each and single else None


def _for_each(run: Facts, basis: Basis) -> float | None:
    speed = _speed(run, basis)
    return speed / run.devices.number if speed and run.devices.number else None


def _speed(run: Facts, basis: Basis) -> float | None:
    """How fast it was, in whatever unit; ``None`` where that is not known."""
    if basis == "throughput":
        return run.throughput
    if run.status != "succeeded":  # it may have done a part of the work
        return None
    seconds = run.phases.get(FIT) if basis == "fit" else run.job
    return 1 / seconds if seconds else None


def merged(orders: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """All words of several orders in one: each behind those that come before it in its own."""
    found: list[str] = []
    for order in orders:
        place = 0
        for word in order:
            if word in found:
                place = found.index(word) + 1
            else:
                found.insert(place, word)
                place += 1
    return tuple(found)


def best(series: Series) -> float | None:
    """The best value: which way is better, its name tells; ``None`` where it does not."""
    words = series.name.lower().replace("/", "_").replace("-", "_").replace(".", "_").split("_")
    for word in reversed(words):
        if word in _LOW:
            return series.minimum
        if word in _HIGH:
            return series.maximum
    return None
