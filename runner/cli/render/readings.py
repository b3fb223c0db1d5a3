"""What kept files hold, for people: the facts of each, its metrics as curves, its tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from runner.artifacts.reading.values import (
    Arrays,
    Checkpoint,
    Image,
    Metrics,
    Parameters,
    Tensors,
    Unread,
)
from runner.cli.render.curves import told
from runner.cli.render.style import columns, cut, in_line, style
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.artifacts.reading.values import Plain, Reading, Tensor
    from runner.cli.render.style import Style
    from runner.records.looking import Looked

_NAMES = {"lightning": "Lightning checkpoint", "torch": "PyTorch file",
          "torchscript": "TorchScript module", "csv": "metrics",
          "tensorboard": "TensorBoard events"}  # fmt: skip
_FACT = 12
_LONGEST = 300
_FEW = 5
# what a callback says first, and what no person reads
_TOLD_OF_CALLBACKS = ("monitor", "best_model_score", "best_model_path", "best_score", "wait_count",
                      "stopped_epoch", "current_score")  # fmt: skip


def show_readings(
    found: Iterable[Looked], stream: TextIO, variables: Mapping[str, str], *, whole: bool
) -> int:
    """Write what each file holds, and answer how many there were; ``whole`` lists tensors, too."""
    dress = style(stream, variables)
    written = 0
    for one in found:
        stream.write("\n" if written else "")
        _show(one, dress, stream, whole=whole)
        written += 1
    return written


def _show(looked: Looked, dress: Style, stream: TextIO, *, whole: bool) -> None:
    thing, reading = looked
    head = dress.paint(in_line(thing.path), "bold")
    said = [_kind(reading), amount(thing.bytes)]
    if len(thing.files) > 1:
        said.append(count(len(thing.files), "file"))
    stream.write(f"{head}   {dress.paint(' · '.join(said), 'dim')}\n")
    for name, text in _facts(reading, dress):
        shown = dress.plain(in_line(text))
        stream.write(f"  {dress.paint(f'{in_line(name):<{_FACT}}', 'dim')} {shown}\n")
    if whole and isinstance(reading, Checkpoint | Tensors | Arrays):
        _list(reading.tensors, dress, stream)


def _kind(reading: Reading | None) -> str:
    if isinstance(reading, Checkpoint | Metrics):
        return _NAMES[reading.format]
    if isinstance(reading, Image):
        return f"{reading.format} image"
    names: dict[type, str] = {
        Tensors: "safetensors",
        Arrays: "arrays",
        Parameters: "hyper-parameters",
    }
    if isinstance(reading, Unread):
        return reading.what
    return names.get(type(reading), "no kind of file that wf looks into")


def _facts(reading: Reading | None, dress: Style) -> Iterator[tuple[str, str]]:
    if isinstance(reading, Unread):
        yield "unreadable", reading.why
    elif isinstance(reading, Image):
        yield "size", f"{reading.width} x {reading.height} pixels"
    elif isinstance(reading, Parameters):
        yield from ((name, say(value)) for name, value in reading.values.items())
    elif isinstance(reading, Checkpoint):
        yield from _checkpoint(reading)
    elif isinstance(reading, Tensors):
        yield "tensors", _summary(reading.tensors, sum(one.elements for one in reading.tensors))
        yield from reading.facts
    elif isinstance(reading, Arrays):
        yield "arrays", _few(reading.tensors)
    elif isinstance(reading, Metrics):
        yield from _metrics(reading, dress)


def _metrics(reading: Metrics, dress: Style) -> Iterator[tuple[str, str]]:
    yield from told(reading.series, dress)
    if reading.others:
        said = (f"{what} ({number:,})" for what, number in reading.others)
        yield "besides", ", ".join(said)
    yield from (("note", note) for note in reading.notes)


def _checkpoint(reading: Checkpoint) -> Iterator[tuple[str, str]]:
    if reading.lightning is not None:
        yield "written by", f"Lightning {reading.lightning}"
    at = [f"{word} {value:,}" for word, value in (("epoch", reading.epoch), ("step", reading.step))
          if value is not None]  # fmt: skip
    if at:
        yield "at", ", ".join(at)
    name = "tensors" if reading.format == "torch" else "model"
    yield name, _summary(reading.tensors, reading.parameters)
    for name, value in (reading.hyper_parameters or {}).items():
        yield "parameter", f"{name} = {say(value)}"
    for optimizer in reading.optimizers:
        yield from (("optimizer", text) for text in _optimizer(optimizer))
    for scheduler in reading.schedulers:
        settings = {key: value for key, value in scheduler.items() if _is_told(value)}
        yield "schedule", _settings(settings)
    for name, state in reading.callbacks:
        yield "callback", _callback(name, state)
    for name, value in reading.facts:
        yield "besides", f"{name} = {say(value)}"


def _summary(tensors: Sequence[Tensor], parameters: int) -> str:
    if not tensors:
        return "no tensors"
    types = ", ".join(dict.fromkeys(one.dtype for one in tensors))
    size = amount(sum(one.bytes for one in tensors))
    numbers = count(parameters, "parameter")
    return f"{count(len(tensors), 'tensor')}, {numbers}, {size} of {types}"


def _few(tensors: Sequence[Tensor]) -> str:
    said = [f"{one.name} {shape(one)} {one.dtype}".strip() for one in tensors[:_FEW]]
    more = len(tensors) - _FEW
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")


def _optimizer(state: Mapping[str, Plain]) -> Iterator[str]:
    kept = ", ".join(map(str, state.get("state", ())))
    groups = state.get("groups", ())
    for group in groups:
        settings = {key: value for key, value in group.items() if _is_told(value)}
        params = settings.pop("params", 0)
        said = [_settings(settings), f"of {count(params, 'tensor')}"]
        said += [f"keeps {kept}"] if kept else []
        yield " · ".join(said)


def _callback(name: str, state: Mapping[str, Plain]) -> str:
    told_first = {key: state[key] for key in _TOLD_OF_CALLBACKS if state.get(key) not in (None, "")}
    return f"{name.partition('{')[0]} · {_settings(told_first)}".rstrip(" ·")


def _is_told(value: Plain) -> bool:
    """Whether a setting says something: not what is left off."""
    return value is not None and value is not False and value != ""


def _settings(values: Mapping[str, Plain]) -> str:
    return ", ".join(f"{key.lstrip('_')} {say(value)}" for key, value in values.items())


def say(value: Plain) -> str:
    """A plain value in one line, as short as can be."""
    text = _said(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _said(value: Plain) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_said(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_said, value)) + "]"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)


def shape(tensor: Tensor) -> str:
    """``3 x 4``; of a single number ``1 number``."""
    return " x ".join(map(str, tensor.shape)) or "1 number"


def _list(tensors: Sequence[Tensor], dress: Style, stream: TextIO) -> None:
    """A line for each: name, shape, type, and how many numbers."""
    rows = [(in_line(one.name), shape(one), one.dtype, f"{one.elements:,}") for one in tensors]
    if len(rows) == 1 and not rows[0][0]:
        return
    width = max((columns(name) for name, *_ in rows), default=0)
    if dress.terminal:
        width = min(width, max(dress.width - 48, 20))
    shapes, types, counts = (max((len(row[at]) for row in rows), default=0) for at in (1, 2, 3))
    for name, size, kind, numbers in rows:
        short = cut(name, width, dress.plain("…")) if dress.terminal else name
        gap = " " * (width - columns(short))
        facts = f"{size:<{shapes}}   {kind:<{types}}   {numbers:>{counts}}"
        stream.write(f"    {short}{gap}   {dress.paint(facts, 'dim')}\n")
