"""Whether what is found of a container tells how its job ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from runner.containers.values import State


class Found(NamedTuple):
    """A container of a run that nobody carries out, and what may have ended it.

    ``began_with`` names the process that listened for its daemon when it was started, ``listens``
    the one that does now; ``""`` where that cannot be told. ``kept``: the daemon lets containers go
    on while it is away. ``restarted``: the machine was, since. ``cut_short``: somebody who found it
    before has begun to end it.
    """

    state: State
    began_with: str
    listens: str
    kept: bool
    restarted: bool
    cut_short: bool


def by_itself(found: Found) -> bool:
    """Whether its job has come to its end, and was not brought to it.

    A daemon that was stopped has ended its containers, and says as little as they do: a job that
    took that for a request may have exited with 0.
    """
    if not found.state.over or found.restarted or found.cut_short:
        return False
    same = bool(found.listens) and found.listens == found.began_with
    return same or (found.kept and not found.state.doubtful)
