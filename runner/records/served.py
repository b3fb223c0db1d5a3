"""The address of a run's service: whole only where its job lives, as its token is on no disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.envvars import WF_RUN
from runner.process import variables
from runner.records import folder

if TYPE_CHECKING:
    from runner.paths import RunPaths

HIDDEN = "…"
"""What stands on the record in place of the token."""


def whole(paths: RunPaths, url: str, pid: int) -> str:
    """The address with its token, which the job's first process ``pid`` was given as a variable.

    As it was where that cannot be read: the process has ended, or is another user's.
    """
    known = folder.read(paths.served) or {}
    job = variables.of(pid)
    token = job.get(str(known.get("token_variable")))
    if not token or job.get(WF_RUN) != paths.root.name:
        return url
    return url.replace(HIDDEN, token)
