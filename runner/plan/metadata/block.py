"""The metadata that stands in a script itself (PEP 723)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.plan.metadata.tables import Metadata, Reader, failed
from runner.plan.metadata.toml import Fault, Toml

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGIN = "# /// script"
_MARK = "# /// "
_END = "# ///"


def block(path: str, text: str) -> Metadata | None:
    """What the block ``script`` in the text of a script says; ``None`` without one."""
    if _BEGIN not in text:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found, open_at = _blocks(lines)
    shown = Toml(path, "", lines)
    if len(found) > 1:
        place = shown.place(found[1][0] + 1)
        hint = "write one block with all dependencies (PEP 723)"
        message = f"{path} has two blocks of metadata"
        return failed(path, Problem(message, place=place, hint=hint, code="requirement"))
    if not found:
        if open_at is None:
            return None
        message = "this block of metadata has no end, and so is none"
        notice = Problem(message, place=shown.place(open_at + 1), hint=f"end it with `{_END}`")
        return Metadata(path, notices=(notice,))
    begin, end = found[0]
    inner = "\n".join(line[2:] for line in lines[begin + 1 : end])
    try:
        toml = Toml(path, inner, lines, begin + 2)
    except Fault as fault:
        message = f"the block of metadata cannot be read: {fault.message}"
        hint = "it is TOML behind `# ` (PEP 723)"
        problem = Problem(message, place=fault.place, hint=hint, code="requirement")
        return failed(path, problem)
    return Reader(toml).metadata(shown.place(begin + 1))


def _blocks(lines: Sequence[str]) -> tuple[list[tuple[int, int]], int | None]:
    """First and last lines (from 0) of blocks called ``script``; where one begins without an end.

    A block ends at the last ``# ///`` of the comment that it stands in, as what it holds may have
    such lines itself.
    """
    found: list[tuple[int, int]] = []
    unclosed = None
    at = 0
    while at < len(lines):
        if not lines[at].startswith(_MARK):
            at += 1
            continue
        stop = at + 1
        while stop < len(lines) and (lines[stop] == "#" or lines[stop].startswith("# ")):
            stop += 1
        ends = [number for number in range(stop - 1, at, -1) if lines[number] == _END]
        if lines[at] == _BEGIN:
            if ends:
                found.append((at, ends[0]))
            elif unclosed is None:
                unclosed = at
        at = ends[0] + 1 if ends else stop
    return found, unclosed
