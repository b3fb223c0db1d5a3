"""A job that is started again: when, after how long, and when no more (``retry``)."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.ending.requests import Requests
from runner.engine.ending.verdict import judge
from runner.engine.execution import carry_out
from runner.engine.fetching import discard
from runner.events import Warned
from runner.records import asking, attempts
from runner.units import duration

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.engine.attempt import Attempt
    from runner.engine.ending.verdict import Verdict
    from runner.engine.execution import Ended
    from runner.environments.interface import Environment
    from runner.spec.workflow import Retry, RetryEvent

_LONGEST_PAUSE_SECONDS = 15.0
# signals that come from outside: a program that fails by itself gets others (SIGSEGV, SIGABRT …)
_FROM_OUTSIDE = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGKILL,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
# a shell ends with 128 + n when signal n has ended its command (POSIX)
_SHELL_CODES = frozenset(128 + number for number in _FROM_OUTSIDE)


def event(verdict: Verdict) -> RetryEvent | None:
    """What an end is to ``retry``; ``None``: nothing to start a job again for.

    That of a job which ran for too long, as in dstack, is none.
    """
    if verdict.status != "failed" or verdict.reason == "max_duration":
        return None
    if verdict.reason in {"signal", "exit_code"} and verdict.exit_code in _SHELL_CODES:
        return "interruption"
    return "error"


class Patience(NamedTuple):
    """How long a job may go on failing. Pure; times are seconds of any one clock.

    dstack counts from the last failure, and so starts a job that fails at once for ever. Here it is
    the first one of a series; a job that ran for longer than ``duration`` begins another.
    """

    retry: Retry
    failures: int = 0
    since: float = 0.0

    def failed(self, started: float, ended: float) -> Patience:
        """After another failure."""
        limit = self.retry.duration
        if not self.failures or (limit is not None and ended - started > limit):
            return self._replace(failures=1, since=ended)
        return self._replace(failures=self.failures + 1)

    @property
    def pause(self) -> float:
        """Seconds to wait before the next attempt: 1, 2, 4 … 15."""
        return min(2.0 ** (min(self.failures, 10) - 1), _LONGEST_PAUSE_SECONDS)

    def over(self, now: float) -> bool:
        """Whether the next attempt would be too late."""
        limit = self.retry.duration
        return limit is not None and now + self.pause - self.since > limit


class Outcome(NamedTuple):
    """What all attempts came to. ``exit_code`` and all else in it are the last one's."""

    ended: Ended
    verdict: Verdict
    stopped: int | None = None
    """The signal of a request to end that came between two attempts."""


def carry_out_patiently(
    attempt: Attempt, environment: Environment, lease: Lease, project: Path
) -> Outcome:
    """Run the job, again and again if its ``retry`` says so. Its devices are kept meanwhile.

    Raises:
        WfError: as :func:`runner.engine.execution.carry_out`.
    """
    retry, paths = attempt.job.retry, attempt.run.paths
    patience = None if retry is None else Patience(retry)
    known: list[attempts.Attempt] = []
    while True:
        began = attempts.Attempt(len(known) + 1, attempt.parts.records.stamp(), _size(paths.log))
        if known:
            attempts.write(paths, [*known, began])
        started = time.monotonic()
        ended = carry_out(attempt._replace(number=began.number), environment, lease, project)
        verdict = judge(ended.exited, asking.read(paths))
        known.append(began.ended(attempt.parts.records.stamp(), verdict))
        if began.number > 1:
            attempts.write(paths, known)
        now = time.monotonic()
        if patience is None or event(verdict) not in patience.retry.on_events:
            return Outcome(ended, _counted(verdict, began.number))
        discard(attempt)
        patience = patience.failed(started, now)
        if patience.over(now):
            failing = f"; it has been failing for {duration(now - patience.since)}"
            return Outcome(ended, _counted(verdict, began.number, failing))
        attempts.write(paths, known)
        attempt.notify(
            Warned(
                f"{verdict.message}; it is started again in {duration(patience.pause)} "
                f"(attempt {began.number + 1})"
            )
        )
        stopped = _rest(attempt, patience.pause)
        if stopped is not None:
            return Outcome(ended, verdict, stopped)


def _counted(verdict: Verdict, number: int, failing: str = "") -> Verdict:
    """The verdict on the last of several attempts."""
    if number == 1 or verdict.status != "failed":
        return verdict
    return verdict._replace(message=f"{verdict.message}, in attempt {number}{failing}")


def _rest(attempt: Attempt, seconds: float) -> int | None:
    """Wait; the signal of whoever wants the end meanwhile."""
    requests = Requests(attempt.session.signals, attempt.run.paths)
    poller = select.poll()
    poller.register(requests, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        poller.poll(left * 1000)
        for number in requests.take():
            if number != signal.SIGWINCH:
                return number
    return None


def _size(path: os.PathLike[str]) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
