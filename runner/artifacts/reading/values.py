"""What was found in a file: frozen values, each of which can say itself as JSON.

``Plain`` is what JSON has. A number that is none (NaN, infinity) is a text in it, or null.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Plain = Any
_SHORT = 100

SIZES: Mapping[str, float] = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1,
    "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
    "float4_e2m1fn_x2": 1, "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1,
    "complex128": 16, "complex64": 8, "complex32": 4, "quint8": 1, "qint8": 1, "qint32": 4,
}  # fmt: skip
"""How many bytes a number of each type takes."""


def short(value: Plain, longest: int = _SHORT) -> str:
    """What a value is, in so many characters at most."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


class Tensor(NamedTuple):
    """A tensor by name; ``dtype`` as torch and numpy spell it (``float32``)."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How much memory they take; 0 where the type's size is not known."""
        return int(self.elements * SIZES.get(self.dtype, 0))

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


def _numbers(tensors: tuple[Tensor, ...]) -> dict[str, Plain]:
    return {
        "parameters": sum(tensor.elements for tensor in tensors),
        "tensors": [tensor.document() for tensor in tensors],
    }


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of Lightning, or another file that ``torch.save`` wrote.

    ``tensors`` are the model's; ``parameters`` counts each of them once, also where two names
    share their numbers. ``optimizers``, ``schedulers`` and ``callbacks`` hold what they say about
    themselves without their tensors; ``facts`` whatever else is plain in it.
    """

    kind: ClassVar[str] = "checkpoint"
    format: Literal["lightning", "torch", "torchscript"]
    tensors: tuple[Tensor, ...]
    parameters: int
    lightning: str | None = None
    epoch: int | None = None
    step: int | None = None
    hyper_parameters: Mapping[str, Plain] | None = None
    optimizers: tuple[Mapping[str, Plain], ...] = ()
    schedulers: tuple[Mapping[str, Plain], ...] = ()
    callbacks: tuple[tuple[str, Mapping[str, Plain]], ...] = ()
    facts: tuple[tuple[str, Plain], ...] = ()

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {
            "kind": self.kind,
            "format": self.format,
            "lightning": self.lightning,
            "epoch": self.epoch,
            "global_step": self.step,
            "hyper_parameters": self.hyper_parameters,
            "parameters": self.parameters,
            "tensors": [tensor.document() for tensor in self.tensors],
            "optimizers": list(self.optimizers),
            "schedulers": list(self.schedulers),
            "callbacks": dict(self.callbacks),
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Tensors:
    """A file of nothing but tensors: safetensors. ``facts`` is what its writer noted."""

    kind: ClassVar[str] = "tensors"
    tensors: tuple[Tensor, ...]
    facts: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {"kind": self.kind, **_numbers(self.tensors), "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Arrays:
    """Arrays of numpy: of an ``npz`` file by name, of an ``npy`` file a single one without."""

    kind: ClassVar[str] = "arrays"
    tensors: tuple[Tensor, ...]

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {"kind": self.kind, "arrays": [tensor.document() for tensor in self.tensors]}


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; its size in pixels."""

    kind: ClassVar[str] = "image"
    format: Literal["PNG", "JPEG", "GIF", "WebP", "BMP"]
    width: int
    height: int

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        size = {"width": self.width, "height": self.height}
        return {"kind": self.kind, "format": self.format, **size}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Hyper-parameters that were written to a file of their own."""

    kind: ClassVar[str] = "hyper_parameters"
    values: Mapping[str, Plain]

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {"kind": self.kind, "hyper_parameters": self.values}


class Point(NamedTuple):
    """A value of a metric.

    ``seconds`` is when it was measured: since the epoch where the file says so, else since a start
    of the file's own. In a long series a point stands for several: it has the mean of their
    values, and where the last of them was.
    """

    step: float | None
    epoch: float | None
    seconds: float | None
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """A metric in the course of training: of all its values the facts, of the curve some points.

    ``minimum`` and ``maximum`` leave out what is no finite number; ``strange`` counts that.
    """

    name: str
    count: int
    strange: int
    last: Point
    minimum: float | None
    maximum: float | None
    points: tuple[Point, ...]

    def document(self) -> dict[str, Plain]:
        """As JSON: the facts, without the curve."""
        return {
            "last": finite(self.last.value),
            "min": self.minimum,
            "max": self.maximum,
            "step": self.last.step,
            "epoch": self.last.epoch,
            "count": self.count,
            "not_finite": self.strange,
        }


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of a file, or of the event files of a folder.

    ``others`` counts what an event file has besides (images, histograms); ``notes`` say what could
    not be read.
    """

    kind: ClassVar[str] = "metrics"
    format: Literal["csv", "tensorboard"]
    series: tuple[Series, ...]
    others: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Plain]:
        """As JSON, with the curves."""
        return {
            "kind": self.kind,
            "format": self.format,
            "metrics": {
                one.name: {**one.document(), "points": list(_points(one))} for one in self.series
            },
            "others": dict(self.others),
            "notes": list(self.notes),
        }


def _points(series: Series) -> Iterator[dict[str, Plain]]:
    for point in series.points:
        yield {"step": point.step, "epoch": point.epoch, "seconds": point.seconds,
               "value": point.value}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that should have been one of these, and why it could not be read."""

    kind: ClassVar[str] = "unreadable"
    what: str
    why: str

    def document(self) -> dict[str, Plain]:
        """As JSON."""
        return {"kind": self.kind, "expected": self.what, "message": self.why}


Reading = Checkpoint | Tensors | Arrays | Image | Parameters | Metrics | Unread


def finite(value: float) -> float | None:
    """A number as JSON has it."""
    return value if math.isfinite(value) else None
