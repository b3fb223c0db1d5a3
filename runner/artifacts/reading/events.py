"""Scalars from the event files of TensorBoard.

A file is a row of records, each with its length and checksums (tensorflow ``tsl/lib/io/
record_writer.h``); a record is an ``Event`` in protocol buffers (tensorboard
``compat/proto/event.proto``, ``summary.proto``, ``tensor.proto``). What is read of them:
``wall_time``, ``step``, and of each summary's value ``simple_value`` or a ``tensor`` with a single
number; what kind of thing the others are is counted.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from runner.artifacts.reading.curves import Curves
from runner.artifacts.reading.protobuf import BYTES, FIXED32, FIXED64, VARINT, fields, packed
from runner.artifacts.reading.records import records
from runner.artifacts.reading.source import Damaged
from runner.artifacts.reading.values import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

# of Event, Summary, Summary.Value, TensorProto, SummaryMetadata and its PluginData
_TIME, _STEP, _SUMMARY = 1, 2, 5
_VALUE = 1
_TAG, _SIMPLE, _IMAGE, _HISTOGRAM, _AUDIO, _TENSOR, _METADATA = 1, 2, 4, 5, 6, 8, 9
_DTYPE, _CONTENT = 1, 4
_PLUGIN, _PLUGIN_NAME = 1, 1
_OTHERS = {_IMAGE: "images", _HISTOGRAM: "histograms", _AUDIO: "audio"}
# of types.proto: the type, how a number of it stands in tensor_content, and in which field else
_FLOAT, _DOUBLE, _INT32, _INT64, _HALF = 1, 2, 3, 9, 19
_FORMS = {_FLOAT: "<f", _DOUBLE: "<d", _INT32: "<i", _INT64: "<q", _HALF: "<e"}
_LISTS = {_FLOAT: (5, "<f"), _DOUBLE: (6, "<d"), _INT32: (7, ""), _INT64: (10, "")}
_MOST_NOTES = 20
# Lightning's logger writes it beside the metrics (lightning/pytorch/loggers/tensorboard.py)
_AXES = frozenset({"epoch"})


class _Found(NamedTuple):
    """What a summary's value is: a number, or a thing of some kind."""

    tag: str
    number: float | None
    kind: str


def read(files: Iterable[BinaryIO]) -> Metrics:
    """The metrics in the event files of one folder, which are taken one after the other.

    What cannot be read of a file is noted; what stands before that counts.
    """
    curves = Curves()
    others: dict[str, int] = {}
    notes: list[str] = []
    for number, file in enumerate(files, 1):
        try:
            for record in records(file):
                _take(record, curves, others)
        except Damaged as error:
            notes.append(f"event file {number}: {error}")
    notes = [*notes[:_MOST_NOTES], *curves.notes]
    return Metrics("tensorboard", curves.series(), tuple(others.items()), tuple(notes))


def _take(record: bytes | None, curves: Curves, others: dict[str, int]) -> None:
    if record is None:  # too long for a scalar
        others["large records"] = others.get("large records", 0) + 1
        return
    seconds, step, summary = None, 0, b""
    for field, value in fields(record):
        if field == (_TIME, FIXED64):
            (seconds,) = struct.unpack("<d", value)
        elif field == (_STEP, VARINT):
            step = _signed(value)
        elif field == (_SUMMARY, BYTES):
            summary = value
    for field, value in fields(summary):
        if field == (_VALUE, BYTES):
            found = _value(value)
            if found.number is not None and found.tag not in _AXES:
                curves.add(found.tag, (step, None, seconds, found.number))
            elif found.kind:
                others[found.kind] = others.get(found.kind, 0) + 1


def _value(message: bytes) -> _Found:
    tag = kind = plugin = ""
    number = None
    tensor = None
    for field, value in fields(message):
        if field == (_TAG, BYTES):
            tag = value.decode("utf-8", errors="replace")
        elif field == (_SIMPLE, FIXED32):
            (number,) = struct.unpack("<f", value)
        elif field == (_TENSOR, BYTES):
            tensor = value
        elif field == (_METADATA, BYTES):
            plugin = _plugin(value)
        elif field[0] in _OTHERS:
            kind = _OTHERS[field[0]]
    if tensor is not None and plugin in {"scalars", ""}:
        number = _single(tensor)
    if number is None and not kind:
        kind = plugin if plugin.isidentifier() else ""
    return _Found(tag, number, kind)


def _plugin(metadata: bytes) -> str:
    for field, value in fields(metadata):
        if field == (_PLUGIN, BYTES):
            for inner, name in fields(value):
                if inner == (_PLUGIN_NAME, BYTES):
                    return str(name[:100].decode("utf-8", errors="replace"))
    return ""


def _single(tensor: bytes) -> float | None:
    """The number of a tensor that has but one."""
    dtype, content = 0, b""
    lists: dict[int, list[float]] = {}
    for (number, wire), value in fields(tensor):
        if (number, wire) == (_DTYPE, VARINT):
            dtype = value
        elif (number, wire) == (_CONTENT, BYTES):
            content = value
        else:
            form = next((form for place, form in _LISTS.values() if place == number), None)
            if form is not None:
                lists[number] = packed(value, wire, form)
    form = _FORMS.get(dtype)
    if form is not None and len(content) == struct.calcsize(form):
        return float(struct.unpack(form, content)[0])
    values = lists.get(_LISTS.get(dtype, (0, ""))[0], [])
    return float(values[0]) if len(values) == 1 else None


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
