"""A run's folders in the hands of a job that is somebody else than the caller, and back again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runner.containers.giving import give, give_back

if TYPE_CHECKING:
    from runner.containers.daemon import Daemon
    from runner.executors.docker.command import JobContainer


def hand_over(daemon: Daemon, command: JobContainer) -> None:
    """Before it starts: they are its own, unless it is root, who may write to what is not.

    One that only reads can do without: so it is tried all the same, and said in the run's notes.
    """
    if command.taken:
        user = command.spec.user
        why = give(daemon, command.spec.image, user, command.owned)
        said = f"what the run has stays yours, and the job ({user}) cannot write to it"
        _note(command, said, why)


def take_back(daemon: Daemon, command: JobContainer) -> None:
    """After its end: what it wrote belongs to the caller, whoever it was inside."""
    why = give_back(daemon, command.spec.image, command.caller, command.owned)
    _note(command, f"what the job wrote as {command.spec.user} stays theirs", why)


def _note(command: JobContainer, said: str, why: str | None) -> None:
    if why is not None and command.notes is not None:
        with suppress(OSError), command.notes.open("a", encoding="utf-8") as notes:
            notes.write(f"{said}: {why}\n")
