"""Tabs in front of lines, which YAML does not take for indentation (YAML 1.2.2, section 6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from runner.document.parser import events
from runner.errors import Edit, Fix

if TYPE_CHECKING:
    from collections.abc import Iterable

# how many columns a tab may have stood for; the first that reads well is taken
_WIDTHS = (2, 4, 8)
_MAX_LINES = 10_000


def fix(lines: tuple[str, ...], line: int) -> Fix | None:
    """Spaces for the tabs in front of ``line`` and of every line that begins with one.

    Nothing, where tabs of different widths give files that mean different things.
    """
    if len(lines) > _MAX_LINES:
        return None
    at = [
        number
        for number, text in enumerate(lines, 1)
        if (text.startswith("\t") and text.strip()) or number == line
    ]
    found: Fix | None = None
    meant: int | None = None
    for width in _WIDTHS:
        edits = tuple(_spaces(lines[number - 1], number, width) for number in at)
        read = _meaning(lines, edits)
        if read is None:
            continue
        if found is not None and read != meant:
            return None
        if found is None:
            found, meant = Fix("edit", edits=edits), read
    return found


def _spaces(line: str, number: int, width: int) -> Edit:
    margin = line[: len(line) - len(line.lstrip())]
    return Edit(number, 1, number, len(margin) + 1, margin.expandtabs(width))


def _meaning(lines: tuple[str, ...], edits: Iterable[Edit]) -> int | None:
    """A hash of what the text holds with tabs replaced, or ``None`` where it cannot be read."""
    changed = list(lines)
    for edit in edits:
        changed[edit.line - 1] = edit.text + lines[edit.line - 1][edit.end_column - 1 :]
    meant = 0
    try:
        for event in events("\n".join(changed)):
            meant = hash((meant, type(event), getattr(event, "value", None)))
    except yaml.YAMLError:
        return None
    return meant
