"""The records as every command finds them: what lost its wf is brought to its end first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from runner.cli.context import Context
    from runner.records.store import Records


def settled(context: Context) -> Records:
    """The records of all runs, in line with the facts."""
    from runner import compose

    records = compose.records(context.settings, context.now, context.tell)
    settle(records, context)
    return records


def settle(records: Records, context: Context) -> None:
    """Bring them in line; what cannot be is said, and keeps no command from its work."""
    dead = records.settle()
    if not dead:
        return
    from runner import compose
    from runner.engine.ending.reconcile import reconcile

    for run, error, bug in reconcile(records, dead, compose.leases(context.settings)):
        said = f"warning: {run} lost its wf, and cannot be brought to its end: {error.message}"
        report = None if bug is None else _report(bug, run, context)
        where = f"; please send the report, {report}" if report else ""
        context.err.write(f"{said}{where}\n")
        if error.hint:
            context.err.write(f"hint: {error.hint}\n")


def _report(bug: Exception, run: str, context: Context) -> Path | None:
    """The report of a bug that every command meets in the same run: there is one of it."""
    import sys

    from runner.cli.crash import write_report

    return write_report(bug, sys.argv[1:], context.variables, name=run)
