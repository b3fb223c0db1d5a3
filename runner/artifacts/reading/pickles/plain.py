"""What a pickle says as JSON would have it: numbers, texts, lists, mappings."""

from __future__ import annotations

import math
import struct
from itertools import islice
from typing import TYPE_CHECKING, Any

from runner.artifacts.reading.pickles.nodes import Blob, Global, Made, Outside, Pairs
from runner.artifacts.reading.pickles.tensors import contents, tensor
from runner.artifacts.reading.values import short
from runner.units import amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.artifacts.reading.pickles.tensors import Numbers
    from runner.artifacts.reading.values import Plain

_MOST = 5_000
_DEEPEST = 10
_LONGEST = 1000
_MOST_ITEMS = 200
_LARGEST = 1 << 64
_CALLED = 6
_DICTS = ("OrderedDict", "defaultdict", "AttributeDict", "Namespace", "Counter", "EasyDict",
          "Munch", "Box")  # fmt: skip
_SETS = ("builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset")
_RECONSTRUCTORS = ("copyreg._reconstructor", "copy_reg._reconstructor")
_FORMS = {"f8": "<d", "f4": "<f", "f2": "<e", "i8": "<q", "i4": "<i", "i2": "<h", "i1": "<b",
          "u8": "<Q", "u4": "<I", "u2": "<H", "u1": "<B", "b1": "<?"}  # fmt: skip
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path")


class Speaker:
    """Says nodes as JSON, at most so many in all; ``number`` is the value of a tensor with one."""

    def __init__(self, number: Callable[[Numbers], float | None]) -> None:
        self._number = number
        self._left = _MOST

    def say(self, node: Any, depth: int = 0) -> Plain:  # noqa: ANN401, PLR0911 - one a kind
        """A node in plain data; what would be too much is ``…``."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return "…"
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, int | float):
            return _number(node)
        if isinstance(node, str):
            return short(node, _LONGEST)
        if isinstance(node, bytes):
            return amount(len(node))
        if isinstance(node, Blob):
            return amount(node.length)
        if isinstance(node, Global):
            return node.path
        if isinstance(node, Outside):
            return "numbers kept elsewhere"
        if isinstance(node, list | tuple):
            return self._items(node, depth)
        return self._object(node, depth)

    def mapping(self, node: Any) -> dict[str, Plain]:  # noqa: ANN401
        """What an object holds, as a mapping; empty if it holds nothing by name."""
        node = _inner(node)
        if isinstance(node, Pairs | Made):
            return {key: self.say(value, 1) for key, value in islice(contents(node), _MOST_ITEMS)}
        return {}

    def _items(self, node: list[Any] | tuple[Any, ...], depth: int) -> list[Plain]:
        said = [self.say(item, depth + 1) for item in node[:_MOST_ITEMS]]
        over = len(node) - _MOST_ITEMS
        return [*said, f"… {over:,} more"] if over > 0 else said

    def _object(self, node: Any, depth: int) -> Plain:  # noqa: ANN401
        inner = _inner(node)
        if inner is not node:
            return self.say(inner, depth + 1)
        numbers = tensor(node)
        if numbers is not None:
            return self._tensor(numbers)
        if isinstance(node, Pairs) or node.path.endswith(_DICTS):
            return {
                key: self.say(value, depth + 1)
                for key, value in islice(contents(node), _MOST_ITEMS)
            }
        if node.path.rpartition(".")[2] in _PATHS:
            return "/".join(str(part) for part in node.arguments if isinstance(part, str))
        return self._made(node, depth)

    def _tensor(self, numbers: Numbers) -> Plain:
        value = self._number(numbers) if numbers.elements == 1 else None
        if value is not None:
            return _number(value)
        return f"{numbers.dtype}{list(numbers.shape)}"

    def _made(self, node: Made, depth: int) -> Plain:
        known = _scalar(node)
        if known is not None:
            return _number(known)
        given = node.arguments
        if node.path in _SETS:
            return self.say(given[0], depth + 1) if given else []
        if node.path == "torch.device":
            return ":".join(str(part) for part in given if isinstance(part, str | int))
        name = node.path or "an object"
        if node.path in _RECONSTRUCTORS and given:
            name = given[0].path if isinstance(given[0], Global) else name
            given = ()
        said = ", ".join(short(self.say(item, depth + 1)) for item in given[:_CALLED])
        return f"{name}({said})"


def _scalar(node: Made) -> float | None:
    """A number of numpy: its type, and its bytes."""
    given = node.arguments
    if not node.path.startswith("numpy") or node.callee.name != "scalar" or len(given) < 2:  # noqa: PLR2004
        return None
    kind, data = given[0], given[1]
    if isinstance(data, Made) and data.path == "_codecs.encode" and data.arguments:
        text = data.arguments[0]  # how protocol 2 has bytes
        data = text.encode("latin-1", errors="replace") if isinstance(text, str) else b""
    spelled = kind.arguments[0] if isinstance(kind, Made) and kind.arguments else None
    form = _FORMS.get(spelled) if isinstance(spelled, str) else None
    if form is None or not isinstance(data, bytes) or len(data) != struct.calcsize(form):
        return None
    value: float = struct.unpack(form, data)[0]
    return value


def _inner(node: Any) -> Any:  # noqa: ANN401 - any node
    """What a configuration of OmegaConf holds: a mapping, a list or a value, under such names."""
    for _ in range(_DEEPEST):
        if not isinstance(node, Made) or not isinstance(node.state, Pairs):
            return node
        if not node.path.startswith(("omegaconf.", "copyreg.")):
            return node
        held = node.state.get("_content")
        held = node.state.get("_val") if held is None else held
        if held is None:
            return node
        node = held
    return node


def _number(value: float) -> Plain:
    """A number that JSON has, else its spelling."""
    if type(value) is int:
        return value if abs(value) < _LARGEST else "a huge number"
    return value if math.isfinite(value) else str(value)
