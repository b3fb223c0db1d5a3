"""Artifacts as a list and as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from runner.cli.render.style import aligned, columns, cut, in_line, style
from runner.cli.render.table import Column, fitted
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.cli.render.style import Style

_DIGEST = 12
_SIZE = 10
_GAP = 3
# columns of a terminal that names keep, before the facts behind them are cut
_NAME = 16
_LIST = (
    Column("ARTIFACT", least=12),
    Column("FILES"),
    Column("SIZE"),
    Column("DIGEST", spare=1),
    Column("SAME AS", spare=2),
)
_DEEPEST = 1000


def show_list(
    artifacts: list[dict[str, Any]], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """One line an artifact."""
    rows = [
        (
            in_line(found["path"]),
            f"{found['files']:,}",
            amount(found["bytes"]),
            short(found["digest"]),
            found.get("same_as") or "",
        )
        for found in artifacts
    ]
    stream.write(fitted(_LIST, rows, style(stream, variables)))


def short(digest: str | None) -> str:
    """As much of a digest as tells it from others."""
    return (digest or "-").removeprefix("blake3:")[:_DIGEST]


class _Node:
    """A folder, or an entry where there is one."""

    __slots__ = ("below", "bytes", "entry", "files", "folder", "same")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.entry: dict[str, Any] | None = None
        self.folder = True
        self.files = self.bytes = 0
        self.same: set[str | None] = set()

    def count(self, entry: dict[str, Any]) -> None:
        """Count what lies at it or below it."""
        self.files += entry["kind"] != "directory"
        self.bytes += entry["bytes"]
        if entry["kind"] == "file":
            self.same.add(entry.get("same_as"))


class _Line(NamedTuple):
    """A line of the tree; ``note`` stands for the facts where nothing was written."""

    stem: str
    name: str
    facts: tuple[str, str, str]
    folder: bool
    note: str = ""


def show_tree(
    head: str,
    artifacts: list[dict[str, Any]],
    stream: TextIO,
    variables: Mapping[str, str],
    levels: int = _DEEPEST,
) -> None:
    """Every file, below the folders it lies in, down to so many levels.

    A folder has its size and how many files it holds, a file its size and digest.
    """
    dress = style(stream, variables)
    files, size = (sum(found[key] for found in artifacts) for key in ("files", "bytes"))
    painted = dress.paint(in_line(head), "bold")
    stream.write(f"{painted}   {count(files, 'file')}, {amount(size)}\n")
    lines = list(_lines(_roots(artifacts), "", levels, told=None))
    width, facts = _widths(lines, dress)
    stream.writelines(_written(line, width, facts, dress) for line in lines)


def _roots(artifacts: list[dict[str, Any]]) -> dict[str, _Node]:
    """A tree for each artifact, whose own path is one node."""
    roots: dict[str, _Node] = {}
    for artifact in artifacts:
        top = roots.setdefault(artifact["path"], _Node())
        for entry in artifact["entries"]:
            node = top
            node.count(entry)
            rest = entry["path"].removeprefix(artifact["path"]).strip("/")
            # what a pattern has come to does not lie below it
            top.folder = rest != entry["path"]
            for name in rest.split("/") if rest else ():
                node = node.below.setdefault(name, _Node())
                node.count(entry)
            node.entry = entry
    return roots


def _lines(nodes: dict[str, _Node], indent: str, levels: int, told: str | None) -> Iterator[_Line]:
    """The lines of some nodes and of all below them; the run ``told`` of need not be again."""
    last = len(nodes) - 1
    for at, (name, node) in enumerate(nodes.items()):
        elbow, below = ("└─ ", "   ") if at == last else ("├─ ", "│  ")
        same = next(iter(node.same)) if len(node.same) == 1 else None
        said = f"same as {same}" if same and same != told else ""
        yield _line(indent + elbow, name, node, said)
        if levels > 1:
            yield from _lines(node.below, indent + below, levels - 1, same or told)


def _line(stem: str, name: str, node: _Node, same: str) -> _Line:
    shown = in_line(name)
    if node.entry is None and not node.below:
        return _Line(stem, shown, ("", "", ""), folder=False, note="nothing was written there")
    if node.entry is None or node.below:
        facts = (amount(node.bytes), count(node.files, "file"), same)
        return _Line(stem, f"{shown}/" if node.folder else shown, facts, folder=True)
    shown += {"link": " (link)", "directory": "/"}.get(node.entry["kind"], "")
    facts = (amount(node.entry["bytes"]), short(node.entry["digest"]), same)
    return _Line(stem, shown, facts, folder=False)


def _widths(lines: list[_Line], dress: Style) -> tuple[int, int]:
    """How many columns names get, and how many facts: on a terminal, as there is room."""
    names = [line.stem + line.name for line in lines]
    width, facts = aligned(names), 3
    if dress.terminal:
        width = max(map(columns, names), default=0)
        said = [max((columns(line.facts[at]) for line in lines), default=0) for at in (1, 2)]
        takes = [_SIZE, _SIZE + _GAP + said[0], _SIZE + 2 * _GAP + sum(said)]
        wanted = min(width, _NAME + _NAME)
        while facts > 1 and wanted + takes[facts - 1] > dress.width:
            facts -= 1
        width = min(width, max(dress.width - takes[facts - 1], _NAME))
    return width, facts


def _written(line: _Line, width: int, facts: int, dress: Style) -> str:
    mark = dress.plain("…")
    room = max(width - columns(line.stem), 1)
    name = cut(line.name, room, mark) if dress.terminal else line.name
    stem = dress.paint(dress.plain(line.stem), "dim")
    if line.note:
        return f"{stem}{name}{dress.paint(f'  {line.note}', 'yellow')}\n"
    gap = " " * max(width - columns(line.stem) - columns(name), 0)
    size, *others = line.facts[:facts]
    told = f"{size:>{_SIZE}}"
    if others:
        told += "".join(f"{'':{_GAP}}{one:<{_DIGEST}}" for one in others)
    painted = dress.paint(name, "bold") if line.folder else name
    return f"{stem}{painted}{gap}{dress.paint(told.rstrip(), 'dim')}\n"
