"""The machine for people: what it has, who holds what of it, and who waits."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from runner.cli.render.clock import expected
from runner.cli.render.plan import demand
from runner.cli.render.style import harmless
from runner.cli.render.table import Column, age, fitted
from runner.units import amount, count, share, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.allocation.interface import Holder, Waiter
    from runner.allocation.inventory import Gpu, Inventory, Occupant
    from runner.cli.render.style import Style
    from runner.engine.runners import Runners

_GPUS = (
    Column("GPU"),
    Column("NAME", 2, 8),
    Column("MEMORY", 1),
    Column("LOAD", 3),
    Column("WHO", 0, 28),
)
_HOLDERS = (
    Column("HOLDER", 0, 10),
    Column("USER", 0, 6),
    Column("WORKFLOW", 5, 8),
    Column("CORES", 2, 5),
    Column("GPUS", 0, 7),
    Column("MEMORY", 4),
    Column("SINCE", 3),
    Column("ENDS", 1),
)
_QUEUE = (
    Column("PLACE"),
    Column("WAITER", 0, 10),
    Column("USER", 0, 6),
    Column("WORKFLOW", 5, 8),
    Column("ASKS FOR", 0, 14),
    Column("SINCE", 3),
    Column("STARTS", 1),
)
_BOLD = {"GPU", "HOLDER", "WAITER"}
_LABEL = 8
_UUID_SHOWN = 12
_NOUNS = {"cpu": "core", "gpu": "GPU"}
FREE = "free"


def page(runners: Runners, dress: Style, *, clock: bool = False) -> str:
    """All of it, with the time if wanted; without a terminal nothing is cut."""
    parts = ["".join(_machine(runners, dress, clock=clock))]
    if runners.inventory.gpus:
        rows = [_gpu(runners, gpu) for gpu in runners.inventory.gpus]
        parts.append(fitted(_GPUS, rows, dress, _paint))
    holders, queue = runners.standing
    if holders:
        parts.append(fitted(_HOLDERS, [_holder(runners, held) for held in holders], dress, _paint))
    if queue:
        rows = [_waiter(runners, place, waiter) for place, waiter in enumerate(queue)]
        parts.append(fitted(_QUEUE, rows, dress, _paint))
    if not holders and not queue:
        parts.append("no run of wf holds anything, and none waits\n")
    return "\n".join(parts)


def _paint(title: str, text: str) -> tuple[str, ...]:
    if title in _BOLD:
        return ("bold",)
    if title == "WHO":
        return ("green",) if text == FREE else ("yellow",) if text.startswith("not wf") else ()
    return ("dim",) if text == "-" else ()


def _machine(runners: Runners, dress: Style, *, clock: bool) -> Iterator[str]:
    """One fact a line, and its continuation below it."""
    at = f"   {runners.at.astimezone():%H:%M:%S}" if clock else ""
    yield f"{dress.plain('●')} {dress.paint(harmless(runners.host), 'bold')}{at}\n"
    width = dress.width - _LABEL - 3 if dress.terminal else 0
    for name, text in _facts(runners):
        said = dress.plain(harmless(text))
        lines = textwrap.wrap(said, max(width, 20)) if width else [said]
        for label, line in zip((name, *[""] * len(lines)), lines, strict=False):
            yield f"  {dress.paint(f'{label:<{_LABEL}}', 'dim')} {line}\n"


def _facts(runners: Runners) -> Iterator[tuple[str, str]]:
    there = runners.inventory
    held = len(runners.cores_held & frozenset(there.cores))
    load = f" · load {runners.load:.1f}" if runners.load is not None else ""
    yield "cores", f"{len(there.cores)}{f' · {held} held' if held else ''}{load}"
    memory = amount(there.memory)
    if runners.memory_held:
        memory += f" · {amount(runners.memory_held)} held"
    if there.shared_memory is not None:
        memory += f" · {amount(there.shared_memory)} in /dev/shm"
    yield "memory", memory
    if there.limits:
        yield "limits", " · ".join(_limits(there))
    if not there.gpus:
        yield "GPUs", f"none: {there.no_gpus}" if there.no_gpus else "none"
    if runners.containers is not None:
        program, _, version = runners.containers.partition(" ")
        yield program, version
    elif runners.no_containers is not None:
        yield "Docker", f"none: {runners.no_containers}"


def _limits(there: Inventory) -> Iterator[str]:
    """What is left of something, and by whom: ``2 of 8 GPUs by /etc/wf/limits.yaml:3``."""
    left = {"cpu": len(there.cores), "memory": there.memory, "gpu": len(there.gpus)}
    words = []
    # each narrows what the one before it left
    for limited in reversed(there.limits):
        here, left[limited.key] = left[limited.key], limited.there
        if limited.key == "memory":
            what = f"{amount(here)} of {amount(limited.there)} of memory"
        else:
            what = f"{here} of {count(limited.there, _NOUNS[limited.key])}"
        words.append(f"{what} by {limited.by}")
    return reversed(words)


def _gpu(runners: Runners, gpu: Gpu) -> Sequence[str]:
    busy = runners.busy(gpu)
    return (
        str(gpu.index),
        harmless(gpu.name),
        share(gpu.used, gpu.memory),
        "" if busy is None else f"{busy:.0%}",
        _who(runners, gpu),
    )


def _who(runners: Runners, gpu: Gpu) -> str:
    held = runners.holder(gpu)
    # what the holder's own user runs there is taken for the job
    others = [process for process in gpu.busy if held is None or process.user != held.user]
    said = []
    if held is not None:
        since = "" if held.since is None else f" for {age(held.since)}"
        said.append(f"{harmless(held.run)} of {harmless(held.user)}{since}")
    if others:
        said.append("not wf: " + ", ".join(map(_process, others)))
    return " · ".join(said) or FREE


def _process(process: Occupant) -> str:
    """``python (8812 of bob)``."""
    of = f" of {harmless(process.user)}" if process.user else ""
    if process.program is None:
        return f"process {process.pid}{of}"
    return f"{harmless(process.program)} ({process.pid}{of})"


def _holder(runners: Runners, held: Holder) -> Sequence[str]:
    return (
        harmless(held.run),
        harmless(held.user),
        harmless(runners.workflow(held) or ""),
        spans(held.cores),
        _indexes(runners, held),
        "" if held.memory is None else amount(held.memory),
        "" if held.since is None else age(held.since),
        expected(runners.at, held.likely, held.at_most),
    )


def _indexes(runners: Runners, held: Holder) -> str:
    """The numbers of a holder's GPUs; one that is not seen from here by the start of its UUID."""
    known = {gpu.uuid: gpu.index for gpu in runners.inventory.gpus}
    hidden = [harmless(uuid[:_UUID_SHOWN]) for uuid in held.gpus if uuid not in known]
    seen = spans(known[uuid] for uuid in held.gpus if uuid in known)
    return ", ".join(filter(None, (seen, *hidden)))


def _waiter(runners: Runners, place: int, waiter: Waiter) -> Sequence[str]:
    start = runners.start(place)
    return (
        str(place + 1),
        harmless(waiter.run),
        harmless(waiter.user),
        harmless(runners.workflow(waiter) or ""),
        "" if waiter.asked is None else demand(waiter.asked),
        "" if waiter.since is None else age(waiter.since),
        expected(runners.at, start.likely, start.at_most),
    )
