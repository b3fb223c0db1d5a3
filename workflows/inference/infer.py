"""Compare one device with several that share each batch (torch.nn.DataParallel).

For each batch size the same images go through the same network in both forms, several times after
one time that does not count. The outputs have to be equal.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
from common import vision

# isort: split
import torch
from common import tables
from common.flags import or_cores, positive_int, positive_ints
from common.phases import imported, phase
from forms import Form, forms
from picture import plot_throughput
from torch import Tensor

NETWORKS = ("resnet18", "resnet34", "resnet50")
# of the largest output; what differs is the order in which numbers are added up
TOLERANCE = 1e-4


class Throughput(NamedTuple):
    """The samples per second of one form, as measured several times."""

    median: float
    low: float
    high: float


class Compared(NamedTuple):
    """Both forms at one batch size, and how far their outputs lie apart."""

    batch_size: int
    alone: Throughput
    together: Throughput
    difference: float
    """The largest between two outputs, in parts of the largest output."""

    @property
    def speed_up(self) -> float:
        """How many times as fast several devices are."""
        return self.together.median / self.alone.median


def main() -> None:
    """Measure each batch size, and keep table and plot; fail if outputs differ."""
    args = parse_args()
    if vision.UNAVAILABLE is not None:
        sys.exit(vision.UNAVAILABLE)
    imported()
    torch.manual_seed(args.seed)
    # full precision on every GPU, so that outputs can be compared
    torch.backends.cudnn.allow_tf32 = False
    with phase("data"):
        images = torch.randn(max(args.batch_sizes), 3, args.side, args.side)
        pair = forms(network(args.network), args.replicas)
    with torch.no_grad(), phase("infer") as measured:
        found = [compare(pair, images[:size], args.repeats) for size in args.batch_sizes]
        measured.samples = sum(len(pair) * (1 + args.repeats) * one.batch_size for one in found)
    with phase("plot"):
        report(args.results, pair, found)
        plot_throughput(args.results / "throughput.png", args.network, pair, found)
    check(found)


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--batch-sizes", type=positive_ints, default="1,2,4,8,16,32", help="in images")
    add("--repeats", type=positive_int, default=5, help="measurements of each")
    add("--network", choices=NETWORKS, default="resnet18", help="torchvision's, not trained")
    add("--side", type=positive_int, default=112, help="pixels of an image, across and down")
    add("--replicas", type=or_cores, default="cores", help="on the CPU; `cores`: those granted")
    add("--seed", type=int, default=0, help="seed of the weights and of the images")
    add("--results", type=Path, default=Path("results"), help="folder for the results")
    return parser.parse_args()


def network(name: str) -> torch.nn.Module:
    """A network with random weights: how fast it is does not depend on them."""
    from torchvision import models

    return models.get_model(name, weights=None).eval()


def compare(pair: tuple[Form, Form], batch: Tensor, repeats: int) -> Compared:
    """Have a batch go through both forms."""
    (alone, one), (together, other) = (measure(form, batch, repeats) for form in pair)
    difference = float((one - other).abs().max() / one.abs().max())
    return Compared(len(batch), alone, together, difference)


def measure(form: Form, batch: Tensor, repeats: int) -> tuple[Throughput, Tensor]:
    """The samples per second, and the outputs."""
    torch.set_num_threads(form.threads)
    outputs = form.run(batch)  # what is set up on the way does not count
    rates = []
    for _ in range(repeats):
        begun = time.perf_counter()
        outputs = form.run(batch)
        rates.append(len(batch) / (time.perf_counter() - begun))
    return Throughput(statistics.median(rates), min(rates), max(rates)), outputs


def report(folder: Path, pair: tuple[Form, Form], found: list[Compared]) -> None:
    """Print the table, in samples per second, and save it."""
    tables.show(
        ("batch", *(form.name for form in pair), "speed-up", "difference"),
        [
            (
                f"{one.batch_size}",
                *(f"{rate.median:,.1f}" for rate in (one.alone, one.together)),
                f"{one.speed_up:.2f}",
                f"{one.difference:.1e}",
            )
            for one in found
        ],
    )
    tables.save_steps(
        folder / "throughput.csv",
        (
            "batch_size",
            *(f"{form}_{part}" for form in ("alone", "together") for part in Throughput._fields),
            "speed_up",
            "difference",
        ),
        [
            (one.batch_size, *one.alone, *one.together, one.speed_up, one.difference)
            for one in found
        ],
    )


def check(found: list[Compared]) -> None:
    """Say that the outputs are equal, or end with 1."""
    worst = max(found, key=lambda one: one.difference)
    said = f"{worst.difference:.1e} of the largest output at batch size {worst.batch_size}"
    if not worst.difference <= TOLERANCE:  # also if it is no number
        sys.exit(f"outputs: they differ by up to {said}")
    print(f"outputs: equal, to within {said}", flush=True)


if __name__ == "__main__":
    main()
