"""What a run keeps, or a part of it, as ``list`` and ``tree`` show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner.cli.addresses import ADDRESS, address, contents_of
from runner.cli.settled import settled
from runner.errors import OK
from runner.units import amount, count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.artifacts.store.room import Sharing
    from runner.cli.arguments import Parser
    from runner.cli.context import Context
    from runner.records.contents import Contents
    from runner.records.store import Records

# runs that are looked through for one that keeps the same, the newest first
_OTHERS = 50


class Whole(NamedTuple):
    """A run's artifacts with all that is told of them; ``same`` has what other runs keep too.

    ``path`` is the part that was asked for; the sizes in ``sharing`` are of that part alone.
    """

    contents: Contents
    path: str | None
    artifacts: list[dict[str, Any]]
    sharing: Sharing

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "run": self.contents.run,
            "folder": str(self.contents.folder),
            "path": self.path,
            "live": not self.contents.over,
            "disk_bytes": self.sharing.taken,
            "own_bytes": self.sharing.own,
            "artifacts": self.artifacts,
        }


def add_address(made: Parser) -> None:
    """The one thing that is looked at, and ``--json``."""
    made.add_argument("run", metavar="RUN[:PATH]", help=ADDRESS)
    made.add_json()


def show(arguments: argparse.Namespace, context: Context, render: Callable[[Whole], None]) -> int:
    """Show it, or all of it as JSON."""
    records = settled(context)
    whole = look(records, arguments.run, context)
    if arguments.json:
        context.say_json(whole.document())
        return OK
    if not whole.artifacts:
        context.err.write(_nothing(whole.contents))
        return OK
    render(whole)
    context.out.flush()
    context.err.write(_foot(whole))
    return OK


def look(records: Records, written: str, context: Context) -> Whole:
    """Everything about the artifacts at an address.

    Raises:
        WfError: kind ``USAGE`` when nothing is there, ``STORAGE`` when the list is damaged.
    """
    from runner.artifacts.store.pool import Pool
    from runner.artifacts.store.room import sharing
    from runner.cli.render.transfer import Transfer

    run, path = address(written)
    found = contents_of(records, run)
    wanted = list(found.entries()) if path is None else found.at(path)
    with Transfer("looking at", context.err, context.variables) as transfer:
        transfer.expect(len(wanted), sum(entry.bytes for entry in wanted))
        shared = sharing(found.folder, Pool(records.home.objects), wanted, transfer.tell)
    others = _others(records, found.run) if shared.shared else []
    same = _Same(found.folder, shared, others)
    artifacts = [
        _document(artifact, entries, same, path)
        for artifact in found.artifacts
        if (entries := _entries(artifact, path)) or path is None
    ]
    return Whole(found, path, artifacts, shared)


def _entries(artifact: Artifact, path: str | None) -> list[Entry]:
    from runner.records.contents import within

    return [one for one in artifact.entries() if path is None or within(one.path, path)]


def _others(records: Records, run: str) -> list[Path]:
    """Where other runs keep theirs."""
    rows = records.index().newest(_OTHERS)
    return [records.home.run(row.name).artifacts for row in rows if row.name != run]


class _Same:
    """Finds who keeps the same file."""

    def __init__(self, folder: Path, shared: Sharing, others: Sequence[Path]) -> None:
        self._folder = folder
        self._shared = shared.shared
        self._others = list(others)

    def run(self, path: str) -> str | None:
        """The newest other run that keeps the very file at that path, as far as was looked."""
        if path not in self._shared:
            return None
        from runner.artifacts.store.room import holders

        found = holders(path, self._folder, self._others)
        if found is None:
            return None
        # who has one has most
        self._others.remove(found)
        self._others.insert(0, found)
        return found.parent.name

    def document(self, entry: Entry) -> dict[str, Any]:
        """An entry with what is known of others that have it."""
        return {
            **entry._asdict(),
            "digest": entry.digest or None,
            "shared": entry.path in self._shared,
            "same_as": self.run(entry.path),
        }


def _document(
    artifact: Artifact, entries: list[Entry], same: _Same, path: str | None
) -> dict[str, Any]:
    """An artifact, or the part of it at the path that was asked for."""
    from runner.records.contents import within

    found = [same.document(entry) for entry in entries]
    runs = {one["same_as"] for one in found if one["kind"] == "file"}
    whole = path is None or within(artifact.path, path)
    return {
        "path": artifact.path if whole else path,
        "files": sum(entry.kind != "directory" for entry in entries),
        "bytes": sum(entry.bytes for entry in entries),
        "digest": artifact.digest if whole else None,
        "same_as": runs.pop() if len(runs) == 1 else None,
        "entries": found,
        "skipped": list(artifact.skipped),
    }


def _nothing(contents: Contents) -> str:
    if contents.over:
        return f"{contents.run} has no artifacts\n"
    return (
        f"{contents.run} goes on; its artifacts are collected when it ends, and can be seen before "
        "that with `mount: true` in the workflow file\n"
    )


def _foot(whole: Whole) -> str:
    """What stands below the list: how much of the disk, and where."""
    run, folder = whole.contents.run, whole.contents.folder
    if not whole.contents.over:
        return f"{run} goes on: this is what is there so far\n"
    sharing = whole.sharing
    said = f"{amount(sharing.taken)} on the disk"
    if sharing.shared:
        files = count(len(sharing.shared), "file is", "files are")
        said += f", {amount(sharing.own)} of it this run's alone: {files} shared with others"
    return f"{said}\nthe files lie in {folder}\n"
