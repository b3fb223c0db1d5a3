"""All artifacts of a run, as ``list`` and ``tree`` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.settled import settled
from runner.errors import OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from runner.cli.context import Context

    Show = Callable[[str, list[dict[str, Any]], TextIO, Mapping[str, str]], None]


def show(arguments: argparse.Namespace, context: Context, render: Show) -> int:
    """Show them, or their whole manifest as JSON."""
    from runner.records import folder

    paths = settled(context).find(arguments.run)
    found: list[dict[str, Any]] = [
        {
            **artifact.summary(),
            "entries": [entry._asdict() for entry in artifact.entries()],
            "skipped": list(artifact.skipped),
        }
        for artifact in folder.read_artifacts(paths)
    ]
    if arguments.json:
        document = {
            "run": paths.root.name,
            "folder": str(paths.artifacts),
            "artifacts": found,
        }
        context.say_json(document)
        return OK
    if not found:
        context.err.write(f"{paths.root.name} has no artifacts\n")
        return OK
    render(paths.root.name, found, context.out, context.variables)
    context.out.flush()
    context.err.write(f"the files lie in {paths.artifacts}\n")
    return OK
