"""The training of photographs without wf, in all its forms, and what its data module reads.

    python cifar10.py DATA TRAINED FOLDER WORD ...

TRAINED is the model folder of a run, DATA what it was trained on, WORDs how.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import trial
from common import vision

# isort: split
import images
import numpy as np
import torch
from model import PhotoClassifier
from torchvision.datasets import CIFAR10

SCRIPT = Path(vision.__file__).parents[1] / "cifar10" / "train.py"


def main() -> None:
    """Train as the run did, go on from there, try the profilers, and read."""
    data, trained, folder = map(Path, sys.argv[1:4])
    words = ("--data", data, *sys.argv[4:])
    trial.run(SCRIPT, folder / "again", *words)
    told = {
        "metrics": (folder / "again" / "model" / "metrics.csv").read_bytes().decode(),
        "resumed": trial.resume(SCRIPT, folder / "again", *words, "--epochs", "3"),
        "tried": {name: tried(folder / name, name, *words) for name in ("advanced", "pytorch")},
        "kept": kept(trained),
        "stand-in": stand_in(folder / "stand-in"),
        "cifar10": in_its_own_form(folder / "stand-in"),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def tried(folder: Path, profiler: str, *words: str | Path) -> str:
    """The report of a profiler, of two batches whose gradients are clipped one by one."""
    clipped = ("--gradient-clip-algorithm", "value", "--gradient-clip-val", "0.5")
    trial.run(SCRIPT, folder, *words, "--fast-dev-run", "2", "--profiler", profiler, *clipped)
    reports = (folder / "model" / "profile").glob(f"fit-{profiler}*.txt")
    return "".join(path.read_text(encoding="utf-8") for path in reports)


def kept(trained: Path) -> list[object]:
    """The shapes within the network that is kept, and whether it is the one of the best epoch."""
    (best,) = (trained / "checkpoints").glob("epoch=*.ckpt")
    one, other = (
        PhotoClassifier.load_from_checkpoint(path, weights_only=False).eval()
        for path in (trained / "example.ckpt", best)
    )
    shown = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        equal = torch.equal(one(shown), other(shown))
        return [list(one.blocks(shown).flatten(1).shape), list(one(shown).shape), equal]


def stand_in(root: Path) -> dict[str, object]:
    """What takes the place of CIFAR-10."""
    images.write_photographs(root, "a test")
    found = images.load(root)
    held = images.validated(found.train_tiles, 3)
    one, other = (set(found.train_tiles[part].tolist()) for part in (held, ~held))
    return {
        "shared": len(one & other),
        "missing": found.missing,
        "parts": [int(held.sum()), int((~held).sum()), len(found.test)],
        "classes": torch.bincount(found.test_labels).tolist(),
    }


def in_its_own_form(root: Path) -> dict[str, object]:
    """Few images in the form of CIFAR-10's files; only torchvision's checksums are not asked."""
    folder = root / CIFAR10.base_folder
    folder.mkdir()
    for number, (name, _) in enumerate(CIFAR10.train_list + CIFAR10.test_list):
        pixels = np.full((4, 3072), number, dtype=np.uint8)
        pixels[:, :1024] += 100  # the red ones
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [number] * 4}))
    names = {"label_names": list("abcdefghij")}
    (folder / "batches.meta").write_bytes(pickle.dumps(names))
    CIFAR10._check_integrity = lambda _: True
    CIFAR10.meta = {**CIFAR10.meta, "md5": None}
    found = images.load(root)
    return {
        "train": list(found.train.shape),
        "test": list(found.test.shape),
        "second batch": found.train[4, :, 0, 0].tolist(),
        "labels": found.train_labels[::4].tolist(),
        "tested": found.test_labels.tolist(),
        "names": "".join(found.names),
        "missing": found.missing,
        "validated of 50,000": int(images.validated(torch.arange(50_000), 0).sum()),
    }


if __name__ == "__main__":
    main()
