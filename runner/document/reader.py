"""Workflow file text -> Document, bounded before it is trusted.

Events are taken one at a time from libyaml, and every limit is checked before anything is built
from them: depth, nodes (what an alias stands for is counted at every use), the number of aliases,
the length of a scalar. No tag is honoured, so no object can be constructed.

Duplicate keys are mistakes here although PyYAML keeps the last one silently: YAML 1.2.2, section
3.2.1.3, demands unique keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from runner.document.builder import Builder
from runner.document.document import Document, Node, Span, place
from runner.document.limits import LIMITS, Limits
from runner.errors import INVALID, Problem, WfError, invalid

if TYPE_CHECKING:
    from runner.errors import Place

# libyaml where PyYAML was built with it (every wheel is), else PyYAML's own parser
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(source: bytes, file: str, limits: Limits = LIMITS) -> Document:
    """Compose the text of a workflow file; ``file`` is its name as shown to people.

    Raises:
        WfError: kind ``INVALID`` with every repeated key, or with the first mistake that leaves
            the text without a structure.
    """
    text = _decode(source, file, limits)
    lines = tuple(text.splitlines())
    builder = Builder(file, lines, limits)
    root = _build(builder, text)
    if builder.problems:
        raise invalid(builder.problems)
    return Document(file, lines, root)


def too_large(file: str, size: int, limits: Limits = LIMITS) -> WfError:
    """The error for a file of ``size`` bytes, for whoever reads files: tell before reading."""
    return WfError(
        INVALID,
        f"{file} has {size / 1e6:.1f} MB; a workflow file has at most {limits.bytes >> 20} MiB",
        hint="keep data out of it, and read them from the script",
    )


def _decode(source: bytes, file: str, limits: Limits) -> str:
    if len(source) > limits.bytes:
        raise too_large(file, len(source), limits)
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


def _build(builder: Builder, text: str) -> Node:
    """The nodes of a text, or its first mistake in a place."""
    file, lines = builder.file, builder.lines
    try:
        # a parser ends with an event that is none
        return builder.build(iter(_LOADER(text).get_event, None))
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
