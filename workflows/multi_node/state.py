"""What a training has come to: saved by rank 0 alone, and the same on all ranks."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from typing import TYPE_CHECKING, Any

import torch
from common.notes import say

if TYPE_CHECKING:
    from pathlib import Path

    from mnist.network import Network
    from ranks import Ranks
    from torch import nn


class State:
    """A network, its optimizer, and the folder that both are kept in."""

    def __init__(self, model: Network, lr: float, folder: Path) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        self.folder = folder

    def restore(self, checkpoint: str | None, ranks: Ranks) -> int:
        """Go on from a checkpoint; say how many epochs were done.

        Without one, rank 0 removes what an earlier run has left in the folder.
        """
        if checkpoint is None:
            if ranks.rank == 0:
                self._begin()
            return 0
        saved = torch.load(checkpoint, map_location=ranks.device, weights_only=True)
        self.model.load_state_dict(saved["state_dict"])
        self.optimizer.load_state_dict(saved["optimizer"])
        say(f"resumed after epoch {saved['epoch']}, on {ranks.size} ranks")
        return int(saved["epoch"])

    def save(self, epoch: int, step: int) -> None:
        """Save after so many epochs and steps. For rank 0: it has what the others have."""
        checkpoints = self.folder / "checkpoints"
        checkpoints.mkdir(exist_ok=True)
        state = {"epoch": epoch, "global_step": step, "state_dict": self.model.state_dict()}
        _save({**state, "optimizer": self.optimizer.state_dict()}, checkpoints / "last.ckpt")
        _save(self.model.state_dict(), self.folder / "autoencoder.pt")

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
        for name in ("autoencoder.pt", "metrics.csv", "ranks.json"):
            (self.folder / name).unlink(missing_ok=True)


def _save(value: dict[str, Any], path: Path) -> None:
    """All of it or nothing: a run may be stopped at any moment."""
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    partial.replace(path)


def everywhere_the_same(model: nn.Module, ranks: Ranks) -> list[dict[str, Any]]:
    """What each rank is, with the checksum of its weights: the same for all, to the last bit.

    Raises:
        RuntimeError: they differ, so what rank 0 has saved is not what the others have trained.
    """
    weights = hashlib.sha256()
    for tensor in model.state_dict().values():
        weights.update(tensor.cpu().numpy().tobytes())
    mine = {
        "rank": ranks.rank,
        "node": ranks.node,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "device": str(ranks.device),
        "weights": weights.hexdigest(),
    }
    told: list[dict[str, Any]] = [json.loads(text) for text in ranks.gathered(json.dumps(mine))]
    if len({each["weights"] for each in told}) > 1:
        raise RuntimeError(f"the ranks have come to different weights: {told}")
    return told


def write_ranks(path: Path, told: list[dict[str, Any]], ranks: Ranks) -> None:
    """Keep which ranks there were."""
    if ranks.rank == 0:
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        say(f"{len(told)} ranks on {ranks.nodes} nodes have the same weights")
