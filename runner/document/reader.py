"""Workflow file text -> Document, bounded before it is trusted.

Events are taken one at a time from libyaml, and every limit is checked before anything is built
from them: depth, nodes (what an alias stands for is counted at every use), the number of aliases,
the length of a scalar. No tag is honoured, so no object can be constructed.

Duplicate keys are mistakes here although PyYAML keeps the last one silently: YAML 1.2.2, section
3.2.1.3, demands unique keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from runner.document.document import (
    Document,
    MappingNode,
    Node,
    Scalar,
    ScalarNode,
    SequenceNode,
    Span,
    place,
)
from runner.document.scalars import plain
from runner.errors import INVALID, Problem, WfError, invalid
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.errors import Place

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 100_000
MAX_ALIASES = 100
MAX_SCALAR = 1 << 16

# libyaml where PyYAML was built with it (every wheel is), else PyYAML's own parser
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(source: bytes, file: str) -> Document:
    """Compose the text of a workflow file; ``file`` is its name as shown to people.

    Raises:
        WfError: kind ``INVALID`` with every repeated key, or with the first mistake that leaves
            the text without a structure.
    """
    text = _decode(source, file)
    lines = tuple(text.splitlines())
    builder = _Builder(file, lines)
    root = builder.build(_events(text, file, lines))
    if builder.problems:
        raise invalid(builder.problems)
    return Document(file, lines, root)


def too_large(file: str, size: int) -> WfError:
    """The error for a file of ``size`` bytes, for whoever reads files: tell before reading."""
    return WfError(
        INVALID,
        f"{file} has {size / 1e6:.1f} MB; a workflow file has at most {MAX_BYTES >> 20} MiB",
        hint="keep data out of it, and read them from the script",
    )


def _decode(source: bytes, file: str) -> str:
    if len(source) > MAX_BYTES:
        raise too_large(file, len(source))
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WfError(
            INVALID,
            f"{file} is not UTF-8 text (byte {error.start} is {source[error.start]:#04x})",
            hint="save it as UTF-8, or name the workflow file with --file",
        ) from None
    if "\0" in text:
        raise WfError(INVALID, f"{file} is a binary file", hint="a workflow file is YAML text")
    return text


def _events(text: str, file: str, lines: tuple[str, ...]) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise invalid([_syntax_problem(error, file, lines)]) from None
    except yaml.reader.ReaderError as error:
        raise invalid([_character_problem(error, text, file, lines)]) from None


def _character_problem(
    error: yaml.reader.ReaderError, text: str, file: str, lines: tuple[str, ...]
) -> Problem:
    character = chr(error.character) if isinstance(error.character, int) else error.character
    # libyaml counts bytes, PyYAML characters; the first of its kind in the text is the one
    before = text[: max(text.find(character), 0)]
    *above, beginning = (before + ".").splitlines()
    line, column = len(above) + 1, len(beginning)
    return Problem(
        f"the character {ord(character):#06x} is not allowed in YAML",
        place=place(file, lines, Span(line, column, line, column + 1)),
        hint="take it out; a text in double quotes can hold it as an escape",
        code="syntax",
    )


def _syntax_problem(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    said = error.problem or "not valid YAML"
    mark = error.problem_mark or error.context_mark
    # what is still open at the end of the text is reported one line past it, and a key without
    # its colon on the line below: in both cases the context is the fault
    late = mark is not None and (mark.line >= len(lines) or "expected ':'" in said)
    if late and error.context_mark is not None:
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    span = Span(line, column, line, column + 1)
    message = f"not valid YAML: {said}"
    if error.context:
        message += f" {error.context}"
    opened = error.context_mark
    if opened is not None and opened.line + 1 != line:
        message += f" that begins on line {opened.line + 1}"
    where = place(file, lines, span)
    return Problem(
        message,
        place=where,
        hint=_syntax_hint(said, where),
        code="syntax",
    )


def _syntax_hint(said: str, where: Place) -> str | None:  # noqa: PLR0911 - one for each mistake
    excerpt = where.excerpt
    if "\t" in excerpt[: len(excerpt) - len(excerpt.lstrip())] or "'\\t'" in said:
        return "YAML is indented with spaces; replace the tab"
    if "mapping values are not allowed" in said:
        return "put quotes around a text that holds a colon and a space"
    if "{{" in excerpt and "${{" not in excerpt:
        return "a variable is written ${{ name }}, with a dollar sign"
    if "${{" in excerpt and ("',' or ']'" in said or "',' or '}'" in said):
        return "within brackets, put quotes around ${{ name }}"
    if "stream" in said:
        return "close the quote"
    if "expected ':'" in said:
        return "write `key: value`"
    if "expected" in said and not excerpt[: where.column - 1].strip():
        return "check the indentation: the keys of one mapping start in the same column"
    return None


def _span(event: yaml.Event, end: yaml.Event | None = None) -> Span:
    """From the start of an event to its end, or to that of another one."""
    first, last = event.start_mark, (end or event).end_mark
    if first is None or last is None:  # the types allow it; a parser marks its events
        return Span(1, 1, 1, 2)
    return Span(first.line + 1, first.column + 1, last.line + 1, last.column + 1)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    event: yaml.CollectionStartEvent
    children: list[Node] = field(default_factory=list)
    size: int = 1


class _Builder:
    """Builds nodes from events without recursion, counting as it goes."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliases = 0
        self._nodes = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node:
        documents = 0
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._start(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "a second document starts here", "keep one per file")
        if self._root is None:
            raise WfError(
                INVALID,
                f"{self.file} is empty",
                hint="it starts with `workflows:` and a list of workflows below it",
            )
        return self._root

    def _refuse(self, event: yaml.Event, message: str, hint: str) -> None:
        span = _span(event)
        problem = Problem(
            message, place=place(self.file, self.lines, span), hint=hint, code="limit"
        )
        raise invalid([problem])

    def _count(self, event: yaml.Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(
                event,
                f"the file stands for more than {MAX_NODES:,} values",
                "write less, or use fewer aliases (`*name`)",
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if len(event.value) > MAX_SCALAR:
            self._refuse(
                event,
                f"a text of {len(event.value):,} characters; at most {MAX_SCALAR:,} are read",
                "put it into a file of its own",
            )
        if "\0" in event.value:
            self._refuse(event, "a text cannot hold the character NUL", "take out the `\\0`")
        self._refuse_tag(event, event.tag)
        implicit = bool(event.implicit[0])
        node = ScalarNode(
            plain(event.value) if implicit else Scalar(event.value),
            _span(event),
        )
        self._add(event, node, 1, event.anchor)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(event, event.tag)
        if len(self._open) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
        self._open.append(_Open(event))

    def _refuse_tag(self, event: yaml.Event, tag: str | None) -> None:
        if tag is not None and tag != "!":
            written = tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"{quoted(written)}: tags are not read", "write the plain value")

    def _end(self, event: yaml.Event) -> None:
        opened = self._open.pop()
        # the end of a block lies on the first token after it: what matters is where it starts
        span = _span(opened.event, event)
        node: Node
        if isinstance(opened.event, yaml.MappingStartEvent):
            node = self._mapping(opened.children, span)
        else:
            node = SequenceNode(tuple(opened.children), span)
        self._add(event, node, opened.size, opened.event.anchor)

    def _mapping(self, children: list[Node], span: Span) -> MappingNode:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                self._bad_key(key, "a key must be a plain word", self._key_hint(key))
            elif key.value == "<<":
                self._bad_key(key, "merge keys (`<<`) are not read", "write the keys out")
            elif key.value in entries:
                first = entries[key.value][0].span.line
                self._bad_key(
                    key,
                    f"{quoted(key.value)} stands here for the second time (first on line {first})",
                    "keep one of them",
                    code="duplicate-key",
                )
            else:
                entries[str(key.value)] = (key, value)
        return MappingNode(entries, span)

    def _key_hint(self, key: Node) -> str | None:
        line = self.lines[key.span.line - 1]
        if "{{" in line and "${{" not in line:
            return "a variable is written ${{ name }}, with a dollar sign"
        return None

    def _bad_key(self, key: Node, message: str, hint: str | None, code: str = "syntax") -> None:
        where = place(self.file, self.lines, key.span)
        self.problems.append(Problem(message, place=where, hint=hint, code=code))

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._refuse(event, f"more than {MAX_ALIASES} aliases", "write the values out")
        known = self._anchors.get(event.anchor or "")
        if known is None:
            self._refuse(
                event,
                f"{quoted(f'*{event.anchor}')} stands for nothing",
                f"mark a value above it with {quoted(f'&{event.anchor}')}",
            )
            return
        node, size = known
        self._add(event, node, size, None)

    def _add(self, event: yaml.Event, node: Node, size: int, anchor: str | None) -> None:
        # children were counted when they came; a collection's own end adds one
        self._count(event, size if isinstance(event, yaml.AliasEvent) else 1)
        if anchor:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].children.append(node)
            self._open[-1].size += size
        else:
            self._root = node
