"""What is to be done with a value or key -> edits, or nothing where that is not certain.

Only what stands on one line is touched: there is no doubt where it ends, and comments stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.document.document import MappingNode, Node, ScalarNode
from runner.errors import Edit, Fix

if TYPE_CHECKING:
    from runner.document.document import Document, Span
    from runner.errors import Problem, Route

_INDENT = 2
# what means the same in a flow mapping as on a line of its own
_BARE = re.compile(r"[A-Za-z0-9_.+-]+")
_BLANK = re.compile(r"\s*(#.*)?")


def resolved(document: Document, problem: Problem) -> Fix | None:
    """The problem's fix with its edits, or ``None`` when it cannot be made with certainty."""
    fix = problem.fix
    if fix is None or fix.edits:
        return fix
    if fix.change == "quote":
        edits = _quote(document, problem.route)
    else:
        edits = _of_entry(document, problem.route, fix)
    return Fix(fix.change, fix.text, name=fix.name, edits=edits) if edits else None


def quoted_text(text: str) -> str:
    """A text as a scalar in single quotes (YAML 1.2.2, section 7.3.2)."""
    return "'" + text.replace("'", "''") + "'"


def insertion(line: int, column: int, text: str) -> Edit:
    """A text put in front of what stands at a position."""
    return Edit(line, column, line, column, text)


def _of_entry(document: Document, route: Route, fix: Fix) -> tuple[Edit, ...]:
    parent = document.node(route[:-1])
    entry = parent.entries.get(str(route[-1])) if isinstance(parent, MappingNode) else None
    if entry is None or not isinstance(parent, MappingNode):
        return ()
    if fix.change == "rename":
        return () if fix.text in parent.entries else (_over(entry[0].span, fix.text),)
    return _move(document, parent, entry, fix)


def _over(span: Span, text: str) -> Edit:
    return Edit(span.line, span.column, span.end_line, span.end_column, text)


def _quote(document: Document, route: Route) -> tuple[Edit, ...]:
    """``echo a: b``, which is a mapping, as the text it was meant to be."""
    node = document.node(route)
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        return ()
    ((key, value),) = node.entries.values()
    start, end = key.span, value.span
    bare = node.span[:2] == start[:2]  # no brace in front
    if not bare or not isinstance(value, ScalarNode) or start.line != end.end_line:
        return ()
    written = document.lines[start.line - 1][start.column - 1 : end.end_column - 1]
    if written[:1] in {"'", '"', "?"}:
        return ()
    return (Edit(start.line, start.column, start.line, end.end_column, quoted_text(written)),)


def _move(
    document: Document, parent: MappingNode, entry: tuple[ScalarNode, Node], fix: Fix
) -> tuple[Edit, ...]:
    key, value = entry
    if not _has_its_line(document, entry):
        return ()
    renamed = () if fix.name == key.value else (_over(key.span, fix.name),)
    target = parent.entries.get(fix.text)
    if target is None:
        margin = " " * (key.span.column - 1 + _INDENT)
        made = insertion(key.span.line, key.span.column, f"{fix.text}:\n{margin}")
        return (made, *renamed)
    line = document.lines[key.span.line - 1]
    written = line[value.span.column - 1 : value.span.end_column - 1]
    put = _put(document, target, fix.name, written, line[value.span.end_column - 1 :])
    return (put, _line_removed(key.span.line)) if put and _begins_its_line(document, key) else ()


def _put(
    document: Document, target: tuple[ScalarNode, Node], name: str, value: str, tail: str
) -> Edit | None:
    """``name: value`` as the first entry of a mapping; ``tail`` is the comment behind it."""
    key, node = target
    if isinstance(node, ScalarNode):
        rest = document.lines[node.span.line - 1][node.span.column - 1 :]
        if node.data() is not None or rest.strip() or node.span.line != key.span.line:
            return None
        margin = " " * (key.span.column - 1 + _INDENT)
        return insertion(node.span.line, node.span.column, f"\n{margin}{name}: {value}{tail}")
    if not isinstance(node, MappingNode) or name in node.entries:
        return None
    span = node.span
    first = next(iter(node.entries.values()))[0].span if node.entries else None
    if first is not None and first.line > key.span.line:
        # comments above the first entry belong to that
        return insertion(key.span.line + 1, 1, f"{' ' * (first.column - 1)}{name}: {value}{tail}\n")
    if tail.strip() or not _BARE.fullmatch(value):
        return None
    brace = document.lines[span.line - 1][span.column - 1 : span.column] == "{"
    more = ", " if node.entries else ""
    return insertion(span.line, span.column + 1, f"{name}: {value}{more}") if brace else None


def _has_its_line(document: Document, entry: tuple[ScalarNode, Node]) -> bool:
    """Whether an entry in block style, and nothing but it and a comment, ends with its line."""
    key, value = entry[0].span, entry[1].span
    apart = not key.line == value.line == value.end_line or value.column < key.end_column
    if apart:
        return False
    line = document.lines[key.line - 1]
    before = line[: key.column - 1].replace("- ", "  ")
    return not before.strip() and _BLANK.fullmatch(line[value.end_column - 1 :]) is not None


def _begins_its_line(document: Document, key: ScalarNode) -> bool:
    return not document.lines[key.span.line - 1][: key.span.column - 1].strip()


def repetition(lines: tuple[str, ...], first: Node, key: ScalarNode, value: Node) -> Fix | None:
    """Taking out an entry that stands there twice, both times the same."""
    start, end = key.span, value.span
    same = type(first) is type(value) and first.data() == value.data()
    if not same or not start.line == end.line == end.end_line or end.column < start.end_column:
        return None
    line = lines[start.line - 1]
    alone = not line[: start.column - 1].strip() and not line[end.end_column - 1 :].strip()
    return Fix("edit", edits=(_line_removed(start.line),)) if alone else None


def _line_removed(line: int) -> Edit:
    return Edit(line, 1, line + 1, 1, "")
