"""What a run used of the machine, for people: in words, and as lines of small bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.render.bars import FEWEST, bars
from runner.records.samples import CPU, MEMORY, gpu_columns
from runner.units import amount, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.cli.render.style import Style
    from runner.records.samples import Samples

_WIDEST = 60
# what stands before and behind the bars
_BESIDE = 40


def in_words(usage: dict[str, Any] | None, cores: int) -> str:
    """One line: time, cores, memory, GPUs. ``cores`` are how many the job had for itself."""
    if not usage:
        return ""
    said = [duration(usage["wall_seconds"])]
    if not usage["samples"] or not usage["samples"]["count"]:
        said.append(f"{duration(usage['cpu_seconds'])} of processor time")
        said.append(f"at most {amount(usage['peak_memory'])} of memory")
        return " · ".join(said)
    said.append(_cores(usage["cpu"]["mean"], cores))
    memory = usage["memory"]
    if memory["mean"] is not None:
        said.append(f"memory {amount(memory['mean'])} mean, {amount(memory['peak'])} at most")
    said += [_gpu(gpu) for gpu in usage["gpus"]]
    return " · ".join(said)


def _cores(used: float, cores: int) -> str:
    of = f"{used:.1f} of {cores}" if cores else f"{used:.1f}"
    return f"{of} core{'' if (cores or used) == 1 else 's'}"


def _gpu(gpu: dict[str, Any]) -> str:
    said = []
    if (share := gpu["utilisation"]["mean"]) is not None:
        said.append(f"{share * 100:.0f} %")
    if (peak := gpu["memory"]["peak"]) is not None:
        said.append(f"{_of(peak, gpu['memory_total'])}")
    return f"GPU {gpu['index']} {', '.join(said) or 'did not tell'}"


def _of(used: int, total: int) -> str:
    """``9.8 of 48 GB``, or with two units where they differ."""
    part, unit = amount(used).split(" ")
    whole = amount(total)
    return f"{part if whole.endswith(f' {unit}') else amount(used)} of {whole}"


def drawn(
    samples: Samples | None, usage: dict[str, Any] | None, cores: int, dress: Style
) -> Iterator[tuple[str, str]]:
    """A name and bars for each of what was sampled, where the stream is wide enough for it.

    Bars are full where all of a device was used: of the cores that the job had for itself, of a
    GPU, of its memory. Where there is no such whole the highest bar is the highest value.
    """
    room = min(_WIDEST, dress.width - _BESIDE)
    if samples is None or len(samples.rows) < FEWEST or room < FEWEST or not dress.unicode:
        return
    seconds = [at or 0.0 for at in samples.column("seconds")]
    for name, column, full, shown in _curves(samples, usage, cores):
        found = bars(seconds, column, full, room)
        if found.strip():
            yield name, f"{found}  {shown}"


def _curves(
    samples: Samples, usage: dict[str, Any] | None, cores: int
) -> Iterator[tuple[str, Sequence[float | None], float, str]]:
    """Of each curve its name, its values, what fills a bar, and its peak in words."""
    known = usage or {}
    cpu, memory = samples.column(CPU), samples.column(MEMORY)
    top, most = _peak(known.get("cpu"), cpu), _peak(known.get("memory"), memory)
    yield "cpu", cpu, max(top, cores or 1), f"at most {_cores(top, cores)}"
    yield "memory", memory, most, f"at most {amount(int(most))}"
    for number, gpu in enumerate(known.get("gpus", [])):
        busy, used = (samples.column(name) for name in gpu_columns(number))
        share, most = _peak(gpu["utilisation"], busy), _peak(gpu["memory"], used)
        yield f"GPU {gpu['index']}", busy, 1.0, f"at most {share * 100:.0f} %"
        total = gpu["memory_total"]
        yield "its memory", used, total, f"at most {_of(int(most), total)}"


def _peak(found: dict[str, Any] | None, values: Sequence[float | None]) -> float:
    """As it was seen, else as the series has it, which is made of means."""
    if found and found["peak"] is not None:
        return float(found["peak"])
    return max((value for value in values if value is not None), default=0.0)
