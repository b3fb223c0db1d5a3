r"""The status of a run, and the only ways it can change.

::

    pending -> provisioning -> running -> collecting -> succeeded | failed | cancelled
       \\____________\\____________\\__________\\______-> failed | cancelled | lost

A terminal status never changes, and no status goes back. Files that somebody adds have been pending
and collecting when they appear, and have succeeded.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Status = Literal[
    "pending", "provisioning", "running", "collecting", "succeeded", "failed", "cancelled", "lost"
]

_EARLY_ENDS: tuple[Status, ...] = ("failed", "cancelled", "lost")
_NEXT: MappingProxyType[Status, tuple[Status, ...]] = MappingProxyType(
    {
        "pending": ("provisioning", *_EARLY_ENDS),
        "provisioning": ("running", *_EARLY_ENDS),
        "running": ("collecting", *_EARLY_ENDS),
        "collecting": ("succeeded", *_EARLY_ENDS),
        "succeeded": (),
        "failed": (),
        "cancelled": (),
        "lost": (),
    }
)
TERMINAL: tuple[Status, ...] = ("succeeded", *_EARLY_ENDS)


class IllegalTransitionError(Exception):
    """A bug in wf: a status that cannot follow."""


class State(NamedTuple):
    """Where a run is in its life.

    ``history`` holds every status with the time it was entered, UTC in ISO 8601. ``reason`` is
    one word for programs and ``message`` a sentence for people; ``exit_code`` is the job's own,
    with 128 + n for signal n (POSIX shells), or ``None`` if it never ran or its end is unknown.
    ``hint`` is what to type after a failure, where that is known.
    """

    status: Status
    history: tuple[tuple[Status, str], ...]
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    hint: str | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing can follow."""
        return self.status in TERMINAL

    def entered(self, status: Status) -> str | None:
        """When the run got that status."""
        return next((at for known, at in self.history if known == status), None)

    @property
    def finished_at(self) -> str | None:
        """When it ended."""
        return self.history[-1][1] if self.terminal else None

    def document(self) -> dict[str, Any]:
        """The state as it is written."""
        return {
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "exit_code": self.exit_code,
            "hint": self.hint,
            "history": [list(entry) for entry in self.history],
        }


def submitted(at: str) -> State:
    """The first state of every run."""
    return State("pending", (("pending", at),))


def added(at: str, until: str) -> State:
    """The only state of files that somebody added by hand: no job, and nobody saw it before."""
    first = submitted(at)
    history: tuple[tuple[Status, str], ...] = (("collecting", at), ("succeeded", until))
    return first._replace(
        status="succeeded",
        history=(*first.history, *history),
        reason="added",
        message="its files were added by hand",
    )


def advance(  # noqa: PLR0913 - the facts of one transition
    state: State,
    status: Status,
    at: str,
    *,
    reason: str | None = None,
    message: str | None = None,
    exit_code: int | None = None,
    hint: str | None = None,
) -> State:
    """The state after a transition.

    Raises:
        IllegalTransitionError: ``status`` cannot follow the present one.
    """
    if status not in _NEXT[state.status]:
        raise IllegalTransitionError(f"{state.status} -> {status}")
    return state._replace(
        status=status,
        history=(*state.history, (status, at)),
        reason=reason,
        message=message,
        exit_code=state.exit_code if exit_code is None else exit_code,
        hint=hint,
    )


def parse(document: dict[str, Any]) -> State:
    """The state that was written."""
    return State(
        status=document["status"],
        history=tuple((status, at) for status, at in document["history"]),
        reason=document["reason"],
        message=document["message"],
        exit_code=document["exit_code"],
        hint=document.get("hint"),  # not written by older versions
    )
