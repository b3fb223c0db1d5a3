"""``wf artifacts verify``: is what is kept what was kept?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.render.style import in_line
from runner.cli.settled import settled
from runner.errors import OK, STORAGE, WfError
from runner.units import count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from runner.artifacts.manifest import Artifact
    from runner.artifacts.store.verifying import Damage, Verifier
    from runner.cli.context import Context
    from runner.paths import RunPaths
    from runner.records.store import Records

# so many names fit a line
_FEW = 3


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts verify",
        "Read every byte again that runs have left behind, and compare it with what was kept.",
        [
            ("wf artifacts verify", "everything"),
            ("wf artifacts verify last", "what the last run left behind"),
        ],
    )
    made.add_argument("runs", metavar="RUN", nargs="*", help="a run; all of them if none is given")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Verify them, and say of each how it is."""
    from runner.artifacts.store.pool import Pool
    from runner.artifacts.store.verifying import Damage, Verifier
    from runner.cli.render.transfer import Transfer

    records = settled(context)
    wanted = list(_wanted(records, arguments.runs))
    if arguments.runs:
        _tell_of_others(records, arguments.runs, {paths.root for paths, _ in wanted}, context)
    documents: list[dict[str, Any]] = []
    gone: list[str] = []
    with Transfer("verifying", context.err, context.variables) as transfer:
        files = [artifact for _, kept in wanted for artifact in kept or ()]
        transfer.expect(sum(one.files for one in files), sum(one.bytes for one in files))
        verifier = Verifier(Pool(records.home.objects), transfer.tell)
        for paths, kept in wanted:
            damage: Damage | None
            if kept is None:
                damage = Damage(lists=[paths.manifest.name])
            else:
                damage = verifier.run(paths.artifacts, kept)
            if damage is None:
                gone.append(paths.root.name)
                continue
            if not arguments.json:
                transfer.close()
                said = f"damaged: {_said(damage)}" if damage else "intact"
                context.out.write(f"{paths.root.name}   {said}\n")
            documents.append(_document(paths, damage))
        if not arguments.runs:
            verifier.pool()
    if arguments.json:
        context.say_json(documents)
    if gone:
        context.err.write(f"removed meanwhile: {_names(gone)}\n")
    _tell_of_pool(verifier, context)
    damaged = verifier.removed or any(not document["intact"] for document in documents)
    return STORAGE if damaged else OK


def _wanted(
    records: Records, named: Sequence[str]
) -> Iterator[tuple[RunPaths, Sequence[Artifact] | None]]:
    """The runs, and what each has kept; ``None`` when its manifest cannot be read.

    Those that have collected nothing yet are left out.
    """
    from runner.records import manifests

    if named:
        found = [*{paths.root: paths for paths in map(records.find, named)}.values()]
    else:
        found = [records.home.run(row.name) for row in records.index().newest()]
    for paths in found:
        if paths.manifest.exists():
            kept = None
            with suppress(WfError):
                kept = manifests.read(paths)
            yield paths, kept


def _tell_of_others(
    records: Records, named: Sequence[str], looked_at: set[Path], context: Context
) -> None:
    """Name those that were asked for, and have nothing yet that could be compared."""
    for root in dict.fromkeys(records.find(run).root for run in named):
        if root not in looked_at:
            context.err.write(f"{root.name} has not kept anything as yet: wf wait {root.name}\n")


def _said(damage: Damage) -> str:
    return "; ".join(
        f"{what}: {_names(paths)}"
        for what, paths in (
            ("not what was kept", damage.changed),
            ("gone", damage.missing),
            ("not in the list", damage.unlisted),
            ("unreadable", damage.unreadable),
            ("with another list", damage.lists),
        )
        if paths
    )


def _names(paths: Sequence[str]) -> str:
    shown = ", ".join(map(in_line, paths[:_FEW]))
    more = len(paths) - _FEW
    return f"{shown} and {more:,} more" if more > 0 else shown


def _document(paths: RunPaths, damage: Damage) -> dict[str, Any]:
    return {"run": paths.root.name, "intact": not damage, **asdict(damage)}


def _tell_of_pool(verifier: Verifier, context: Context) -> None:
    if verifier.removed:
        files = count(len(verifier.removed), "damaged file")
        context.err.write(f"no run to come will have a part in {files}\n")
