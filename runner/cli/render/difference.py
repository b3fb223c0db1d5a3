"""What differs between two runs, for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TextIO

from runner.cli.render.curves import number, spread
from runner.cli.render.style import aligned, columns, cut, harmless, in_line, style
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.artifacts.looking.comparing import Change
    from runner.artifacts.reading.contrast import Contrast, Fact, Measured
    from runner.artifacts.reading.values import Tensor
    from runner.cli.differing import Found
    from runner.cli.render.style import Style

_WORD = 10
_SIZES = 22
_NAME = 20
_VALUE = 40
# tensors of one file; all of them stand in the JSON
_TENSORS = 20
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
        shown = cut(name, width, dress.plain("…")) if dress.terminal else name
        gap = " " * (width - columns(shown))
        line = f"{dress.paint(f'{word:<{_WORD}}', _PAINT[word])}{shown}{gap}   {dress.plain(sizes)}"
        stream.write(f"{line.rstrip()}\n")
    for path, contrast in found.contents:
        stream.writelines(f"{line}\n" for line in _within(path, contrast, dress))
    stream.writelines(f"{line}\n" for line in _metrics(found.metrics, dress))
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
        yield "removed", in_line(found.before.shown(entry.path)), amount(entry.bytes)
    for entry in found.files.added:
        yield "added", in_line(found.after.shown(entry.path)), amount(entry.bytes)
    for before, after in found.files.moved:
        yield "moved", f"{in_line(before.path)} → {in_line(after.path)}", amount(after.bytes)
    for change in found.files.changed:
        yield "changed", in_line(found.after.shown(change.after.path)), _changed(change)


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
    if not dress.terminal:
        return aligned(name for _, name, _ in rows)
    width = max((columns(name) for _, name, _ in rows), default=0)
    sizes = max((columns(said) for _, _, said in rows), default=0)
    return min(width, max(dress.width - _WORD - 3 - sizes, _NAME))


def _within(path: str, contrast: Contrast, dress: Style) -> Iterator[str]:
    """What is different in a file."""
    lines = [*_facts(contrast), *_tensors(contrast)]
    if not lines:
        return
    yield dress.paint(in_line(path), "bold")
    for line in lines:
        yield f"  {cut(dress.plain(line), dress.width - 2) if dress.terminal else line}"


def _metrics(found: Sequence[Measured], dress: Style) -> Iterator[str]:
    """Each in a line: its last values, and between which it lay."""
    if not found:
        return
    yield dress.paint("metrics", "bold")
    rows = [
        (cut(in_line(one.name), _VALUE, dress.plain("…")), _last(one), _range(one)) for one in found
    ]
    names, lasts = (max(columns(row[at]) for row in rows) for at in (0, 1))
    for name, last, between in rows:
        gaps = (" " * (width - columns(text)) for width, text in ((names, name), (lasts, last)))
        first, second = gaps
        line = f"{name}{first}   {last}{second}   {between}".rstrip()
        yield f"  {dress.plain(line)}"


def _last(one: Measured) -> str:
    return " → ".join(
        "none" if series is None else number(series.last.value)
        for series in (one.before, one.after)
    )


def _range(one: Measured) -> str:
    """The lowest and the highest value, of a metric that had several."""
    known = [series for series in (one.before, one.after) if series]
    several = any(series.count > 1 for series in known)
    return " → ".join(filter(None, map(spread, known))) if several else ""


def _facts(contrast: Contrast) -> Iterator[str]:
    for fact in contrast.facts:
        yield _fact(fact)


def _fact(fact: Fact) -> str:
    before, after = (_value(one) for one in (fact.before, fact.after))
    return f"{in_line(fact.name)}  {before} → {after}"


def _value(value: object) -> str:
    if value is None:
        return "none"
    said = f"{value:,}" if type(value) is int else str(value)
    return cut(in_line(harmless(said)), _VALUE)


def _tensors(contrast: Contrast) -> Iterator[str]:
    found = [
        *(f"- {_tensor(tensor)}" for tensor in contrast.removed),
        *(f"+ {_tensor(tensor)}" for tensor in contrast.added),
        *(f"~ {_tensor(one.before)} → {_shape(one.after)}" for one in contrast.shaped),
    ]
    yield from islice(found, _TENSORS)
    if len(found) > _TENSORS:
        yield f"and {len(found) - _TENSORS:,} more"
    if found or contrast.same:
        yield f"{count(contrast.same, 'tensor has', 'tensors have')} the same name and shape"


def _tensor(tensor: Tensor) -> str:
    return f"{in_line(tensor.name)} {_shape(tensor)}"


def _shape(tensor: Tensor) -> str:
    return f"{tensor.dtype}[{', '.join(map(str, tensor.shape))}]"
