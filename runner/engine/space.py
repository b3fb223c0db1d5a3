"""Whether a disk that a job writes to is full: often that is why it failed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.records import folder
from runner.units import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.engine.verdict import Verdict
    from runner.paths import RunPaths

# a disk with less is full: a job that needs another block gets none soon
_LITTLE = 1 << 20
_KIND = "no_space"
_EXPLAINED = ("exit_code", "signal")


class Full(NamedTuple):
    """A disk that is full: where it is mounted, and how much of what is left."""

    mount: str
    left: str

    @property
    def said(self) -> str:
        """The same in words."""
        return f"the disk mounted at {self.mount} is full ({self.left})"


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
    hint = (
        verdict.hint if told and verdict.hint else f"make room: du -xh -d1 {found.mount} | sort -h"
    )
    return verdict._replace(reason=_KIND, message=f"{verdict.message}; {found.said}", hint=hint)


def full(folders: Iterable[str]) -> Full | None:
    """The first disk of these folders that is full."""
    for one in folders:
        try:
            known = os.statvfs(one)
        except OSError:
            continue
        free, size = known.f_bavail * known.f_frsize, known.f_blocks * known.f_frsize
        if size and free < _LITTLE:
            return Full(_mount(one), f"{amount(free)} of {amount(size)} left")
        if known.f_files and not known.f_favail:
            return Full(_mount(one), "no file more can be made on it")
    return None


def _mount(path: str) -> str:
    """Where the disk that holds a folder is mounted."""
    found = os.path.realpath(path)
    while not os.path.ismount(found):
        found = os.path.dirname(found)
    return found
