"""What is told of a text that the parser cannot read: where, why, and what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.document import braces, tabs
from runner.document.document import Span, place
from runner.errors import Problem

if TYPE_CHECKING:
    import yaml

    from runner.errors import Fix, Place

_KEY = re.compile(r"(?:- +)*(?P<key>[A-Za-z_][\w.-]*) *:(?: +(?P<value>[^\s#].*))?")
_QUOTES_HINT = "put quotes around a text that holds a colon and a space"


def character_problem(
    error: yaml.reader.ReaderError, text: str, file: str, lines: tuple[str, ...]
) -> Problem:
    """A character that YAML does not allow."""
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


def syntax_problem(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    """A text without a structure."""
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
    hint, fix = _advice(said, where, lines)
    return Problem(message, place=where, hint=hint, fix=fix, code="syntax")


def _advice(said: str, where: Place, lines: tuple[str, ...]) -> tuple[str | None, Fix | None]:
    """What to write instead, and the edit that does it where there is no doubt."""
    excerpt = where.excerpt
    if "\t" in excerpt[: len(excerpt) - len(excerpt.lstrip())] or "'\\t'" in said:
        return "YAML is indented with spaces; replace the tab", tabs.fix(lines, where.line)
    if braces.lacks_dollar(excerpt):
        return braces.DOLLAR_HINT, braces.dollar_fix(where)
    if "${{" in excerpt and ("',' or ']'" in said or "',' or '}'" in said):
        return "within brackets, put quotes around ${{ name }}", braces.quotes_fix(where)
    return _hint(said, where, lines), None


def _hint(said: str, where: Place, lines: tuple[str, ...]) -> str | None:
    if "mapping values are not allowed" in said:
        return _deeper_key(where, lines) or _QUOTES_HINT
    if "stream" in said:
        return "close the quote"
    if "expected ':'" in said:
        return "write `key: value`"
    if "expected" in said and not where.excerpt[: where.column - 1].strip():
        return _shifted_key(where, lines)
    return None


def _deeper_key(where: Place, lines: tuple[str, ...]) -> str | None:
    """A key below `key: text` and deeper than it goes on with that text."""
    key = _key(where.excerpt)
    # the parser points at the colon of the key that it cannot take
    if key is None or where.excerpt[: where.column - 1].rstrip() != where.excerpt[: key.end("key")]:
        return None
    above = _key_above(where.line, lines)
    if above is None or above[1]["value"] is None or above[1].start("key") >= key.start("key"):
        return None
    return _columns(key, *above)


def _shifted_key(where: Place, lines: tuple[str, ...]) -> str:
    key, above = _key(where.excerpt), _key_above(where.line, lines)
    if key is None or above is None or key.start("key") == above[1].start("key"):
        return "check the indentation: the keys of one mapping start in the same column"
    return _columns(key, *above)


def _columns(key: re.Match[str], number: int, above: re.Match[str]) -> str:
    return (
        f"the keys of one mapping start in the same column: `{key['key']}` starts in column "
        f"{key.start('key') + 1}, `{above['key']}` on line {number} in column "
        f"{above.start('key') + 1}"
    )


def _key(line: str) -> re.Match[str] | None:
    return _KEY.match(line, len(line) - len(line.lstrip(" ")))


def _key_above(line: int, lines: tuple[str, ...]) -> tuple[int, re.Match[str]] | None:
    """The key on the nearest line above that says something, with the number of its line."""
    for number in range(line - 1, 0, -1):
        said = lines[number - 1].strip()
        if said and not said.startswith("#"):
            found = _key(lines[number - 1])
            return (number, found) if found else None
    return None
