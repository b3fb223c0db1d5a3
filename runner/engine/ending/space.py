"""Whether a disk that a job writes to is full: often that is why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.disks import full
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.engine.ending.verdict import Verdict
    from runner.paths import RunPaths

_KIND = "no_space"
_EXPLAINED = ("exit_code", "signal")


def explained(verdict: Verdict, paths: RunPaths, variables: Mapping[str, str]) -> Verdict:
    """The verdict on a job that failed, and says so if it was for want of space.

    ``variables`` are the job's caller's: they name the folder for temporary files.
    """
    if verdict.status != "failed" or verdict.reason not in _EXPLAINED:
        return verdict
    temporary = variables.get("TMPDIR") or "/tmp"  # noqa: S108 - where a job writes, not we
    found = full((str(paths.root), temporary))
    told = (folder.read(paths.failure) or {}).get("cause") == _KIND
    if found is None:
        # the job may have taken away by then what filled it
        return verdict._replace(reason=_KIND) if told else verdict
    hint = verdict.hint if told and verdict.hint else found.hint
    return verdict._replace(reason=_KIND, message=f"{verdict.message}; {found.said}", hint=hint)
