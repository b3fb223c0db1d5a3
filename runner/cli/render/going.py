"""How far a job is and what it uses, in words: for lists, the record and the status line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner.cli.render.style import columns, harmless
from runner.units import amount, count, remaining

if TYPE_CHECKING:
    from collections.abc import Iterable

_BETWEEN = " · "
_LEAVE = "^\\ detach"


class Part(NamedTuple):
    """A piece of the line; those of the highest ``worth`` are first to be given room."""

    text: str
    worth: int


def in_words(progress: dict[str, Any] | None) -> str:
    """How far a job is, for a list: ``epoch 3/9 · val_loss 0.0412 · 3m12s left``."""
    if progress is None:
        return ""
    parts = (_epoch(progress) or _step(progress), _metric(progress), _left(progress))
    return _BETWEEN.join(part for part in parts if part)


def status_line(
    state: str, progress: dict[str, Any] | None, devices: int | None, width: int
) -> str:
    """One line of at most ``width`` columns.

    ``devices`` is how many cores the job was granted; ``None``: all, shared.
    """
    told = progress or {}
    found = [
        Part(state, 9),
        Part(_epoch(told), 8),
        Part(_step(told), 2),
        Part(_metric(told), 6),
        Part(_gpus(told), 5),
        Part(_cpu(told, devices), 3),
        Part(_left(told), 7),
        Part(f"^C {'kill' if state == 'stopping' else 'stop'}  {_LEAVE}", 4),
    ]
    first, *others = sorted((part for part in found if part.text), key=lambda part: -part.worth)
    kept = {first}
    for part in others:
        # one for which there is no room leaves it to a shorter one
        if columns(_joined(one for one in found if one in {*kept, part})) <= width:
            kept.add(part)
    return _joined(one for one in found if one in kept)


def _joined(parts: Iterable[Part]) -> str:
    return _BETWEEN.join(part.text for part in parts)


def _epoch(told: dict[str, Any]) -> str:
    return _of("epoch", told.get("epoch"), told.get("epochs"))


def _step(told: dict[str, Any]) -> str:
    return _of("step", told.get("step"), told.get("steps"))


def _of(what: str, number: int | None, numbers: int | None) -> str:
    if number is None:
        return ""
    return f"{what} {number}" if numbers is None else f"{what} {number}/{numbers}"


def _metric(told: dict[str, Any]) -> str:
    """The one that says most."""
    metrics = told.get("metrics")
    if not metrics:
        return ""
    from runner.engine.accounting.metrics import foremost

    name = foremost(metrics)
    return "" if name is None else f"{harmless(name)} {metrics[name]:.4g}"


def _left(told: dict[str, Any]) -> str:
    left = told.get("left_seconds")
    return "" if left is None else remaining(left)


def _cpu(told: dict[str, Any], devices: int | None) -> str:
    usage = told.get("usage") or {}
    said = []
    if usage.get("cpu") is not None:
        cores = f"{usage['cpu']:.1f}"
        said.append(f"{cores} cores" if devices is None else f"{cores} of {count(devices, 'core')}")
    if usage.get("memory") is not None:
        said.append(amount(int(usage["memory"])))
    return " ".join(said)


def _gpus(told: dict[str, Any]) -> str:
    """What its GPUs do: of several alike the mean of their use, and the fullest."""
    gpus = (told.get("usage") or {}).get("gpus") or []
    busy = [gpu["utilisation"] for gpu in gpus if gpu["utilisation"] is not None]
    full = [gpu["memory"] for gpu in gpus if gpu["memory"] is not None]
    if not gpus or not (busy or full):
        return ""
    said = [f"GPU {gpus[0]['index']}" if len(gpus) == 1 else f"{len(gpus)} GPUs"]
    if busy:
        said.append(f"{sum(busy) / len(busy):.0%}".replace("%", " %"))
    if full:
        said.append(amount(int(max(full))))
    return " ".join(said)
