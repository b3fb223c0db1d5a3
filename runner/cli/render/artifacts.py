"""Artifacts as a list and as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.style import columns, harmless, style
from runner.cli.render.table import table
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.cli.render.style import Style

_DIGEST = 12


def show_list(
    _run: str, artifacts: list[dict[str, Any]], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """One line an artifact."""
    rows = [
        (harmless(found["path"]), str(found["files"]), amount(found["bytes"]), _short(found))
        for found in artifacts
    ]
    header = ("ARTIFACT", "FILES", "SIZE", "DIGEST")
    stream.write(table(header, rows, style(stream, variables)))


def show_tree(
    run: str, artifacts: list[dict[str, Any]], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """Every file, below the folders it lies in, with size and digest."""
    dress = style(stream, variables)
    files, size = (sum(found[key] for found in artifacts) for key in ("files", "bytes"))
    head = dress.paint(run, "bold")
    stream.write(f"{head}   {count(files, 'file')}, {amount(size)}\n")
    root: dict[str, Any] = {}
    for artifact in artifacts:
        root.setdefault(artifact["path"], {} if artifact["entries"] else None)
        for entry in artifact["entries"]:
            _place(root, artifact["path"], entry)
    width = max((_width(name, node, 1) for name, node in root.items()), default=0)
    _branch(root, "", width, dress, stream)


def _place(root: dict[str, Any], top: str, entry: dict[str, Any]) -> None:
    """Hang an entry below the artifact's own path, which is one node."""
    rest = entry["path"].removeprefix(top).strip("/")
    if not rest:
        root[top] = entry
        return
    node = root[top]
    *folders, name = rest.split("/")
    for folder in folders:
        node = node.setdefault(folder, {})
    node[name] = entry


def _is_entry(node: Any) -> bool:  # noqa: ANN401 - a leaf of JSON
    return node is None or ("digest" in node and isinstance(node["digest"], str))


def _width(name: str, node: Any, depth: int) -> int:  # noqa: ANN401
    own = columns(_label(name, node)) + 3 * depth
    if _is_entry(node):
        return own
    return max([own, *(_width(key, child, depth + 1) for key, child in node.items())])


def _label(name: str, node: Any) -> str:  # noqa: ANN401
    """A node's name, with what kind of thing it is where it is no plain file."""
    if node is None or not _is_entry(node):
        return harmless(name)
    return harmless(name) + {"link": " (link)", "directory": "/"}.get(node["kind"], "")


def _branch(node: dict[str, Any], indent: str, width: int, dress: Style, stream: TextIO) -> None:
    """Folders are told from files by the slash; the columns of all files stand in line."""
    last = len(node) - 1
    for at, (name, child) in enumerate(node.items()):
        elbow, below = ("└─ ", "   ") if at == last else ("├─ ", "│  ")
        shown = _label(name, child)
        stem = dress.paint(dress.plain(indent + elbow), "dim")
        if child is None:
            stream.write(f"{stem}{shown}{dress.paint('  nothing was written there', 'yellow')}\n")
        elif _is_entry(child):
            gap = " " * max(width - len(indent) - 3 - columns(shown), 0)
            facts = f"{amount(child['bytes']):>10}   {_short(child)}"
            stream.write(f"{stem}{shown}{gap}{dress.paint(facts, 'dim')}\n")
        else:
            stream.write(f"{stem}{dress.paint(shown + '/', 'bold')}\n")
            _branch(child, indent + below, width, dress, stream)


def _short(found: dict[str, Any]) -> str:
    return (found["digest"] or "-").removeprefix("blake3:")[:_DIGEST]
