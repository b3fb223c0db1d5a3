"""What differs between two runs, for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TextIO

from runner.cli.render.curves import number
from runner.cli.render.readings import say, shape
from runner.cli.render.style import columns, cut, harmless, in_line, style
from runner.cli.render.table import Column, fitted
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.artifacts.comparing import Change
    from runner.artifacts.reading.contrast import Contrast, Fact
    from runner.artifacts.reading.values import Tensor
    from runner.cli.differing import Found, Measured
    from runner.cli.render.style import Style

_WORD = 10
_NAME = 20
# tensors of one file; all of them stand in the JSON
_TENSORS = 20
_METRICS = (
    Column("METRIC", least=12),
    Column("LAST"),
    Column("MIN", spare=1),
    Column("MAX", spare=2),
)
_PAINT = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}
_LINE_PAINT = {"+": "green", "-": "red", "@": "cyan"}


def show_difference(found: Found, stream: TextIO, variables: Mapping[str, str]) -> None:
    """Files first, then what is in them; of two texts their lines alone."""
    dress = style(stream, variables)
    if found.before.is_file and found.after.is_file and found.texts:
        _show_lines(found.texts[0][1], stream, dress)
        return
    head = f"{in_line(found.before.said)} → {in_line(found.after.said)}"
    stream.write(f"{dress.paint(head, 'bold')}\n")
    rows = list(_rows(found))
    width = _room(rows, dress)
    for word, name, sizes in rows:
        shown = cut(name, width, dress.plain("…"))
        gap = " " * (width - columns(shown))
        line = f"{dress.paint(f'{word:<{_WORD}}', _PAINT[word])}{shown}{gap}   {dress.plain(sizes)}"
        stream.write(f"{line.rstrip()}\n")
    if found.metrics:
        stream.write(fitted(_METRICS, [_metric(one) for one in found.metrics], dress))
    for path, contrast in found.contents:
        stream.writelines(f"{line}\n" for line in _within(path, contrast, dress))
    for _, lines in found.texts:
        _show_lines(lines, stream, dress)
    same = count(found.files.same, "file is", "files are")
    stream.write(dress.paint(f"{same} the same\n", "dim"))


def _show_lines(lines: list[str], stream: TextIO, dress: Style) -> None:
    for line in lines:
        paint = _LINE_PAINT.get(line[:1])
        shown = harmless(line) if stream.isatty() else line
        stream.write(f"{dress.paint(shown, *([paint] if paint else []))}\n")


def _rows(found: Found) -> Iterator[tuple[str, str, str]]:
    """What happened to a file, its path, its sizes."""
    for entry in found.files.removed:
        yield "removed", in_line(entry.path), amount(entry.bytes)
    for entry in found.files.added:
        yield "added", in_line(entry.path), amount(entry.bytes)
    for before, after in found.files.moved:
        yield "moved", f"{in_line(before.path)} → {in_line(after.path)}", amount(after.bytes)
    for change in found.files.changed:
        yield "changed", in_line(change.after.path), _changed(change)


def _changed(change: Change) -> str:
    before, after = change
    if before.kind != after.kind:
        return f"{before.kind} → {after.kind}"
    if before.bytes != after.bytes:
        return f"{amount(before.bytes)} → {amount(after.bytes)}"
    if before.digest == after.digest and None not in (before.mode, after.mode):
        return f"mode {before.mode:o} → {after.mode:o}"
    if after.kind == "link":
        return "leads elsewhere"
    return amount(after.bytes)


def _room(rows: list[tuple[str, str, str]], dress: Style) -> int:
    """How many columns paths get."""
    width = max((columns(name) for _, name, _ in rows), default=0)
    if not dress.terminal:
        return width
    sizes = max((columns(said) for _, _, said in rows), default=0)
    return min(width, max(dress.width - _WORD - 3 - sizes, _NAME))


def _metric(one: Measured) -> tuple[str, ...]:
    """The name, then last, least and greatest value, each of both."""
    facts = [
        (side.last.value, side.minimum, side.maximum) if side else (None, None, None)
        for side in (one.before, one.after)
    ]
    return in_line(one.name), *(_both(*values) for values in zip(*facts, strict=True))


def _both(before: float | None, after: float | None) -> str:
    old, new = ("none" if value is None else number(value) for value in (before, after))
    return old if old == new else f"{old} → {new}"


def _within(path: str, contrast: Contrast, dress: Style) -> Iterator[str]:
    """What is different in a file."""
    lines = [*_facts(contrast), *_tensors(contrast)]
    if not lines:
        return
    yield dress.paint(in_line(path), "bold")
    for line in lines:
        yield f"  {cut(dress.plain(line), dress.width - 2) if dress.terminal else line}"


def _facts(contrast: Contrast) -> Iterator[str]:
    for fact in contrast.facts:
        yield _fact(fact)


def _fact(fact: Fact) -> str:
    before, after = (in_line(say(one)) for one in (fact.before, fact.after))
    return f"{in_line(fact.name)}  {before} → {after}"


def _tensors(contrast: Contrast) -> Iterator[str]:
    found = [
        *(f"- {_tensor(tensor)}" for tensor in contrast.removed),
        *(f"+ {_tensor(tensor)}" for tensor in contrast.added),
        *(f"~ {_tensor(one.before)} → {_form(one.after)}" for one in contrast.shaped),
    ]
    yield from islice(found, _TENSORS)
    if len(found) > _TENSORS:
        yield f"and {len(found) - _TENSORS:,} more"
    if found or contrast.same:
        yield f"{count(contrast.same, 'tensor has', 'tensors have')} the same name and shape"


def _tensor(tensor: Tensor) -> str:
    return f"{in_line(tensor.name)}  {_form(tensor)}"


def _form(tensor: Tensor) -> str:
    return f"{shape(tensor)} {in_line(tensor.dtype)}"
