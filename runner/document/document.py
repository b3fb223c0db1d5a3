"""The composed workflow file: what is written where.

A Document answers two questions: what are the data (:meth:`Node.data`), and where does the value
at the end of a route stand (:meth:`Document.locate`). Scalars keep the text as written, because
YAML's own idea of a type loses it: ``3.10`` would become the number 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from runner.errors import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import Problem, Related, Route

ScalarKind = Literal["str", "int", "float", "bool", "null"]


class Span(NamedTuple):
    """A stretch of text. Lines and columns count from 1; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Mark(Protocol):
    """A position as the parser gives it: line and column count from 0."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column."""


class Scalar(str):
    """A scalar as written, with the type that YAML 1.2's core schema would give it.

    It is a plain string to everybody who does not ask for ``kind``. Each kind is a class of its
    own, so that one takes no more room or time than a string: a file holds many.
    """

    __slots__ = ()
    kind: ClassVar[ScalarKind] = "str"

    def __new__(cls, text: str, kind: ScalarKind = "str") -> Scalar:  # noqa: PYI034 - of its kind
        """Keep ``text`` and the kind that goes with it."""
        return str.__new__(_OF_KIND[kind], text)


class _Int(Scalar):
    __slots__ = ()
    kind: ClassVar[ScalarKind] = "int"


class _Float(Scalar):
    __slots__ = ()
    kind: ClassVar[ScalarKind] = "float"


class _Bool(Scalar):
    __slots__ = ()
    kind: ClassVar[ScalarKind] = "bool"


class _Null(Scalar):
    __slots__ = ()
    kind: ClassVar[ScalarKind] = "null"


_OF_KIND: dict[ScalarKind, type[Scalar]] = {
    found.kind: found for found in (Scalar, _Int, _Float, _Bool, _Null)
}


class ScalarNode(NamedTuple):
    """A scalar in its place. Nodes keep the parser's marks: few are ever asked for their span."""

    value: Scalar
    start: Mark
    end: Mark

    @property
    def span(self) -> Span:
        """Where it stands."""
        return between(self.start, self.end)

    def data(self) -> Scalar | None:
        """The text as written, or ``None`` for null."""
        return None if self.value.kind == "null" else self.value


class SequenceNode(NamedTuple):
    """A list in its place."""

    items: tuple[Node, ...]
    start: Mark
    end: Mark

    @property
    def span(self) -> Span:
        """Where it stands; the end of one in block style lies where the next token starts."""
        return between(self.start, self.end)

    def data(self) -> list[Any]:
        """The items' data."""
        return [item.data() for item in self.items]


class MappingNode(NamedTuple):
    """A mapping in its place; keys are unique scalars, in the order written."""

    entries: Mapping[str, tuple[ScalarNode, Node]]
    start: Mark
    end: Mark

    @property
    def span(self) -> Span:
        """Where it stands; the end of one in block style lies where the next token starts."""
        return between(self.start, self.end)

    def data(self) -> dict[str, Any]:
        """Keys as written, values' data."""
        return {name: value.data() for name, (_, value) in self.entries.items()}


Node = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class Document:
    """A workflow file, composed. ``file`` is its name as shown to people."""

    file: str
    lines: tuple[str, ...]
    root: Node

    def locate(self, route: Route, *, at_key: bool = False) -> Span:
        """Where the value at the end of ``route`` stands, or its key with ``at_key``.

        A route that leads nowhere (a missing key, say) answers with the nearest place on the way:
        for a mapping in a list, its first key.
        """
        node, key = self.root, None
        for step in route:
            found = _step(node, step)
            if found is None:
                return _headline(node)
            key, node = found
        if at_key and key is not None:
            return key.span
        return _headline(node) if isinstance(node, MappingNode) else node.span

    def place(self, route: Route, *, at_key: bool = False, mark: str | None = None) -> Place:
        """The same with file name and excerpt, ready to be shown; ``mark`` narrows it to a part."""
        span = self.locate(route, at_key=at_key)
        if mark is not None:
            span = self._part(span, mark)
        return place(self.file, self.lines, span)

    def settle(self, problem: Problem) -> None:
        """Give a problem with a route into this document its place, and its relations theirs."""
        positions: tuple[Problem | Related, ...] = (problem, *problem.related)
        for at in positions:
            if at.place is None:
                at.place = self.place(at.route, at_key=at.at_key, mark=at.mark)

    def _part(self, span: Span, mark: str) -> Span:
        """Where ``mark`` first stands within a span, or the span if it was written otherwise."""
        for line in range(span.line, min(span.end_line, len(self.lines)) + 1):
            start = span.column - 1 if line == span.line else 0
            at = self.lines[line - 1].find(mark, start)
            if at >= 0:
                return Span(line, at + 1, line, at + len(mark) + 1)
        return span


def between(start: Mark, end: Mark) -> Span:
    """The span between two marks."""
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def place(file: str, lines: tuple[str, ...], span: Span) -> Place:
    """A span with the line it starts on; the mark stops at the end of that line.

    What the parser reports past the end of the text (an absent value, say) is shown at its end.
    """
    if span.line > len(lines):
        line, column = max(len(lines), 1), len(lines[-1]) + 1 if lines else 1
        span = Span(line, column, line, column + 1)
    excerpt = lines[span.line - 1] if lines else ""
    end = span.end_column if span.end_line == span.line else len(excerpt) + 1
    return Place(file, span.line, span.column, max(end, span.column + 1), excerpt)


def _step(node: Node, step: str | int) -> tuple[ScalarNode | None, Node] | None:
    if isinstance(node, MappingNode) and isinstance(step, str):
        return node.entries.get(step)
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return None, node.items[step]
    return None


def _headline(node: Node) -> Span:
    """A mapping is pointed at by its first key, as it has no text of its own."""
    if isinstance(node, MappingNode) and node.entries:
        return next(iter(node.entries.values()))[0].span
    return node.span
