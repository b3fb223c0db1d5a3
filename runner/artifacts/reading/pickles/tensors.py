"""Tensors within what a pickle says: what torch would rebuild them from.

Source: torch 1.0 to 2.13, ``torch/_utils.py`` (``_rebuild_*``) and ``torch/serialization.py``
(``persistent_id``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.reading.pickles.nodes import Global, Made, Outside, Pairs
from runner.artifacts.reading.source import Damaged
from runner.artifacts.reading.values import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8", "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32", "UntypedStorage": "uint8",
}  # fmt: skip
_TYPED_AT = 6
_MOST_SIZES = 64
_DEEPEST = 8
_WIDEST = 1 << 63


class Numbers(NamedTuple):
    """A tensor's shape and type, and where its numbers are: in which storage, from which one on."""

    shape: tuple[int, ...]
    dtype: str
    storage: str | None = None
    offset: int = 0

    @property
    def elements(self) -> int:
        """How many there are."""
        return math.prod(self.shape)


class Storage(NamedTuple):
    """Numbers kept outside the pickle: in a file of this name, so many of this type."""

    key: str
    dtype: str
    elements: int

    @property
    def bytes(self) -> int:
        """How much room they take; 0 where the type's size is not known."""
        return int(self.elements * SIZES.get(self.dtype, 0))


def tensor(node: Any, depth: int = 0) -> Numbers | None:  # noqa: ANN401 - any node
    """The tensor that an object would become, if it would become one."""
    if not isinstance(node, Made) or not isinstance(node.callee, Global) or depth > _DEEPEST:
        return None
    module, name = node.callee
    if module.startswith("numpy"):
        return _array(node.state) if name == "_reconstruct" else None
    rebuild = _REBUILDING.get(name) if module.startswith("torch") else None
    return None if rebuild is None else rebuild(node.arguments, depth)


def storage(node: Any) -> Storage | None:  # noqa: ANN401 - any node
    """The storage that something outside the pickle is, if it is one."""
    said = node.id if isinstance(node, Outside) else None
    if not isinstance(said, tuple) or len(said) < 5 or said[0] != "storage":  # noqa: PLR2004
        return None
    kind, key, count = said[1], said[2], said[4]
    if not isinstance(kind, Global) or not isinstance(key, str) or type(count) is not int:
        return None
    return Storage(key, _STORAGES.get(kind.name, kind.name), count)


def _of_storage(given: tuple[Any, ...], _depth: int) -> Numbers | None:
    """``(storage, offset, shape, ...)``, and of the third version the type further on."""
    kept = storage(given[0]) if len(given) > 2 else None  # noqa: PLR2004
    if kept is None:
        return None
    offset = given[1] if type(given[1]) is int else 0
    spelled = _type(given[_TYPED_AT]) if len(given) > _TYPED_AT else None
    found = _numbers(given[2], spelled or kept.dtype)
    return found._replace(storage=kept.key, offset=offset) if found else None


def _around(given: tuple[Any, ...], depth: int) -> Numbers | None:
    """``(tensor, ...)``: one around another."""
    return tensor(given[0], depth + 1) if given else None


def _subclassed(given: tuple[Any, ...], depth: int) -> Numbers | None:
    """``(function, class, its arguments, state)``: what the function would make."""
    return tensor(Made(given[0], given[2]), depth + 1) if len(given) > 2 else None  # noqa: PLR2004


def _meta(given: tuple[Any, ...], _depth: int) -> Numbers | None:
    """``(type, shape, ...)``: a tensor without numbers."""
    return _numbers(given[1], _type(given[0])) if len(given) > 1 else None


def _sparse(given: tuple[Any, ...], depth: int) -> Numbers | None:
    """``(layout, (indices, values, shape, ...))``: numbers at some places only."""
    parts = given[1] if len(given) > 1 else None
    if not isinstance(parts, tuple) or len(parts) < 3:  # noqa: PLR2004
        return None
    values = tensor(parts[1], depth + 1)
    return _numbers(parts[2], values.dtype) if values else None


_REBUILDING: dict[str, Callable[[tuple[Any, ...], int], Numbers | None]] = {
    "_rebuild_tensor": _of_storage,
    "_rebuild_tensor_v2": _of_storage,
    "_rebuild_tensor_v3": _of_storage,
    "_rebuild_qtensor": _of_storage,
    "_rebuild_parameter": _around,
    "_rebuild_parameter_with_state": _around,
    "_rebuild_device_tensor_from_cpu_tensor": _around,
    "_rebuild_from_type_v2": _subclassed,
    "_rebuild_meta_tensor_no_storage": _meta,
    "_rebuild_sparse_tensor": _sparse,
}


def _numbers(shape: Any, dtype: str | None) -> Numbers | None:  # noqa: ANN401
    if isinstance(shape, Made) and shape.path == "torch.Size" and shape.arguments:
        shape = shape.arguments[0]
    if not isinstance(shape, tuple | list) or len(shape) > _MOST_SIZES:
        return None
    if not all(type(size) is int and 0 <= size < _WIDEST for size in shape):
        raise Damaged("a tensor in it has a size that is none")
    return Numbers(tuple(shape), dtype or "unknown")


def _type(node: Any) -> str | None:  # noqa: ANN401
    """A type as torch pickles it: ``torch.float32`` by name."""
    return node.name if isinstance(node, Global) and node.module == "torch" else None


def _array(state: Any) -> Numbers | None:  # noqa: ANN401
    """An array of numpy: version, shape, type, order, bytes."""
    if not isinstance(state, tuple) or len(state) < 5:  # noqa: PLR2004
        return None
    dtype = state[2]
    spelled = dtype.arguments[0] if isinstance(dtype, Made) and dtype.arguments else None
    return _numbers(state[1], numpy_type(spelled) if isinstance(spelled, str) else None)


def numpy_type(spelled: str) -> str:
    """A type as numpy pickles it, ``f4``, in words."""
    words = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
    if spelled == "b1":
        return "bool"
    word = words.get(spelled[:1])
    size = spelled[1:]
    return f"{word}{int(size) * 8}" if word and size.isdecimal() and len(size) < 4 else spelled  # noqa: PLR2004


def contents(node: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any node
    """What an object holds, each with the part of a name that leads to it."""
    if isinstance(node, Pairs):
        yield from _named(node.pairs)
    elif isinstance(node, list | tuple):
        yield from ((str(at), value) for at, value in enumerate(node))
    elif isinstance(node, Made):
        yield from _held(node)


def _held(node: Made) -> Iterator[tuple[str, Any]]:
    yield from _named(node.pairs or ())
    yield from contents(node.elements or ())
    if node.path.endswith("OrderedDict"):
        # that of Python 2 is made of a list of pairs; its state is of no interest
        pairs = node.arguments[0] if node.arguments else ()
        if isinstance(pairs, list):
            yield from _named(
                pair
                for pair in pairs
                if isinstance(pair, list | tuple) and len(pair) == 2  # noqa: PLR2004
            )
        return
    states = node.state if isinstance(node.state, tuple) else (node.state,)
    for state in states[:2]:  # an object with __slots__ has two
        if isinstance(state, Pairs):
            yield from _named(state.pairs)


def _named(pairs: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((str(key), value) for key, value in pairs if isinstance(key, str | int | float))
