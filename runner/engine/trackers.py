"""Experiment trackers: a run never waits for a login, and what they write is kept with it.

A job cannot be asked for a key, as its stdin is empty. Facts of W&B: ``WANDB_MODE=offline`` writes
to ``$WANDB_DIR/wandb/offline-run-*``, which ``wandb sync`` uploads (docs.wandb.ai, "Environment
variables"); its key stands in ``WANDB_API_KEY`` or in the netrc file. MLflow writes below its
working directory unless ``MLFLOW_TRACKING_URI`` names a place; from 3.13 a plain folder must be
allowed by ``MLFLOW_ALLOW_FILE_STORE`` (mlflow pull request 22773). Comet has no variable that turns
an experiment offline; what it cannot send goes to ``COMET_OFFLINE_DIRECTORY`` (comet.com, "Fallback
to offline").
"""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.paths import RunPaths
    from runner.plan.plan import Job

_WANDB_HOST = "api.wandb.ai"
# any of them says how W&B is to work
_WANDB_CHOICES = ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DISABLED", "WANDB_IDENTITY_TOKEN_FILE")
_OFFLINE_RUNS = "offline-run-*"


class Trackers:
    """Those of one job. ``variables`` are defaults: what the caller or the workflow says wins."""

    def __init__(
        self, job: Job, lock: tuple[str, ...], caller: Mapping[str, str], paths: RunPaths
    ) -> None:
        """Find out what is needed; ``lock`` names the packages of the environment.

        Raises:
            WfError: kind ``STORAGE`` when a folder cannot be made.
        """
        self._root = paths.trackers
        self._notes = paths.notes
        self._left_behind = paths.workspace / job.working_dir / "wandb"
        self._is_artifact = any(kept.path.split("/")[0] == "wandb" for kept in job.artifacts)
        self.variables: dict[str, str] = {}
        installed = {_package(line) for line in lock}
        said = {**caller, **dict(job.parameters), **dict(job.variables)}
        if "wandb" in installed and not _wandb_is_set_up(said):
            self._default(said, "WANDB_MODE", "offline")
            self._default(said, "WANDB_DIR", str(self._folder()))
        if installed & {"mlflow", "mlflow-skinny"} and "MLFLOW_TRACKING_URI" not in said:
            self._default(said, "MLFLOW_TRACKING_URI", (self._folder() / "mlruns").as_uri())
            self._default(said, "MLFLOW_ALLOW_FILE_STORE", "true")
        if "comet-ml" in installed:
            self._default(said, "COMET_OFFLINE_DIRECTORY", str(self._folder() / "comet"))
        self._wandb_was_there = os.path.lexists(self._left_behind)

    def _default(self, said: Mapping[str, str], name: str, value: str) -> None:
        if name not in said:
            self.variables[name] = value

    def _folder(self) -> Path:
        """W&B falls back on a temporary folder where ``WANDB_DIR`` does not exist."""
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise WfError(STORAGE, f"{self._root} cannot be made: {error.strerror}") from error
        return self._root

    def keep(self) -> None:
        """Gather what was written, say on the record how to look at it, and drop empty folders."""
        if not self.variables:
            return
        if "WANDB_MODE" in self.variables:
            self._rescue()
        lines = self._lines()
        if lines:
            with suppress(OSError), self._notes.open("a", encoding="utf-8") as notes:
                notes.writelines(f"{line}\n" for line in lines)
        with suppress(OSError):  # it holds something
            self._root.rmdir()

    def _rescue(self) -> None:
        """Offline runs of whoever names a folder of its own, as Lightning's logger does (``.``)."""
        if self._is_artifact or self._wandb_was_there or self._left_behind.is_symlink():
            return
        for run in sorted(self._left_behind.glob(_OFFLINE_RUNS)):
            with suppress(OSError):
                (self._root / "wandb").mkdir(exist_ok=True)
                run.rename(self._root / "wandb" / run.name)

    def _lines(self) -> list[str]:
        lines = []
        root = shlex.quote(str(self._root))
        if any((self._root / "wandb").glob(_OFFLINE_RUNS)):
            lines.append(
                f"W&B worked offline, as no key was found; upload: wandb sync {root}/wandb/"
                f"{_OFFLINE_RUNS}"
            )
        if (self._root / "mlruns").is_dir():
            lines.append(f"MLflow wrote to {root}/mlruns")
        if (self._root / "comet").is_dir():
            lines.append(f"Comet worked offline; upload: comet upload {root}/comet/*.zip")
        return lines


def _package(line: str) -> str:
    """The name of a package in a line of a lock, as PEP 503 spells it."""
    found = re.match(r"[A-Za-z0-9._-]+", line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _wandb_is_set_up(said: Mapping[str, str]) -> bool:
    """Whether somebody has said how W&B is to work, or its key lies in the netrc file."""
    if any(said.get(name) for name in _WANDB_CHOICES):
        return True
    host = re.sub(r"^https?://|[:/].*$", "", said.get("WANDB_BASE_URL", "")) or _WANDB_HOST
    netrc = said.get("NETRC") or os.path.join(said.get("HOME", ""), ".netrc")
    try:
        text = Path(netrc).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(rf"\bmachine\s+{re.escape(host)}\s", text) is not None
