"""The attempts at a run's job, where there was more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.paths import RunPaths


class End(Protocol):
    """How one ended."""

    @property
    def exit_code(self) -> int | None:
        """The job's own."""
        ...

    @property
    def reason(self) -> str:
        """One word for programs."""
        ...

    @property
    def message(self) -> str:
        """A sentence for people."""
        ...


class Attempt(NamedTuple):
    """One of them. Times are UTC in ISO 8601; its output begins at byte ``log_offset`` of the log.

    The last four are ``None`` while it goes on.
    """

    number: int
    started_at: str
    log_offset: int
    finished_at: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    message: str | None = None

    def ended(self, at: str, end: End) -> Attempt:
        """The same when it has ended."""
        return self._replace(
            finished_at=at, exit_code=end.exit_code, reason=end.reason, message=end.message
        )


def end_open(paths: RunPaths, at: str, end: End) -> None:
    """Give the attempt an end that was going on when wf was killed. Safe to repeat.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    try:
        known = [Attempt(**attempt) for attempt in folder.read_attempts(paths)]
    except TypeError:  # a newer version knows more of them
        return
    if known and known[-1].finished_at is None:
        last = known[-1]
        write(paths, [*known[:-1], last.ended(max(at, last.started_at), end)])


def write(paths: RunPaths, known: Sequence[Attempt]) -> None:
    """Put all of them so far on the record.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    document = {"attempts": [attempt._asdict() for attempt in known]}
    folder.write(paths.attempts, document, durable=False)
