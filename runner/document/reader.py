"""Workflow file text -> Document, bounded before it is trusted.

Events are taken one at a time from libyaml, and every limit is checked before anything is built
from them: depth, nodes (what an alias stands for is counted at every use), the number of aliases,
the length of a scalar. No tag is honoured, so no object can be constructed.

Duplicate keys are mistakes here although PyYAML keeps the last one silently: YAML 1.2.2, section
3.2.1.3, demands unique keys.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import yaml

from runner.document.builder import Builder
from runner.document.document import Document
from runner.document.limits import LIMITS, Limits, too_large
from runner.document.parser import events
from runner.errors import INVALID, WfError, invalid

if TYPE_CHECKING:
    from runner.document.document import Node
    from runner.errors import Problem


# what a document may begin and end with
_MARKS = frozenset({b"---", b"..."})


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
        raise invalid(sorted(builder.problems, key=_position))
    return Document(file, lines, root)


def is_blank(source: bytes) -> bool:
    """Whether a file holds nothing but comments: no document at all, which YAML takes for null."""
    lines = (line.strip() for line in source.removeprefix(codecs.BOM_UTF8).splitlines())
    return all(not line or line.startswith(b"#") or line in _MARKS for line in lines)


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
        return builder.build(events(text))
    except yaml.MarkedYAMLError as error:
        from runner.document.syntax import syntax_problem

        raise invalid([syntax_problem(error, file, lines)]) from None
    except yaml.reader.ReaderError as error:
        from runner.document.syntax import character_problem

        raise invalid([character_problem(error, text, file, lines)]) from None


def _position(problem: Problem) -> tuple[int, int]:
    place = problem.place
    return (place.line, place.column) if place else (0, 0)
