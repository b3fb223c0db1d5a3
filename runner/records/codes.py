"""The code that a command has for the shell when a run has ended. Pure."""

from __future__ import annotations

import signal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERMINATED = errors.SIGNAL_BASE + signal.SIGTERM
# reasons that have a code of their own, whatever the job's own was
_OF_REASONS = MappingProxyType(
    {
        "interrupted": errors.INTERRUPTED,
        "stopped": _TERMINATED,
        "aborted": _TERMINATED,
        "terminated": _TERMINATED,
        "dependency": errors.UNSATISFIABLE,
        "max_duration": errors.TIMED_OUT,
        "storage": errors.STORAGE,
        "environment": errors.ENVIRONMENT,
        "busy": errors.BUSY,
        "cannot_be_satisfied": errors.UNSATISFIABLE,
        "internal_error": errors.INTERNAL,
    }
)
# those for which the job's own code stands, and what stands where it had none
_OF_JOBS = MappingProxyType(
    {
        "exit_code": errors.INTERNAL,
        "signal": errors.INTERNAL,
        "out_of_memory": errors.INTERNAL,
        "no_space": errors.STORAGE,
    }
)


def shell_code(status: str, reason: str | None, exit_code: int | None) -> int | None:
    """The code of a run of that status, reason and job's code; ``None`` while it is not over.

    A run that did not succeed never has 0: a job that exited with 0 when it was stopped, or whose
    artifacts could not be kept, has not done what was asked of it.
    """
    if status == "succeeded":
        return errors.OK
    if status == "lost":
        return errors.LOST
    if status not in {"failed", "cancelled"}:
        return None
    known = _OF_REASONS.get(reason or "")
    if known is not None:
        return known
    return exit_code or _OF_JOBS.get(reason or "", errors.INTERNAL)


def of_document(document: Mapping[str, Any]) -> int | None:
    """The same of a run's document, or of a row of ``wf ps --json``."""
    return shell_code(document["status"], document["reason"], document["exit_code"])
