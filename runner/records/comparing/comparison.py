"""Runs beside the first of them: speed-up, scaling efficiency, the best of each metric. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runner.records.comparing.differing import differences
from runner.records.comparing.facts import FIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    throughput: float | None
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
            "throughput": self.throughput,
            "speed_up": self.speed_up,
            "efficiency": self.efficiency,
            "devices": facts.devices._asdict(),
            "cores": facts.cores,
            "usage": facts.use._asdict(),
            "metrics": {one.name: {**one.document(), "best": best(one)} for one in facts.metrics},
        }


class Comparison(NamedTuple):
    """Two runs or more; ``basis`` is what speed-up is measured by, ``None`` where none can be.

    ``counted`` is the phase whose samples a second are compared, ``None`` where no run counts any.
    """

    runs: tuple[Measured, ...]
    counted: str | None
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
            "counted": self.counted,
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
    counted = _counted(runs)
    speeds = {basis: [_speed(run, basis, counted) for run in runs] for basis in _BASES}
    basis = next((one for one in _BASES if speeds[one][0] and any(speeds[one][1:])), None)
    against = _against(runs, speeds[basis]) if basis else [(None, None)] * len(runs)
    measured = tuple(
        Measured(run, run.throughput(counted), *ratios)
        for run, ratios in zip(runs, against, strict=True)
    )
    return Comparison(measured, counted, basis, differences(runs))


_BASES: tuple[Basis, ...] = ("throughput", "fit", "job")


def _counted(runs: Sequence[Facts]) -> str | None:
    """The one phase whose samples a second are compared: no run's loading with another's training.

    ``fit`` where any run counts it, else one that the first shares with another; of these, and
    else of all, that which most samples went through.
    """
    known = [
        {name: run.samples[name] for name in run.samples if run.throughput(name)} for run in runs
    ]
    if any(FIT in one for one in known):
        return FIT
    shared = [name for name in known[0] if any(name in one for one in known[1:])]
    most = {name: max(one.get(name, 0) for one in known) for name in shared or merged(known)}
    return max(most, key=lambda name: most[name], default=None)


def _against(
    runs: Sequence[Facts], speeds: Sequence[float | None]
) -> Iterator[tuple[float | None, float | None]]:
    """How many times as fast as the first one each run was, and how well it used its devices.

    That is its speed for each device against that of the first run with such devices. Where no
    other run has such, nothing can be said.
    """
    each = [
        speed / run.devices.number if speed and run.devices.number else None
        for run, speed in zip(runs, speeds, strict=True)
    ]
    for run, speed, own in zip(runs, speeds, each, strict=True):
        alike = zip(runs, each, strict=True)
        known = [one for other, one in alike if one and other.devices.kind == run.devices.kind]
        single = known[0] if len(known) > 1 else None
        speed_up = speed / speeds[0] if speed and speeds[0] else None
        yield speed_up, own / single if own and single else None


def _speed(run: Facts, basis: Basis, counted: str | None) -> float | None:
    """How fast it was, in whatever unit; ``None`` where that is not known."""
    if basis == "throughput":
        return run.throughput(counted)
    if run.status != "succeeded":  # it may have done a part of the work
        return None
    seconds = run.phases.get(FIT) if basis == "fit" else run.job
    return 1 / seconds if seconds else None


def merged(orders: Sequence[Iterable[str]]) -> tuple[str, ...]:
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
    """The best value, ``None`` where its name does not tell which way is better."""
    falls = lower_is_better(series.name)
    if falls is None:
        return None
    return series.minimum if falls else series.maximum


def lower_is_better(metric: str) -> bool | None:
    """Which way a metric is better, by the words of its name; ``None`` where they do not tell."""
    words = metric.lower().replace("/", "_").replace("-", "_").replace(".", "_").split("_")
    return next((word in _LOW for word in reversed(words) if word in _LOW | _HIGH), None)
