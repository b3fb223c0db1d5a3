"""Parser events -> nodes, counting as it goes and without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

import yaml

from runner.document.document import (
    MappingNode,
    Node,
    Scalar,
    ScalarNode,
    SequenceNode,
    between,
    place,
)
from runner.document.scalars import plain
from runner.errors import INVALID, Problem, Related, WfError, invalid
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.document.limits import Limits
    from runner.errors import Place


# nobody reads more
_MAX_PROBLEMS = 100


class _Open(NamedTuple):
    """A collection whose end has not come yet; ``before`` counts the values up to it."""

    event: yaml.CollectionStartEvent
    children: list[Node]
    before: int


class Builder:
    """Builds the nodes of one document; ``problems`` are the mistakes that leave it a structure."""

    def __init__(self, file: str, lines: tuple[str, ...], limits: Limits) -> None:
        self.file = file
        self.lines = lines
        self.limits = limits
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        # a root has no collection around it; this one stands in for it
        self._children: list[Node] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        # most texts of a workflow file stand in it many times
        self._plain: dict[str, Scalar] = {}
        self._aliases = 0
        self._values = 0
        self._documents = 0

    def build(self, events: Iterable[yaml.Event]) -> Node:
        """The root of the document.

        Raises:
            WfError: kind ``INVALID`` at the first thing that is refused, or when there is nothing.
        """
        root = self._children
        for event in events:
            # exact types: this is done for every value of the file
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)  # type: ignore[arg-type]
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._start(event)  # type: ignore[arg-type]
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)  # type: ignore[arg-type]
            elif kind is yaml.DocumentStartEvent:
                self._document(event)
        if not root:
            raise WfError(
                INVALID,
                f"{self.file} is empty",
                hint="it starts with `workflows:` and a list of workflows below it",
            )
        return root[0]

    def _document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document starts here", "keep one per file")

    def _refuse(self, event: yaml.Event, message: str, hint: str) -> NoReturn:
        span = between(event.start_mark, event.end_mark)  # type: ignore[arg-type]
        problem = Problem(
            message, place=place(self.file, self.lines, span), hint=hint, code="limit"
        )
        raise invalid([problem])

    def _count(self, event: yaml.Event, values: int) -> None:
        self._values += values
        if self._values > self.limits.values:
            self._refuse(
                event,
                f"the file stands for more than {self.limits.values:,} values",
                "write less, or use fewer aliases (`*name`)",
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        if event.tag is not None or len(text) > self.limits.text or "\0" in text:
            self._check_scalar(event)
        if not event.implicit[0]:
            value = Scalar(text)
        elif (known := self._plain.get(text)) is not None:
            value = known
        else:
            value = self._plain[text] = plain(text)
        self._count(event, 1)
        # the types allow no mark, but a parser marks its events
        node = ScalarNode(value, event.start_mark, event.end_mark)  # type: ignore[arg-type]
        if event.anchor:
            self._anchors[event.anchor] = (node, 1)
        self._children.append(node)

    def _check_scalar(self, event: yaml.ScalarEvent) -> None:
        if len(event.value) > self.limits.text:
            self._refuse(
                event,
                f"a text of {len(event.value):,} characters; at most {self.limits.text:,} are read",
                "put it into a file of its own",
            )
        if "\0" in event.value:
            self._refuse(event, "a text cannot hold the character NUL", "take out the `\\0`")
        self._refuse_tag(event, event.tag)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._refuse_tag(event, event.tag)
        if len(self._open) >= self.limits.depth:
            depth = self.limits.depth
            self._refuse(event, f"nested deeper than {depth} levels", "write it flatter")
        self._open.append(_Open(event, self._children, self._values))
        self._children = []

    def _refuse_tag(self, event: yaml.Event, tag: str | None) -> None:
        if tag is not None and tag != "!":
            written = tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"{quoted(written)}: tags are not read", "write the plain value")

    def _end(self, event: yaml.Event) -> None:
        begun, around, before = self._open.pop()
        children, self._children = self._children, around
        # its children were counted when they came
        self._count(event, 1)
        start, end = begun.start_mark, event.end_mark
        node: Node
        if type(begun) is yaml.MappingStartEvent:
            node = MappingNode(self._entries(begun, children), start, end)  # type: ignore[arg-type]
        else:
            node = SequenceNode(tuple(children), start, end)  # type: ignore[arg-type]
        if begun.anchor:
            self._anchors[begun.anchor] = (node, self._values - before)
        around.append(node)

    def _entries(
        self, begun: yaml.CollectionStartEvent, children: list[Node]
    ) -> dict[str, tuple[ScalarNode, Node]]:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        pairs = iter(children)
        for key, value in zip(pairs, pairs, strict=True):
            if isinstance(key, ScalarNode):
                name = str(key.value)
                if name not in entries and name != "<<":
                    entries[name] = (key, value)
                    continue
            if len(self.problems) < _MAX_PROBLEMS:
                self.problems.append(self._bad_entry(key, value, entries, begun))
        return entries

    def _bad_entry(
        self,
        key: Node,
        value: Node,
        entries: dict[str, tuple[ScalarNode, Node]],
        begun: yaml.CollectionStartEvent,
    ) -> Problem:
        if not isinstance(key, ScalarNode):
            return self._bad_key(key, begun)
        if key.value == "<<":
            message, hint = "merge keys (`<<`) are not read", "write the keys out"
            return Problem(message, place=self._place(key), hint=hint, code="syntax")
        return self._repeated_key(key, value, *entries[str(key.value)])

    def _bad_key(self, key: Node, begun: yaml.CollectionStartEvent) -> Problem:
        line = self.lines[key.span.line - 1]
        span = between(begun.start_mark, key.end)  # type: ignore[arg-type]
        # the brace behind the key's own is the last of `{{ name }}`
        span = span._replace(end_column=span.end_column + 1)
        from runner.document import braces

        fix = None if self._in_key() else braces.dollar(span, line, in_flow=self._in_flow())
        hint = braces.DOLLAR_HINT if fix or braces.lacks_dollar(line) else None
        message = "a key must be a plain word"
        return Problem(message, place=self._place(key), hint=hint, fix=fix, code="syntax")

    def _in_flow(self) -> bool:
        """Whether what ends now lies within brackets."""
        return bool(self._open and self._open[-1].event.flow_style)

    def _in_key(self) -> bool:
        """Whether what ends now is the key of a mapping."""
        mapping = self._open and type(self._open[-1].event) is yaml.MappingStartEvent
        return bool(mapping) and len(self._children) % 2 == 0

    def _repeated_key(
        self, key: ScalarNode, value: Node, first: ScalarNode, first_value: Node
    ) -> Problem:
        from runner.document.fixes import repetition

        line = first.span.line
        return Problem(
            f"{quoted(key.value)} stands here for the second time (first on line {line})",
            place=self._place(key),
            hint="keep one of them",
            related=(Related("first written here", place=self._place(first)),),
            fix=repetition(self.lines, first_value, key, value),
            code="duplicate-key",
        )

    def _place(self, node: Node) -> Place:
        return place(self.file, self.lines, node.span)

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._aliases += 1
        if self._aliases > self.limits.aliases:
            said = f"more than {self.limits.aliases} aliases"
            self._refuse(event, said, "write the values out")
        known = self._anchors.get(event.anchor or "")
        if known is None:
            self._refuse(
                event,
                f"{quoted(f'*{event.anchor}')} stands for nothing",
                f"mark a value above it with {quoted(f'&{event.anchor}')}",
            )
        node, values = known
        self._count(event, values)
        self._children.append(node)
