"""Measure how fast JPEG files are loaded and augmented, by how many worker processes do it.

For 0 workers (the script's own process does it all) up to as many as there are cores, one
DataLoader each goes through all files several times. The first pass of a loader also starts its
workers, so it is measured apart from the others.
"""

from __future__ import annotations

import argparse
import random
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
from common.flags import or_cores, positive_int
from common.phases import imported, phase
from common.tiles import save_tiles
from data import announce, find, prepare
from dataset import Faces
from picture import plot_passes
from torch.utils.data import DataLoader

ROWS, COLUMNS = 2, 8


class Loaded(NamedTuple):
    """How long the passes of one loader took, in seconds."""

    workers: int
    first: float
    passes: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of all passes but the first."""
        return sum(self.passes) / len(self.passes)

    @property
    def deviation(self) -> float:
        """Their standard deviation, 0 for a single one."""
        squares = sum((seconds - self.mean) ** 2 for seconds in self.passes)
        return (squares / max(1, len(self.passes) - 1)) ** 0.5


def main() -> None:
    """Load with each number of workers, and keep table, plot and picture."""
    args = parse_args()
    if vision.UNAVAILABLE is not None:
        sys.exit(vision.UNAVAILABLE)
    imported()
    torch.set_num_threads(1)  # as in each worker, so that 0 workers means one core as well
    with phase("data"):
        dataset = Faces(choose(args), augmentation(args.side))
    with phase("picture"):
        save_batch(args.results / "faces.jpg", dataset, args.seed)
    with phase("load") as measured:
        found = [load(dataset, workers, args) for workers in range(args.workers + 1)]
        measured.samples = len(dataset) * sum(1 + len(one.passes) for one in found)
    with phase("plot"):
        report(args.results, found, len(dataset))


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--workers", type=or_cores, default="cores", help="most workers; `cores`: those granted")
    add("--passes", type=positive_int, default=5, help="passes over the files, after a first one")
    add("--images", type=positive_int, default=1000, help="most files to load in a pass")
    add("--batch-size", type=positive_int, default=32, help="images of a batch")
    add("--side", type=positive_int, default=128, help="pixels of an image in a batch")
    add("--seed", type=int, default=0, help="seed of the choice, the order and the augmentation")
    add("--data", type=Path, default=Path("data"), help="folder that the files are kept in")
    add("--results", type=Path, default=Path("results"), help="folder for the results")
    return parser.parse_args()


def choose(args: argparse.Namespace) -> list[Path]:
    """The files to load, mixed: what was prepared before, else fetched now."""
    files = find(args.data)
    if files:
        announce(args.data)
    else:
        prepare(args.data)
        files = find(args.data)
    chance = random.Random(args.seed)  # noqa: S311 (an order that can be had again)
    return chance.sample(files, min(args.images, len(files)))


def augmentation(side: int) -> torch.nn.Module:
    """Turn, shift, cut, mirror and tint an image at random, with PIL; a tensor (3, side, side)."""
    from torchvision import transforms

    return transforms.Compose(
        [
            transforms.RandomAffine(degrees=10, translate=(0.05, 0.05)),
            transforms.RandomResizedCrop(side, scale=(0.6, 1.0), ratio=(1.0, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3),
            transforms.ToTensor(),
        ]
    )


def load(dataset: Faces, workers: int, args: argparse.Namespace) -> Loaded:
    """Go through all files in a new order each time; the workers stay for the passes to come."""
    loader = DataLoader(
        dataset,
        batch_size=args.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        generator=torch.Generator().manual_seed(args.seed),
    )
    if not workers:
        read_once(dataset)
    first, *passes = (measure(loader) for _ in range(1 + args.passes))
    return Loaded(workers, first, tuple(passes))


def read_once(dataset: Faces) -> None:
    """Have the system keep the files in memory: what is measured is processors, not the disk."""
    for file in dataset.files:
        file.read_bytes()


def measure(loader: DataLoader) -> float:
    """The seconds that one pass takes, with nothing done with the images."""
    begun = time.perf_counter()
    count = sum(len(batch) for batch in loader)
    seconds = time.perf_counter() - begun
    if count != len(loader.dataset):
        raise RuntimeError(f"{count} of {len(loader.dataset)} images came out of the loader")
    return seconds


def save_batch(path: Path, dataset: Faces, seed: int) -> None:
    """Save some augmented images as rows and columns; the same whenever the seed is."""
    torch.manual_seed(seed)
    count = min(len(dataset), ROWS * COLUMNS)
    batch, *_ = DataLoader(dataset, batch_size=count)
    columns = min(COLUMNS, count)
    rows = count // columns
    tiles = batch[: rows * columns].mul(255).round().permute(0, 2, 3, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tiles(path, tiles.unflatten(0, (rows, columns)), scale=1)


def report(folder: Path, found: list[Loaded], images: int) -> None:
    """Print the table, and save it and its plot."""
    tables.show(
        ("workers", "first pass", "mean", "std", "images/s"),
        [
            (
                f"{one.workers}",
                f"{one.first:.2f} s",
                f"{one.mean:.2f} s",
                f"{one.deviation:.2f} s",
                f"{images / one.mean:,.0f}",
            )
            for one in found
        ],
    )
    tables.save_steps(
        folder / "passes.csv",
        ("workers", "pass", "seconds", "images_per_s"),
        [
            (one.workers, number, round(seconds, 6), round(images / seconds, 3))
            for one in found
            for number, seconds in enumerate((one.first, *one.passes))
        ],
    )
    plot_passes(folder / "workers.png", found, images)
    best = min(found, key=lambda one: one.mean)
    print(
        f"fastest: {best.workers} workers, {images / best.mean:,.0f} images/s,"
        f" {found[0].mean / best.mean:.2f} times as fast as without",
        flush=True,
    )


if __name__ == "__main__":
    main()
