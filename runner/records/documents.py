"""A run as one document, from the small files of its folder (``docs/reference/json.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.records import folder, manifests, phases

if TYPE_CHECKING:
    from runner.paths import RunPaths

_SERVED = ("ports", "service")
_ENVIRONMENT = ("kind", "fingerprint", "python", "lock")
_CONTAINER = ("id", "image", "image_id")
_ENFORCED = ("cpus", "memory", "gpus", "processes")
_RESTORED = ("files", "bytes", "checkpoint")
_USAGE = ("wall_seconds", "cpu_seconds", "peak_memory")


def of_run(paths: RunPaths) -> dict[str, Any] | None:
    """The whole run as one JSON document (``docs/reference/json.md``), or ``None``."""
    submitted, state = folder.read_submitted(paths), folder.read_state(paths)
    if submitted is None or state is None:
        return None
    nothing_granted: dict[str, Any] = {"cpus": [], "gpus": [], "memory": None}
    granted = folder.whole(paths.granted, nothing_granted) or nothing_granted
    # what older versions did not write
    granted = {"simulated_gpus": 0, "queue": None, **granted}
    served = folder.whole(paths.served, _SERVED) or {"ports": [], "service": None}
    jobs = submitted["plan"]["jobs"]  # files that were added by hand had none
    job = jobs[-1] if jobs else {"command": None, "variables": {}}
    told = phases.reported(folder.read_notes(paths))
    over = state.terminal and bool(jobs)
    waited = (granted["queue"] or {}).get("waited_seconds")
    return {
        "schema_version": 1,
        "name": paths.root.name,
        "workflow": submitted["workflow"],
        "status": state.status,
        "reason": state.reason,
        "message": state.message,
        "hint": state.hint,
        "failure": folder.read(paths.failure) if state.terminal else None,
        "exit_code": state.exit_code,
        "executor": submitted["executor"],
        "submitted_at": state.history[0][1],
        "started_at": state.entered("running"),
        "finished_at": state.finished_at,
        "history": [{"status": status, "at": at} for status, at in state.history],
        "waiting": folder.read_waiting(paths, state.status),
        "progress": folder.read_progress(paths, state.status),
        "command": job["command"],
        "resources": {**granted, "enforced": folder.whole(paths.enforced, _ENFORCED)},
        "ports": served["ports"],
        "service": served["service"],
        "environment": _environment(paths),
        "container": _container(paths),
        "source": submitted["source"],
        "project": submitted.get("project"),
        "fingerprint": submitted.get("fingerprint"),
        "variables": job["variables"],
        "secrets": job.get("secrets", []),
        "dependencies": submitted.get("dependencies", []),
        "resumed_from": submitted.get("resumed_from"),
        "restored": _restored(paths),
        "added": submitted.get("added", []),
        "artifacts": [artifact.summary() for artifact in manifests.known(paths)],
        # what is in them takes time to read: looking.with_metrics
        "metrics": None,
        "notes": told.notes,
        "phases": phases.phases(state.history, waited, told.seconds) if over else None,
        "samples": dict(told.samples) if over else None,
        "attempts": folder.read_attempts(paths),
        "usage": _usage(paths),
        "plan": submitted["plan"],
    }


def _environment(paths: RunPaths) -> dict[str, Any] | None:
    """The environment, with what older versions did not write."""
    found = folder.whole(paths.environment, _ENVIRONMENT)
    return found and {"as_of": None, "locked": None, **found}


def _container(paths: RunPaths) -> dict[str, Any] | None:
    """The container of its job; what else is written of it is for whoever finds it."""
    found = folder.whole(paths.container, _CONTAINER)
    return found and {key: found[key] for key in _CONTAINER}


def _restored(paths: RunPaths) -> dict[str, Any] | None:
    """What the run was given back of the one that it goes on from."""
    found = folder.whole(paths.restored, _RESTORED)
    return found and {key: found[key] for key in _RESTORED}


def _usage(paths: RunPaths) -> dict[str, Any] | None:
    """What the job used, with what older versions did not write."""
    found = folder.whole(paths.usage, _USAGE)
    return found and {"cpu": None, "memory": None, "gpus": [], "samples": None, **found}
