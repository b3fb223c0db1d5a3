"""What is different between two files of a kind. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.artifacts.reading.values import Plain, Series, Tensor

T = TypeVar("T")
_DEEPEST = 20


class Pair(NamedTuple, Generic[T]):
    """What stands on either side under one name; ``None`` where there is no such."""

    name: str
    before: T | None
    after: T | None

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return self.before == self.after


def metrics(before: Iterable[Series], after: Iterable[Series]) -> list[Pair[Series]]:
    """Every metric of two files or runs, those of the first in its order, then the others."""
    return _paired({one.name: one for one in before}, {one.name: one for one in after})


def tensors(before: Iterable[Tensor], after: Iterable[Tensor]) -> list[Pair[Tensor]]:
    """The tensors whose names, shapes or types are different; what they hold is not compared."""
    pairs = _paired({one.name: one for one in before}, {one.name: one for one in after})
    return [pair for pair in pairs if not pair.same]


def values(before: Mapping[str, Plain], after: Mapping[str, Plain]) -> list[Pair[Plain]]:
    """The hyper-parameters that are different; one within another is ``outer.inner``."""
    pairs = _paired(dict(_flat("", before, 0)), dict(_flat("", after, 0)))
    return [pair for pair in pairs if not pair.same]


def _paired(before: dict[str, T], after: dict[str, T]) -> list[Pair[T]]:
    names = dict.fromkeys((*before, *after))
    return [Pair(name, before.get(name), after.get(name)) for name in names]


def _flat(route: str, value: Plain, depth: int) -> Iterator[tuple[str, Plain]]:
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _flat(f"{route}.{key}" if route else key, inner, depth + 1)
    elif route:
        yield route, value
