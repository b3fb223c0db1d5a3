"""The best epoch so far, also of a training that goes on in another folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
from pytorch_lightning.callbacks import ModelCheckpoint


class KeepBest(ModelCheckpoint):
    """Keep the best epoch; a run that goes on finds that of the run before among its own files.

    Lightning's own forgets it where the folder is another one (2.6,
    ``callbacks/model_checkpoint.py``, `load_state_dict`), and leaves its file beside the new best.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint says, with the paths that its files have now."""
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        moved = {name: self._here(state_dict[name]) for name in paths}
        best = {self._here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(
            {**state_dict, **moved, "best_k_models": best, "dirpath": self.dirpath}
        )

    def _here(self, path: str) -> str:
        return str(Path(self.dirpath, Path(path).name)) if path else path
