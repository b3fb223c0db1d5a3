"""Train one network twice with Keras, on one device and on several that mirror it, and compare.

After each epoch network and optimizer are saved. A run that goes on from another one (`wf resume`
sets WF_RESUMED_FROM), or a further attempt of the same, takes up what it finds.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
import quiet  # noqa: F401 (before tensorflow: see there)

# isort: split
import tensorflow as tf
from common import tables
from common.flags import positive_int, share
from common.metrics import Metrics
from common.notes import note, say
from common.phases import imported, phase
from comparison import HEADER, WORDS, Result, draw, table
from data import Parts, load
from devices import Devices, find
from fit import Settings, columns, evaluate, train

SINGLE, MIRRORED = "single", "mirrored"
# the mirrored one is what the workflow is about: what `wf compare` takes for the training
PHASES = {SINGLE: "fit-single", MIRRORED: "fit"}


def main() -> None:
    """Train, test, and put the two side by side."""
    imported()
    args = parse_args()
    settings = Settings(
        args.epochs, args.batch_size, args.lr, args.limit_train_batches, args.seed, args.model
    )
    tf.config.experimental.enable_op_determinism()
    devices = find(args.replicas)
    if len(devices.names) == 1:
        note(f"devices: {devices} only, which mirrors nothing: see --replicas, or --gpus of wf run")
    begin(args.model)
    with phase("data"):
        parts = load(args.data)
    metrics = Metrics(args.model / "metrics.csv", [*columns(SINGLE), *columns(MIRRORED)])
    results = []
    for name, used in ((SINGLE, devices.first()), (MIRRORED, devices)):
        say(f"{name}: {used}")
        results.append(train_and_test(name, used, parts, settings, metrics))
    rows = table(results)
    tables.save(args.model / "comparison.csv", HEADER, rows)
    with phase("picture"):
        draw(args.model / "comparison.png", results, metrics)
    tables.show(HEADER, rows, WORDS)


def train_and_test(
    name: str, devices: Devices, parts: Parts, settings: Settings, metrics: Metrics
) -> Result:
    """One of the two."""
    with phase(PHASES[name]) as measured:
        model, measured.samples = train(name, devices, parts, settings, metrics)
    with phase("test") as measured:
        tested = evaluate(model, parts.test, settings.batch_size)
        measured.samples = len(parts.test)
    pace = int(metrics.last(f"{name}_images") or 0), metrics.last(f"{name}_seconds") or 0.0
    return Result(name, str(devices), *pace, tested["loss"], tested["accuracy"])


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=3, help="passes over the training images")
    add("--batch-size", type=positive_int, default=64, help="images per step, of all devices")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--limit-train-batches", type=share, default=1.0, help="share of the batches per epoch")
    add("--replicas", type=positive_int, default=2, help="logical CPUs, where there is no GPU")
    add("--seed", type=int, default=0, help="seed of the weights and of the order of the images")
    add("--data", type=Path, default=Path("data"), help="folder that the images are kept in")
    add("--model", type=Path, default=Path("model"), help="folder that the results are written to")
    return parser.parse_args()


def begin(folder: Path) -> None:
    """Have the folder; remove what an earlier run wrote, unless this one goes on from it."""
    folder.mkdir(parents=True, exist_ok=True)
    if "WF_RESUMED_FROM" in os.environ or os.environ.get("WF_ATTEMPT", "1") != "1":
        return
    for pattern in ("*.keras", "metrics.csv", "comparison.*"):
        for path in folder.glob(pattern):
            path.unlink()


if __name__ == "__main__":
    main()
