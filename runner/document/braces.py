"""``{{ name }}`` and ``${{ name }}`` where YAML reads the braces as its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import Edit, Fix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.document.document import Span
    from runner.errors import Place

DOLLAR_HINT = "a variable is written ${{ name }}, with a dollar sign"
_NAME = r"\s*[A-Za-z_][\w.-]*\s*"
_EXPRESSION = re.compile(rf"\$\{{\{{{_NAME}\}}\}}")
_WITHOUT_DOLLAR = re.compile(rf"\{{\{{{_NAME}\}}\}}")
# a value, or an item, that begins with braces and ends with its line
_VALUE = re.compile(
    rf"\s*(?:- +)*(?:[\w.-]+ *: +)?(\{{\{{{_NAME}\}}\}})[^\s,\[\]{{}}'\"#:]*(?:\s+#.*|\s*)"
)
_QUOTES = frozenset("'\"")
_COMMA_OR_WHOLE = re.compile(rf",|'[^']*'|\"[^\"]*\"|{_EXPRESSION.pattern}")
# brackets and keys in front of an item
_AROUND = re.compile(r"[\s\[{]*(?:- +)*(?:[\s\[{]*[\w.-]+ *: +)*[\s\[{]*")
# words and expressions, nothing that means something to YAML, and brackets behind it
_PLAIN = r"[^'\"#\[\]{}:\\$]*"
_ITEM = re.compile(rf"((?:{_PLAIN}{_EXPRESSION.pattern})+{_PLAIN})(?:[\]}}][\]}}\s]*)?(?:#.*)?")


def lacks_dollar(line: str) -> bool:
    """Whether braces stand on a line as templates have them, and no expression does."""
    return "{{" in line and "${{" not in line


def dollar(span: Span, line: str, *, in_flow: bool) -> Fix | None:
    """The dollar sign for what stands at ``span`` of a line, if that is ``{{ name }}``."""
    written = line[span.column - 1 : span.end_column - 1]
    if span.line != span.end_line or not _WITHOUT_DOLLAR.fullmatch(written):
        return None
    text = f'"${written}"' if in_flow else f"${written}"
    return Fix("edit", edits=(Edit(span.line, span.column, span.line, span.end_column, text),))


def dollar_fix(where: Place) -> Fix | None:
    """The same for a line that cannot be read, where it holds nothing but that value."""
    found = _VALUE.fullmatch(where.excerpt)
    if found is None:
        return None
    column = found.start(1) + 1
    return Fix("edit", edits=(Edit(where.line, column, where.line, column, "$"),))


def quotes_fix(where: Place) -> Fix | None:
    """Quotes around every item of a line that holds an expression and has none."""
    edits = []
    for start, end in _items(where.excerpt):
        around = _AROUND.match(where.excerpt, start, end)
        at = around.end() if around else start
        if _EXPRESSION.search(where.excerpt, at, end) is None or where.excerpt[at] in _QUOTES:
            continue
        found = _ITEM.fullmatch(where.excerpt, at, end)
        if found is None:
            return None
        text = found[1].rstrip()
        edits.append(Edit(where.line, at + 1, where.line, at + len(text) + 1, f'"{text}"'))
    return Fix("edit", edits=tuple(edits)) if edits else None


def _items(line: str) -> Iterator[tuple[int, int]]:
    """What stands between the commas of a line; none within quotes or an expression counts."""
    start = 0
    for found in _COMMA_OR_WHOLE.finditer(line):
        if found[0] == ",":
            yield start, found.start()
            start = found.end()
    yield start, len(line)
