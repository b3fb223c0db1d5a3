"""Hyper-parameters from the YAML file that Lightning's loggers write.

Lightning writes what PyYAML can represent (``lightning/pytorch/core/saving.py``,
``save_hparams_to_yaml``), objects of Python included: a tag with a class or function. Here events
are read and nothing is constructed. Numbers and words are those of YAML 1.1, as PyYAML has them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from runner.artifacts.reading.source import Damaged
from runner.artifacts.reading.values import Parameters, Plain, short

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 512 << 10
_MOST = 20_000
# of all values together, as often as they are used
_CHARACTERS = 1 << 20
# of what is put together of several
_SPELLED = 1000
_DEEPEST = 50
_PYTHON = "tag:yaml.org,2002:python/"
_YAML = "tag:yaml.org,2002:"
_TRUE = {"yes", "true", "on"}


def read(file: BinaryIO) -> Parameters:
    """The values of a file.

    Raises:
        Damaged: it is no mapping in YAML, or more than wf reads.
    """
    import yaml

    file.seek(0)
    text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise Damaged(f"it has more than {_LONGEST >> 10:,} kB, which is more than wf reads")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = _Reader(yaml.parse(text, Loader=loader)).read()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise Damaged(f"it is no YAML{where}") from None
    if found is None:
        return Parameters({})
    if not isinstance(found, dict):
        raise Damaged("it holds no names with values")
    return Parameters(found)


class _Built(NamedTuple):
    """A value, how many there are in it, and how many characters these have."""

    value: Plain
    size: int
    characters: int


class _Reader:
    """Builds plain values from events; aliases count as often as they are used."""

    def __init__(self, events: Iterator[Any]) -> None:
        from yaml.resolver import Resolver

        self._events = events
        self._resolver: Any = Resolver()
        self._anchors: dict[str, _Built] = {}

    def read(self) -> Plain:
        for event in self._events:
            if type(event).__name__.startswith(("Scalar", "Mapping", "Sequence")):
                return self._build(event, 0).value
        return None

    def _build(self, event: Any, depth: int) -> _Built:  # noqa: ANN401 - PyYAML has no types here
        if depth > _DEEPEST:
            raise Damaged("its values are nested too deep")
        kind = type(event).__name__
        if kind == "AliasEvent":
            built = self._anchors.get(event.anchor)
            if built is None:
                raise Damaged("a value of it refers to one that is not there")
            return built
        if kind == "ScalarEvent":
            built = _Built(self._scalar(event), 1, len(event.value))
        elif kind == "SequenceStartEvent":
            built = self._sequence(event, depth)
        else:
            built = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        return built

    def _children(self, depth: int) -> Iterator[_Built]:
        size = characters = 0
        for event in self._events:
            if type(event).__name__ in {"SequenceEndEvent", "MappingEndEvent"}:
                return
            built = self._build(event, depth + 1)
            size += built.size
            characters += built.characters
            if size > _MOST:
                raise Damaged(f"it has more than {_MOST:,} values")
            if characters > _CHARACTERS:
                raise Damaged(f"its values have more than {_CHARACTERS >> 10:,} kB")
            yield built

    def _sequence(self, event: Any, depth: int) -> _Built:  # noqa: ANN401
        found = list(self._children(depth))
        items = [child.value for child in found]
        return _together(_applied(event.tag, items), found)

    def _mapping(self, event: Any, depth: int) -> _Built:  # noqa: ANN401
        found = list(self._children(depth))
        pairs = zip(found[::2], found[1::2], strict=False)
        value: Plain = {_key(key.value): child.value for key, child in pairs}
        if event.tag and "python/object/apply:" in event.tag:
            value = f"{_name(event.tag)}(…)"
        return _together(value, found)

    def _scalar(self, event: Any) -> Plain:  # noqa: ANN401
        tag, text = event.tag, event.value
        if tag and tag.startswith(_PYTHON):
            return _name(tag) or text
        if not tag:
            from yaml.nodes import ScalarNode

            tag = self._resolver.resolve(ScalarNode, text, event.implicit)
        return _resolved(tag.removeprefix(_YAML), text)


def _together(value: Plain, found: list[_Built]) -> _Built:
    """A value with others in it."""
    size, characters = (sum(child[at] for child in found) for at in (1, 2))
    return _Built(value, 1 + size, characters)


def _name(tag: str) -> str:
    """What follows the kind of a tag of Python: ``module.Class``."""
    return tag.removeprefix(_PYTHON).partition(":")[2]


def _key(value: Plain) -> str:
    return value if isinstance(value, str) else short(value, _SPELLED)


def _applied(tag: str | None, items: list[Plain]) -> Plain:
    """A call that a tag of Python asks for, as it would be written; else the list itself."""
    name = _name(tag) if tag and "python/object" in tag else ""
    if name.startswith("pathlib."):
        return short("/".join(map(str, items)), _SPELLED)
    return short(f"{name}({', '.join(map(short, items))})", _SPELLED) if name else items


def _resolved(kind: str, text: str) -> Plain:
    """A scalar by its type; one that does not fit it stays a text."""
    spelled = text.replace("_", "").lower()
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return spelled in _TRUE
        if kind == "int":
            return int(spelled, 0) if len(spelled) < 30 else text  # noqa: PLR2004
        if kind == "float":
            value = float(spelled.replace(".inf", "inf").replace(".nan", "nan"))
            return value if math.isfinite(value) else str(value)
    except ValueError:
        pass
    return text
