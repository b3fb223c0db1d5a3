"""How one file that a reader knows differs from another of its kind. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.reading.values import Arrays, Checkpoint, Image, Parameters, Tensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.artifacts.reading.values import Reading, Series, Tensor


class Fact(NamedTuple):
    """Something plain that differs; ``None`` where it is not there."""

    name: str
    before: Any
    after: Any


class Shaped(NamedTuple):
    """A tensor that has another shape or type now."""

    before: Tensor
    after: Tensor


class Measured(NamedTuple):
    """A metric that came out otherwise, or that only one of the two has."""

    name: str
    before: Series | None
    after: Series | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "before": None if self.before is None else self.before.document(),
            "after": None if self.after is None else self.after.document(),
        }


class Contrast(NamedTuple):
    """What differs; ``same`` is how many tensors have the same name, shape and type."""

    facts: tuple[Fact, ...]
    added: tuple[Tensor, ...] = ()
    removed: tuple[Tensor, ...] = ()
    shaped: tuple[Shaped, ...] = ()
    same: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "facts": [fact._asdict() for fact in self.facts],
            "tensors": {
                "added": [tensor.document() for tensor in self.added],
                "removed": [tensor.document() for tensor in self.removed],
                "changed": [
                    {"before": one.before.document(), "after": one.after.document()}
                    for one in self.shaped
                ],
                "same": self.same,
            },
        }


def contrast(before: Reading, after: Reading) -> Contrast | None:
    """Compare two readings; ``None`` where they are of two kinds, or there is nothing to say."""
    if type(before) is not type(after) or not isinstance(before, _COMPARED):
        return None
    old, new = dict(_facts(before)), dict(_facts(after))
    facts = tuple(
        Fact(name, old.get(name), new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )
    was = {tensor.name: tensor for tensor in _tensors(before)}
    now = {tensor.name: tensor for tensor in _tensors(after)}
    both = [Shaped(tensor, now[name]) for name, tensor in was.items() if name in now]
    shaped = tuple(one for one in both if one.before != one.after)
    return Contrast(
        facts,
        tuple(tensor for name, tensor in now.items() if name not in was),
        tuple(tensor for name, tensor in was.items() if name not in now),
        shaped,
        len(both) - len(shaped),
    )


def measured(before: Iterable[Series], after: Iterable[Series]) -> list[Measured]:
    """The metrics of two runs whose last, lowest or highest values differ, sorted by name."""
    was, now = ({one.name: one for one in series} for series in (before, after))
    pairs = (Measured(name, was.get(name), now.get(name)) for name in sorted({*was, *now}))
    return [pair for pair in pairs if _came_to(pair.before) != _came_to(pair.after)]


def _came_to(series: Series | None) -> tuple[Any, ...] | None:
    # a text is equal to itself, which NaN is not
    return None if series is None else (str(series.last.value), series.minimum, series.maximum)


_COMPARED = (Checkpoint, Tensors, Arrays, Image, Parameters)


def _tensors(reading: Reading) -> tuple[Tensor, ...]:
    return reading.tensors if isinstance(reading, (Checkpoint, Tensors, Arrays)) else ()


def _facts(reading: Reading) -> Iterator[tuple[str, Any]]:
    if isinstance(reading, Checkpoint):
        yield "epoch", reading.epoch
        yield "global step", reading.step
        yield "parameters", reading.parameters
        yield from _flat("hyper-parameter ", reading.hyper_parameters or {})
    elif isinstance(reading, Parameters):
        yield from _flat("", reading.values)
    elif isinstance(reading, Image):
        yield "size", f"{reading.width} x {reading.height}"
    elif isinstance(reading, Tensors):
        yield "parameters", sum(tensor.elements for tensor in reading.tensors)


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values by name, those of mappings within by names with dots."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value
