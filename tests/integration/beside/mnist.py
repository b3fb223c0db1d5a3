"""What PyTorch makes of a trained autoencoder and of the images, and trainings without wf.

    python mnist.py CHECKPOINT ROOT SAVED DATA FOLDER

ROOT has files of MNIST's own format; PyTorch's own forms of a file are written to SAVED. DATA is
what was trained on. Results are left in FOLDER, and the digits that stand in for MNIST: what has to
be the same everywhere is trained on them.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import classifier
import torch
import trial
from common import digits, vision
from common.batches import loader, repeatable
from model import AutoEncoder
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def main() -> None:
    """Tell all of it as JSON."""
    checkpoint, root, saved, data, folder = map(Path, sys.argv[1:])
    save(saved)
    digits.write_stand_in(folder, "a test")
    told = {
        "checkpoint": read(checkpoint),
        "reconstructed": reconstructed(checkpoint),
        "order": order_alone(),
        "shares": order_of_two(),
        "seeds": seeds(),
        "shades": shown(),
        "mnist": found(root),
        "shared": classifier.shared(folder, folder / "shared"),
        "again": trained(data, folder / "mnist" / "first"),
        "ended": ended(data, folder / "mnist" / "first"),
        "classified": classifier.trained(data, folder / "classified" / "first"),
        "worsened": classifier.worsened(folder, folder / "worsened" / "first"),
        # after a training
        "denormal": float(torch.tensor(1e-30) * 1e-9),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def read(path: Path) -> dict[str, object]:
    """What is in a checkpoint."""
    held = torch.load(path, map_location="cpu", weights_only=False)
    tensors = held["state_dict"].items()
    return {
        "tensors": [[name, list(one.shape), str(one.dtype)[6:]] for name, one in tensors],
        "epoch": held["epoch"],
        "global_step": held["global_step"],
        "lightning": held["pytorch-lightning_version"],
        "lr": held["hyper_parameters"]["lr"],
    }


def reconstructed(path: Path) -> list[int]:
    """The shape of what the network in a checkpoint makes of two images."""
    model = AutoEncoder.load_from_checkpoint(path, weights_only=False)
    return list(model(torch.zeros(2, 784)).shape)


def save(folder: Path) -> None:
    """One network, in each form that PyTorch saves."""
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    torch.save(net.state_dict(), folder / "zip.pt")
    torch.save(net.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(net, folder / "module.pt")
    torch.jit.script(net).save(folder / "script.pt")


ROWS = torch.arange(50.0)[:, None]


def trainer(rank: int, size: int) -> SimpleNamespace:
    """What the loader asks of a trainer."""
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    return SimpleNamespace(strategy=strategy, world_size=size, global_rank=rank)


def twice(batches: DataLoader) -> list[object]:
    """The batches of two epochs."""
    torch.manual_seed(3)
    return [[batch.tolist() for (batch,) in batches] for _ in range(2)]


def order_alone() -> list[bool]:
    """Whether the batches are those of a default loader, in order and shuffled."""
    same = []
    for shuffle in (False, True):
        usual = DataLoader(TensorDataset(ROWS), batch_size=8, shuffle=shuffle)
        fast = loader((ROWS,), 8, trainer(0, 1), shuffle=shuffle)
        same.append(len(fast) == len(usual) == 7 and twice(fast) == twice(usual))
    return same


def order_of_two() -> list[bool]:
    """The same for each of two processes, of which each has its share, and each epoch.

    The order of the loader whose batches can be repeated is that one too.
    """
    same = []
    for rank in range(2):
        sampler = DistributedSampler(ROWS, 2, rank, seed=7)
        usual = DataLoader(TensorDataset(ROWS), batch_size=8, sampler=sampler)
        alike = (
            loader((ROWS,), 8, trainer(rank, 2), shuffle=True, seed=7),
            repeatable((ROWS,), 8, trainer(rank, 2), seed=7),
        )
        for epoch, fast in product(range(2), alike):
            sampler.set_epoch(epoch)
            fast.sampler.set_epoch(epoch)
            same.append(twice(fast) == twice(usual))
    return same


def seeds() -> list[bool]:
    """Whether another seed is another order, for one process and for two, in both loaders.

    One process draws the order of `loader` from torch's own numbers, which the scripts seed.
    """
    differ = []
    for size in (1, 2):
        orders = [repeatable((ROWS,), 8, trainer(0, size), seed=seed) for seed in (7, 8)]
        differ.append(twice(orders[0]) != twice(orders[1]))
    # and without a seed they come as they are
    (one, *_), *_ = twice(repeatable((ROWS,), 25, trainer(1, 2)))
    differ.append(one == ROWS[1::2].tolist())
    shares = [loader((ROWS,), 8, trainer(0, 2), shuffle=True, seed=seed) for seed in (7, 8)]
    differ.append(twice(shares[0]) != twice(shares[1]))
    return differ


def shown() -> bool:
    """Whether bytes become floats of 0 to 1."""
    pixels = torch.arange(256).to(torch.uint8)[:, None]
    ((batch,),) = loader((pixels,), 256, trainer(0, 1))
    return torch.equal(batch, torch.arange(256.0)[:, None] / 255)


def found(root: Path) -> list[object]:
    """What the workflows find in files of MNIST's own format, after a line that says so."""
    said = io.StringIO()
    with redirect_stdout(said):
        digits.prepare(root)
    told: list[object] = [said.getvalue()]
    for part in (digits.load(root), digits.load_test(root)):
        some = part.images[1, 0, :3].tolist(), part.labels.tolist()[-2:]
        told.append([list(part.images.shape), *some, part.missing])
    return told


SCRIPT = Path(vision.__file__).parents[1] / "mnist" / "train.py"


def trained(data: Path, folder: Path) -> str:
    """The metrics of the autoencoder, trained once more."""
    trial.run(SCRIPT, folder, "--data", data)
    return metrics(folder)


def ended(data: Path, folder: Path) -> dict[str, str]:
    """What is said and measured by a training that goes on after its last epoch."""
    said = trial.resume(SCRIPT, folder, "--data", data)
    return {"said": said, "metrics": metrics(folder.with_name("on"))}


def metrics(folder: Path) -> str:
    """What a training in a folder has measured."""
    return (folder / "model" / "metrics.csv").read_bytes().decode()


if __name__ == "__main__":
    main()
