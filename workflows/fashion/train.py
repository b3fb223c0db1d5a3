"""Classify small images of clothes: one network, trained by a plain loop or by Lightning.

With ``--style plain`` the loop is PyTorch's own and takes one device, a GPU if there is one; with
``--style lightning`` it is Lightning's and takes all devices that are visible. On one device both
take the same steps in the same order.

After each epoch a checkpoint is saved. Where the variable WF_RESUME_CKPT names one (`wf resume`
sets it), training goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
import torch
from common import training
from common.figures import MANY, Guessed, curve, save_guesses
from common.flags import positive_int, share
from common.notes import first_process
from common.phases import imported, phase
from model import FashionNet
from precision import CHOICES, supported

if TYPE_CHECKING:
    from data import Parts


def main() -> None:
    """Train in one of the two ways, test, and keep the results."""
    args = parse_args()
    if args.style == "plain":  # which has no need of Lightning
        from plain import train
    else:
        from converted import train
    imported()
    args.precision = supported(args.precision)
    torch.manual_seed(args.seed)
    checkpoint, done = training.begin(args.model, args.epochs, "weights.pt", "guesses.png")
    net = FashionNet()
    parts, accuracy = train(args, net, checkpoint, done)
    if first_process():
        with phase("picture"):
            torch.save(net.state_dict(), args.model / "weights.pt")
            save_picture(args.model, net, parts)
        print(f"test_acc {accuracy:.4f}", flush=True)


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--style", choices=("plain", "lightning"), default="lightning", help="whose loop it is")
    add("--precision", choices=CHOICES, default="32", help="bits of the numbers, as Lightning's")
    add("--share", type=share, default=0.2, help="share of the training images to take")
    add("--epochs", type=positive_int, default=5, help="passes over the training images")
    add("--batch-size", type=positive_int, default=32, help="images per step and device")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--seed", type=int, default=0, help="seed of the split, the weights and the shuffling")
    add("--data", type=Path, default=Path("data"), help="folder that the images are kept in")
    add("--model", type=Path, default=Path("model"), help="folder that the results are written to")
    return parser.parse_args()


def save_picture(folder: Path, net: FashionNet, parts: Parts) -> None:
    """Draw the accuracy after each epoch, and what the network takes some test images for."""
    some = torch.linspace(0, len(parts.test[0]) - 1, MANY).long()
    images, labels = (tensor[some] for tensor in parts.test)
    device = next(net.parameters()).device
    with torch.inference_mode():
        guesses = net.eval()(images.to(device)).argmax(dim=1).cpu()
    curves = {name: curve(folder, f"{name}_acc") for name in ("train", "val")}
    save_guesses(folder / "guesses.png", Guessed(images, labels, guesses, parts.names), curves)


if __name__ == "__main__":
    main()
