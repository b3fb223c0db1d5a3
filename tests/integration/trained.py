"""What tests of training workflows ask of a run: its files, and code in its environment."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
from typing import TYPE_CHECKING, Any

from tests.conftest import CACHE, ROOT, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

# a first run downloads torch
PATIENCE = 1800
# EADDRINUSE, in PyTorch's words
TAKEN = "address already in use"
# of an Event in TensorBoard's files (tensorboard ``compat/proto/event.proto``)
GRAPH = 4


def ran(checkout: World, *words: str) -> Result:
    """``wf WORDS``, whose ranks meet at a port that was free when wf chose it.

    Where another process has taken it before they came, once more.
    """
    done = checkout.wf(*words, timeout=PATIENCE)
    if done.code and TAKEN in (done.out + done.err).lower():
        done = checkout.wf(*words, timeout=PATIENCE)
    return done


def train(checkout: World, *words: str) -> Any:
    """Run ``wf run WORDS`` to its good end, and return the run's document."""
    done = ran(checkout, "run", *words)
    if done.code == 78:
        require("training", f"its environment cannot be built here: {done.err[-400:]}")
    assert done.code == 0, done.out + done.err
    return checkout.record()


def model(checkout: World, record: Any) -> Path:
    """Where a run's model folder lies."""
    return checkout.folder(record["name"]) / "artifacts" / "model"


def inputs(checkout: World, record: Any) -> Path:
    """The data that a run was given by the run before it."""
    (prepared,) = record["dependencies"]
    return checkout.folder(prepared["run"]) / "artifacts" / "data"


def rows(metrics: Path) -> list[dict[str, str]]:
    """A file of metrics, as text."""
    with metrics.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(folder: Path, name: str) -> list[float]:
    """All values of a metric, in order."""
    return [float(row[name]) for row in rows(folder / "metrics.csv") if row[name]]


def png_size(path: Path) -> tuple[int, ...]:
    """Width and height, which stand in the first part of a PNG."""
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:])


def stopped(checkout: World, *words: str, saved: str) -> str:
    """Start ``wf run WORDS``, interrupt it when it has saved a file, and return the run's name.

    What it depends on has to be there: it is to be the only new run.
    """
    before = set(checkout.runs())
    process = checkout.start("run", *words)
    (name,) = until(lambda: set(checkout.runs()) - before, "a run", PATIENCE)
    until((checkout.folder(name) / "workspace" / "model" / saved).exists, saved, PATIENCE)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert checkout.record(name)["status"] == "cancelled"
    return name


def resume(checkout: World, name: str, *words: str) -> Any:
    """``wf resume NAME WORDS`` to its good end: the new run's document."""
    done = ran(checkout, "resume", name, *words)
    assert done.code == 0, done.out + done.err
    assert f"from {name}: " in done.err
    return checkout.record()


def said(checkout: World, record: Any) -> str:
    """What the job of a run has printed."""
    return checkout.wf("logs", record["name"]).out


def beside(checkout: World, record: Any, workflow: str, *words: str | Path) -> Any:
    """What the script ``beside/WORKFLOW.py`` tells as JSON, in its last line.

    It runs in a run's environment, without wf, and finds what lies in the workflow's folder.
    PyTorch takes seconds to import: what a module wants to know of it, one process tells.
    """
    folder = checkout.project / "workflows"
    paths = f"{folder / workflow}{os.pathsep}{folder}"
    script = ROOT / "tests" / "integration" / "beside" / f"{workflow}.py"
    out = python(checkout, record, folder, script, *words, PYTHONPATH=paths)
    return json.loads(out.splitlines()[-1])


def python(checkout: World, record: Any, folder: Path, *words: str | Path, **variables: str) -> str:
    """What Python prints in a run's environment, started in a folder without wf."""
    fingerprint = record["environment"]["fingerprint"]
    done = subprocess.run(
        [CACHE / "wf" / "environments" / fingerprint / "venv" / "bin" / "python", *words],
        cwd=folder,
        env={
            **checkout.variables,
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",  # as a job has it that asks for one core
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
