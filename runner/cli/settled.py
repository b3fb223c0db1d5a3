"""The records as every command finds them: what lost its wf is brought to its end first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

    for run, error in reconcile(records, dead, compose.leases(context.settings)):
        said = f"warning: {run} lost its wf, and cannot be brought to its end: {error.message}\n"
        context.err.write(f"{said}hint: {error.hint}\n" if error.hint else said)
