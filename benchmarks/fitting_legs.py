"""What `fitting.py` has the environment of the workflow run: three times the same training.

The tutorial's form, the objects of ``workflows/mnist/train.py``, and a bare loop: the same images,
weights, batches, order and steps. They take turns, so that what else the machine does meets all.

    python fitting_legs.py WORKFLOWS FOLDER ROUNDS ANSWER
"""

from __future__ import annotations

import json
import logging
import struct
import sys
import time
import warnings
from pathlib import Path

workflows, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(workflows), str(workflows / "mnist")]

import common.vision  # noqa: F401, E402 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl  # noqa: E402
import torch  # noqa: E402
import train  # noqa: E402
from common import digits, training  # noqa: E402
from common.batches import shades  # noqa: E402
from data import DigitsData  # noqa: E402
from model import AutoEncoder  # noqa: E402
from torch.nn.functional import mse_loss  # noqa: E402
from torch.utils.data import DataLoader, random_split  # noqa: E402
from torchvision.datasets import MNIST  # noqa: E402
from torchvision.transforms import ToTensor  # noqa: E402

IMAGES, TRAINED_ON, TESTED_ON = 60_000, 55_000, 10_000
# what the file format says its numbers are: unsigned bytes, of three dimensions and of one
IMAGES_MAGIC, LABELS_MAGIC = 0x803, 0x801


class Tutorial(AutoEncoder):
    """The module as tutorials have it: images with labels, a loss logged in each step."""

    __setattr__ = pl.LightningModule.__setattr__

    def training_step(self, batch, _):  # noqa: ANN001, ANN201, D102
        loss = self._loss([self._flat(batch)])
        self.log("train_loss", loss)
        return loss

    def on_train_epoch_end(self):  # noqa: ANN201, D102
        pass

    def validation_step(self, batch, _):  # noqa: ANN001, ANN201, D102
        self.log("val_loss", self._loss([self._flat(batch)]))

    def on_validation_epoch_end(self):  # noqa: ANN201, D102
        pass

    def configure_optimizers(self):  # noqa: ANN201, D102
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    @staticmethod
    def _flat(batch):  # noqa: ANN001, ANN205
        images, _ = batch
        return images.view(images.size(0), -1)


def main() -> None:
    """Write the seconds and the val_loss of each leg and round to ANSWER."""
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    root = folder / "data"
    write_images(root)
    sys.argv[1:] = ["--data", str(root), "--model", str(folder / "model")]
    args = train.parse_args()
    legs = {"tutorial": tutorial, "workflow": workflow, "loop": loop}
    taken = {name: [] for name in legs}
    for _ in range(int(ROUNDS) + 1):
        for name, leg in legs.items():
            pl.seed_everything(args.seed, verbose=False)
            taken[name].append(leg(args))
    # the first round imports what is imported late
    Path(ANSWER).write_text(json.dumps({name: found[1:] for name, found in taken.items()}))


def write_images(root: Path) -> None:
    """Files as MNIST's, of as many images as it has, from the digits in scikit-learn."""
    digits.write_stand_in(root, "made for a measurement")
    found = digits.read_stand_in(root)
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", IMAGES), ("t10k", TESTED_ON)):
        chosen = torch.arange(count) % len(found.images)
        images = found.images[chosen]
        head = struct.pack(">4I", IMAGES_MAGIC, *images.shape)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + images.numpy().tobytes())
        labels = found.labels[chosen].to(torch.uint8)
        head = struct.pack(">2I", LABELS_MAGIC, count)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.numpy().tobytes())


def tutorial(args):  # noqa: ANN001, ANN201
    """A data set of pictures in a default loader, a default trainer, a default optimizer."""
    model = Tutorial(lr=args.lr)
    part, rest = split(args, MNIST(args.data, train=True, transform=ToTensor()))
    trainer = pl.Trainer(
        max_epochs=args.epochs,
        limit_train_batches=args.limit_train_batches,
        default_root_dir=folder / "tutorial",
    )
    started = time.perf_counter()
    trainer.fit(model, DataLoader(part, args.batch_size, shuffle=True), DataLoader(rest, 32))
    return time.perf_counter() - started, float(trainer.callback_metrics["val_loss"])


def workflow(args):  # noqa: ANN001, ANN201
    """What the script does when it has the images, which it has read for its first validation."""
    training.flush_denormals()
    data = DigitsData(str(args.data), args.batch_size, args.seed)
    data.prepare_data()
    data.setup("fit")
    model = AutoEncoder(lr=args.lr)
    trainer = train.make_trainer(args, args.epochs)
    started = time.perf_counter()
    trainer.fit(model, datamodule=data)
    taken = time.perf_counter() - started
    torch.set_flush_denormal(False)  # the others do not have it
    return taken, float(trainer.callback_metrics["val_loss"])


def loop(args):  # noqa: ANN001, ANN201
    """Nothing but the steps, on images in memory and batches that are known."""
    model = AutoEncoder(lr=args.lr)
    images = shades(digits.load(args.data).images.flatten(start_dim=1))
    part, rest = (images[half.indices] for half in split(args, range(len(images))))
    order = list(DataLoader(range(len(part)), args.batch_size, shuffle=True))
    order = order[: int(len(order) * args.limit_train_batches)]
    started = time.perf_counter()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, fused=True)
    for numbers in order:
        batch = part[numbers]
        optimizer.zero_grad()
        mse_loss(model(batch), batch).backward()
        optimizer.step()
    with torch.inference_mode():
        losses = [mse_loss(model(batch), batch) * len(batch) for batch in rest.split(32)]
        val_loss = float(sum(losses) / len(rest))
    return time.perf_counter() - started, val_loss


def split(args, dataset):  # noqa: ANN001, ANN201
    """As the workflow splits it."""
    sizes = [TRAINED_ON, IMAGES - TRAINED_ON]
    return random_split(dataset, sizes, generator=torch.Generator().manual_seed(args.seed))


if __name__ == "__main__":
    ROUNDS, ANSWER = sys.argv[3:]
    main()
