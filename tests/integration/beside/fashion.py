"""The plain loop without wf, a training with 16 bits, and what FashionMNIST's own files are.

    python fashion.py DATA FOLDER WEIGHTS WORD ...

DATA is what was trained on by Lightning, how say WORDs, and WEIGHTS is a file that it has left.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trial
from common import vision

# isort: split
import data
import torch
from model import FashionNet
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SCRIPT = Path(vision.__file__).parents[1] / "fashion" / "train.py"


def main() -> None:
    """Train in both ways, compare the weights, and read."""
    root, folder, weights = map(Path, sys.argv[1:4])
    words = ("--data", root, *sys.argv[4:])
    trial.run(SCRIPT, folder / "plain", *words, "--style", "plain")
    notes = folder / "notes"
    half = ("--precision", "16-mixed", "--epochs", "2")
    trial.run(SCRIPT, folder / "half", *words, *half, WF_NOTES=str(notes))
    found = few(folder / "few")
    told = {
        "notes": notes.read_text(encoding="utf-8").splitlines(),
        "board": board(folder / "plain" / "model" / "tensorboard"),
        "agree": agree([folder / "plain" / "model" / "weights.pt", weights], found.train),
        "fashion": read(found),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def agree(weights: list[Path], shown: torch.Tensor) -> list[object]:
    """Whether networks with these weights come to the same, and what the shape of that is."""
    scores = []
    for path in weights:
        net = FashionNet().eval()
        net.load_state_dict(torch.load(path, weights_only=True))
        with torch.inference_mode():
            scores.append(net(shown))
    one, other = scores
    return [torch.allclose(one, other, rtol=1e-3, atol=1e-4), list(one.shape)]


def board(folder: Path) -> dict[str, list[float]]:
    """The curves that TensorBoard shows."""
    read = EventAccumulator(str(folder))
    read.Reload()
    return {name: [event.value for event in read.Scalars(name)] for name in read.Tags()["scalars"]}


def few(root: Path) -> data.Images:
    """Few images in FashionMNIST's own files."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 6), ("t10k", 2)):
        pixels = bytes([number for number in range(count) for _ in range(28 * 28)])
        for name, words, body in (
            ("images-idx3", (0x803, count, 28, 28), pixels),
            ("labels-idx1", (0x801, count), bytes(range(count))),
        ):
            head = b"".join(word.to_bytes(4, "big") for word in words)
            (raw / f"{part}-{name}-ubyte").write_bytes(head + body)
    return data.load(root)


def read(found: data.Images) -> dict[str, object]:
    """What was read of them."""
    parts = data.split(found, 0.5, 0)
    return {
        "pixels": found.train[:, 0, 27, 27].tolist(),
        "labels": found.train_labels.tolist(),
        "tested": found.test_labels.tolist(),
        "name": found.names[9],
        "missing": found.missing,
        "parts": [len(part[0]) for part in (parts.train, parts.val, parts.test)],
    }


if __name__ == "__main__":
    main()
