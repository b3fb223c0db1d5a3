"""The bundled training with Lightning, against the form in which tutorials have it.

The tutorial's form decodes one image after the other and leaves the Trainer and the optimizer at
their defaults. A bare PyTorch loop of the same steps is the floor: below it there is only another
training. All three go through as many images as MNIST has, read from files as MNIST's, on one core,
and must end at the same loss.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Command, FailedError, NotMeasuredError, apart, ratio
from benchmarks.world import ROOT, World
from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort, Row

_LEGS = Path(__file__).with_name("fitting_legs.py")
_THIRD = 1 / 3
_SAME_LOSS = 1e-4


def fitting(effort: Effort) -> Iterator[Row]:
    """``trainer.fit`` in one process, the three in turn."""
    if effort.quick and effort.runs is None:
        raise NotMeasuredError("takes minutes, and this is a quick run")
    if not hasattr(os, "sched_setaffinity"):
        raise NotMeasuredError("this system has no affinity")
    with World.make("fit") as world:
        taken = _taken(world, effort.pairs(5, 1))
    for what, bare, ours, budget in (
        (
            "fit of the bundled training, against the tutorial's form",
            "tutorial",
            "workflow",
            _THIRD,
        ),
        ("fit of the bundled training, against a bare loop", "loop", "workflow", None),
        ("fit in the tutorial's form, against a bare loop", "loop", "tutorial", None),
    ):
        timed = [
            (one, other) for (one, _), (other, _) in zip(taken[bare], taken[ours], strict=True)
        ]
        yield ratio("fit", what, timed, budget)
    for what, ours in (
        ("val_loss of the bundled training, against the tutorial's form", "workflow"),
        ("val_loss of a bare loop, against the tutorial's form", "loop"),
    ):
        found = [
            (one, other)
            for (_, one), (_, other) in zip(taken["tutorial"], taken[ours], strict=True)
        ]
        yield apart("fit", what, found, _SAME_LOSS)


def _taken(world: World, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds and val_loss of each leg, in each round."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in (".dstack", "workflows"):
        shutil.copytree(ROOT / name, world.project / name, ignore=ignored)
    world.commit()
    try:
        world.wf("run", "prepare-mnist").run()
    except FailedError as error:
        raise NotMeasuredError(f"the training cannot be run here: {error}") from None
    world.settle()
    answer = world.folder / "answer"
    words = (world.project / "workflows", world.folder / "fit", str(rounds), answer)
    variables = {
        **world.variables,
        **dict.fromkeys(envvars.THREAD_COUNTS, "1"),
        envvars.CUDA_VISIBLE_DEVICES: "",
    }
    one_core = frozenset({min(os.sched_getaffinity(0))})
    python = world.python_of_last_run()
    Command((python, _LEGS, *words), variables, world.project, None, one_core).run()
    found: dict[str, list[tuple[float, float]]] = json.loads(answer.read_bytes())
    return found
