"""The environments in the cache, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.style import harmless, style
from runner.cli.render.table import age, table
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.environments.shelf.pruning import Pruned
    from runner.environments.shelf.room import Room
    from runner.environments.shelf.shelf import Kept

_HEADER = ("FINGERPRINT", "PYTHON", "PACKAGES", "SIZE", "OWN", "AS OF", "LAST USED", "IN USE BY")


def show_list(
    found: Sequence[Kept],
    using: Mapping[str, Sequence[str]],
    now: float,
    stream: TextIO,
    variables: Mapping[str, str],
) -> None:
    """One line an environment."""
    rows = [_cells(kept, using.get(kept.fingerprint, ()), now) for kept in found]
    dress = style(stream, variables)
    stream.write(table(_HEADER, rows, dress, lambda at, _: ("bold",) if at == 0 else ()))


def _cells(kept: Kept, runs: Sequence[str], now: float) -> tuple[str, ...]:
    others = "wf itself" if kept.finishing else "a run" if kept.ready else "a build"
    users = ", ".join(runs) or (others if kept.in_use else "-")
    return (
        kept.fingerprint,
        f"{kept.python or '-'}{' in an image' if kept.image else ''}",
        str(len(kept.lock)) if kept.ready else "not complete",
        amount(kept.room.total()),
        amount(kept.room.own()),
        kept.as_of or "-",
        age(now - kept.used_at),
        users,
    )


def total_line(number: int, room: Room) -> str:
    """What all of them take; the rest of it uv's own cache holds as well."""
    shared = room.total() - room.own()
    also = f"; {amount(shared)} of it uv's cache holds as well" if shared else ""
    return f"{count(number, 'environment')}, {amount(room.total())}{also}\n"


def show_environment(
    document: dict[str, Any], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """One fact a line, then every package."""
    dress = style(stream, variables)
    head = dress.paint(document["fingerprint"], "bold")
    of = f"   of {document['run']}" if document["run"] else ""
    stream.write(f"{dress.plain('●')} {head}{of}\n")
    for name, text in _facts(document):
        if text:
            stream.write(f"  {dress.paint(f'{name:<9}', 'dim')} {dress.plain(harmless(text))}\n")
    stream.writelines(f"  {dress.plain(harmless(line))}\n" for line in document["lock"])


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    reason = document.get("python_reason")
    size = f"{amount(document['bytes'])}, of which {amount(document['own_bytes'])} are its own"
    gone = "" if document["in_cache"] else "not in the cache any more; a run would build it anew"
    return [
        ("python", f"{document['python'] or ''}{f' · {reason}' if reason else ''}"),
        ("as of", " · ".join(filter(None, (document["as_of"], document["as_of_reason"])))),
        ("image", document["image"] or ""),
        ("damage", document["damage"] or ""),
        ("cache", gone or document["folder"]),
        ("size", size if document["in_cache"] else ""),
        ("used", (document["used_at"] or "")[:19].replace("T", " ")),
        ("in use by", ", ".join(document["runs"])),
        ("packages", count(len(document["lock"]), "package")),
    ]


def show_pruned(
    pruned: Pruned, stream: TextIO, variables: Mapping[str, str], *, dry_run: bool
) -> None:
    """What went, what stays because it is used, and what is free now."""
    dress = style(stream, variables)
    for kept in pruned.removed:
        verb = "would remove" if dry_run else "removed"
        stream.write(f"{verb} {dress.paint(kept.fingerprint, 'bold')} {_what(kept)}\n")
    for kept in pruned.in_use:
        stream.write(f"kept {dress.paint(kept.fingerprint, 'bold')}, which is in use\n")
    if not pruned.removed:
        stream.write(f"nothing to remove; what is there takes {amount(pruned.left)}\n")
        return
    would = "would free" if dry_run else "freed"
    stream.write(f"{would} {amount(pruned.freed)}; what is left takes {amount(pruned.left)}\n")
    if pruned.linked:
        stream.write(
            f"uv's cache holds another {amount(pruned.linked)} of it, for the next environment; "
            "`uv cache clean` removes that\n"
        )


def _what(kept: Kept) -> str:
    if not kept.ready:
        return f"(not complete, {amount(kept.room.total())})"
    return (
        f"(python {kept.python}, {count(len(kept.lock), 'package')}, {amount(kept.room.total())})"
    )
