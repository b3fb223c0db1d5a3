"""Train the autoencoder of MNIST on several nodes: plain PyTorch, started by torchrun.

Each process (a rank) has a copy of the network and its share of each batch. After each step
DistributedDataParallel has averaged the gradients over all ranks, so that the copies stay the same.
Rank 0 alone saves. After each epoch that is a checkpoint; where the variable WF_RESUME_CKPT names
one (`wf resume` sets it), training goes on from there.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` and `mnist` are

# isort: split
import torch
from common.flags import positive_int
from common.metrics import Metrics
from common.notes import say
from common.phases import imported, phase
from mnist.network import Network
from ranks import Ranks
from shares import Shares
from state import State, everywhere_the_same, write_ranks
from torch.nn.functional import mse_loss
from torch.nn.parallel import DistributedDataParallel

LOG_EVERY_N_STEPS = 5


def main() -> None:
    """Join the other ranks, train, and see that all of them came to the same."""
    imported()
    args = parse_args()
    ranks = Ranks.joined()
    ranks.introduce(args.batch_size)
    torch.manual_seed(args.seed)
    with phase("data"):
        shares = Shares(args.data, ranks, args.batch_size, args.seed)
    state = State(Network().to(ranks.device), args.lr, args.model)
    done = state.restore(os.environ.get("WF_RESUME_CKPT"), ranks)
    with phase("fit") as measured:
        train(state, shares, ranks, range(done, args.epochs))
        measured.samples = max(0, args.epochs - done) * len(shares) * args.batch_size
    write_ranks(args.model / "ranks.json", everywhere_the_same(state.model, ranks), ranks)
    ranks.leave()


def train(state: State, shares: Shares, ranks: Ranks, epochs: range) -> None:
    """Train for these epochs, and save after each."""
    model = DistributedDataParallel(state.model)
    metrics = Metrics(state.folder / "metrics.csv", ["train_loss", "val_loss"])
    step = epochs.start * len(shares)
    metrics.forget_after(step, ["train_loss", "val_loss"])
    if epochs.start == 0:
        metrics.add(0, 0, val_loss=validate(state.model, shares, ranks))
    for epoch in epochs:
        for images in shares.batches(epoch):
            loss = mse_loss(model(images), images)
            state.optimizer.zero_grad()
            loss.backward()  # the ranks exchange gradients meanwhile
            state.optimizer.step()
            step += 1
            if step % LOG_EVERY_N_STEPS == 0:
                metrics.add(epoch, step, train_loss=ranks.total(loss.detach()) / ranks.size)
        val_loss = validate(state.model, shares, ranks)
        metrics.add(epoch, step, val_loss=val_loss)
        if ranks.rank == 0:
            metrics.save()
            state.save(epoch + 1, step)
        say(f"epoch {epoch + 1} of {epochs.stop}: val_loss {val_loss:.4f}")


@torch.inference_mode()
def validate(model: Network, shares: Shares, ranks: Ranks) -> float:
    """The mean over all images to validate on: each rank sums up its own, none counts twice."""
    images = shares.val
    errors = mse_loss(model(images), images, reduction="sum")
    return ranks.total(errors) / ranks.total(torch.tensor(images.numel(), device=ranks.device))


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=5, help="passes over the training images")
    add("--batch-size", type=positive_int, default=64, help="images per step, of all ranks")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--seed", type=int, default=0, help="seed of the split, the weights and the shuffling")
    add("--data", type=Path, default=Path("data"), help="folder that the images are kept in")
    add("--model", type=Path, default=Path("model"), help="folder that the results are written to")
    args = parser.parse_args()
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if args.batch_size % ranks:
        parser.error(f"--batch-size {args.batch_size} cannot be shared evenly by {ranks} ranks")
    return args


if __name__ == "__main__":
    main()
