"""The page that the rows make."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.compatibility.row import Row, Section

BEGIN = """\
# Compatibility

What `wf` makes of every key of every [era of the format](workflow-file.md).

| | |
| --- | --- |
| read | It means what it meant, with the differences that are told here. |
| no effect | It is accepted, and has nothing to do on one machine. `wf validate` tells. |
| refused | It is a mistake: `wf validate` shows the place, and what to write instead. |

A key that a row names no versions for was read in all of its era. `wf` reads a key
wherever it understands it: a list may mix what different versions wrote.
"""


def page(sections: Iterable[Section]) -> str:
    """The whole page."""
    return BEGIN + "".join(_section(section) for section in sections)


def heading(section: Section) -> str:
    """What stands above the table of an era."""
    if section.era is None:
        return "Values in lists"
    name = section.era.name
    return f"{name[0].upper()}{name[1:]} ({section.era.versions})"


def _section(section: Section) -> str:
    table = "\n".join(_table(section.rows))
    return f"\n## {heading(section)}\n\n{section.about}\n\n{table}\n"


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    yield "| where | key | `wf` | what it does, and why |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        # two short words share a line, or every row would take two
        place = row.place.name.replace("a ", "a\u00a0").replace("the ", "the\u00a0")
        yield f"| {place} | {_code(row.shown)} | {row.verdict} | {row.says} |"


def _code(text: str) -> str:
    """A key as code, words as they are; Sphinx reads expressions of its own in some code."""
    if " " in text and not set(text) & set(":{["):
        return text
    return f"<code>{text}</code>" if "${{" in text or "{{" in text else f"`{text}`"
