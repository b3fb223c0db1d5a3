"""Edits put into a text; every byte that none of them covers stays as it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.errors import Edit

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def edited(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes of a file, UTF-8, with every edit in its place; no two edits may overlap."""
    mark = _BYTE_ORDER_MARK if source.startswith(_BYTE_ORDER_MARK) else b""
    text = source[len(mark) :].decode()
    lines = text.splitlines(keepends=True)
    return mark + "".join(_pieces(lines, edits)).encode()


def changed(lines: Sequence[str], edits: Sequence[Edit]) -> tuple[list[str], list[str]]:
    """The lines that edits change, as they were and as they become; ``lines`` are all there are."""
    first = min(edit.line for edit in edits)
    before = list(lines[first - 1 : max(edit.end_line for edit in edits)])
    after = "".join(_pieces([f"{line}\n" for line in before], edits, first)).splitlines()
    return _without_common(before, after)


def in_one_line(number: int, line: str, edits: Sequence[Edit]) -> list[str]:
    """What line ``number`` becomes; nothing if there are edits elsewhere."""
    if not all(edit.line == edit.end_line == number for edit in edits):
        return []
    return "".join(_pieces([line], edits, number)).splitlines()


def _without_common(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """What is in one of two lists of lines only."""
    gone, come = Counter(before), Counter(after)
    return list((gone - come).elements()), list((come - gone).elements())


def touched(edits: Iterable[Edit]) -> set[int]:
    """The numbers of the lines that edits change; one that ends before a line does not."""
    return {
        line
        for edit in edits
        for line in range(edit.line, edit.end_line + 1)
        if line == edit.line or line < edit.end_line or edit.end_column > 1
    }


def _pieces(lines: Sequence[str], edits: Iterable[Edit], first: int = 1) -> Iterable[str]:
    """The text of ``lines``, the first of which is number ``first``, with the edits put in."""
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    line, column = first, 1
    for edit in sorted(edits, key=_start):
        yield from _between(lines, first, (line, column), _start(edit))
        yield edit.text.replace("\n", newline)
        line, column = _end(edit)
    yield from _between(lines, first, (line, column), (first + len(lines), 1))


def _between(
    lines: Sequence[str], first: int, start: tuple[int, int], end: tuple[int, int]
) -> Iterable[str]:
    """The text from one position to another."""
    if start[0] == end[0]:
        if start[0] - first < len(lines):
            yield lines[start[0] - first][start[1] - 1 : end[1] - 1]
        return
    yield lines[start[0] - first][start[1] - 1 :]
    yield from lines[start[0] - first + 1 : end[0] - first]
    if end[0] - first < len(lines):
        yield lines[end[0] - first][: end[1] - 1]


def _start(edit: Edit) -> tuple[int, int]:
    return edit.line, edit.column


def _end(edit: Edit) -> tuple[int, int]:
    return edit.end_line, edit.end_column
