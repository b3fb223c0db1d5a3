"""Runs of whatever age, made without running anything."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from runner.records import folder, state
from runner.records.store import Records

if TYPE_CHECKING:
    from runner.paths import Home, RunPaths
    from runner.records.state import Status

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def records_of(home: Home, *told: list[str]) -> Records:
    return Records(home, lambda: NOW, *(one.append for one in told))


def stamp(days: float) -> str:
    at = NOW - timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make(
    home: Home,
    name: str,
    *,
    days: float = 0,
    workflow: str = "train",
    status: Status = "succeeded",
    project: str = "/here",
    fingerprint: str | None = None,
    inputs: tuple[str, ...] = (),
) -> RunPaths:
    """A folder as a run leaves it that began so many days ago; the index is not told."""
    paths = home.run(name)
    paths.root.mkdir(parents=True)
    folder.write(paths.submitted, asked(workflow, project, fingerprint, inputs))
    known = state.submitted(stamp(days))
    if status == "succeeded":
        for number, step in enumerate(("provisioning", "running", "collecting"), 1):
            at = stamp(days - number / 86400)
            known = state.advance(known, step, at)  # type: ignore[arg-type]
    if status != "pending":
        known = state.advance(known, status, stamp(days - 4 / 86400), exit_code=0)
    folder.write(paths.state, known.document())
    paths.log.write_text("said\n")
    return paths


def asked(
    workflow: str = "train",
    project: str = "/here",
    fingerprint: str | None = None,
    inputs: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "workflow": workflow,
        "executor": "local",
        "plan": {"jobs": [{"command": [], "variables": {}}]},
        "source": {},
        "project": project,
        "fingerprint": None if fingerprint is None else {"digest": fingerprint},
        "dependencies": [{"mode": "run", "run": run} for run in inputs],
    }
