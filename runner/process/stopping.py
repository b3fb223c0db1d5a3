"""What a job is sent, and when, once it is to end. Times are given: seconds of any one clock.

In this order, each step only when those before it were not enough: a notice (SIGUSR1), to jobs
that can be interrupted; the request to end; SIGKILL, when the grace is over or somebody does not
want to wait for that.
"""

from __future__ import annotations

import signal

NOTICE = signal.SIGUSR1
_NEVER = float("inf")


class Stopping:
    """The signals of one job, from its start to its end."""

    def __init__(self, started: float, grace: float, limit: float | None, *, notice: bool) -> None:
        """``grace`` is how long it has from the request on, ``limit`` how long it may run.

        With ``notice`` it is told ahead of its time's end: as long ahead as its grace, which is
        what it needs to save what it has, but not before half of its time is over. When somebody
        asks, it has half of its grace to make use of the notice, and the rest to end.
        """
        self.asked: list[int] = []
        """What it was sent so far, notices left out."""
        self.limit_reached = False
        self._grace = grace
        self._over = _NEVER if limit is None else started + limit
        self._request: int | None = None
        self._request_at = _NEVER
        self._kill_at = _NEVER
        ahead = 0.0 if limit is None else min(grace, limit / 2)
        self._notice_at = self._over - ahead if notice else _NEVER
        self._notice = notice

    def arrived(self, number: int, now: float) -> None:
        """Somebody wants the end; SIGKILL, or who has wanted it before, at once."""
        if number == signal.SIGKILL or self._request is not None:
            self._notice_at = _NEVER
            if number == signal.SIGKILL:
                self._request, self._request_at = number, _NEVER
            elif self._request_at < _NEVER:
                self._request_at = now
            self._kill_at = now if signal.SIGKILL not in self.asked else _NEVER
            return
        self._begin(number, now, now + self._grace / 2 if self._notice else now)
        self._notice_at = now if self._notice else _NEVER

    def unheard(self, now: float) -> None:
        """Nobody takes notices: nothing has to be waited for."""
        self._notice = False
        if self._request_at < _NEVER:
            self._request_at = now

    def due(self, now: float) -> int | None:
        """The next signal to be sent by now; to be asked again until there is none."""
        if self._request is None and now >= self._over:
            self.limit_reached = True
            self._notice_at = _NEVER
            self._begin(signal.SIGTERM, now, now)
        if now >= self._notice_at:
            self._notice_at, self._notice = _NEVER, False
            return NOTICE
        if now >= self._request_at and self._request is not None:
            self._request_at = _NEVER
            return self._sent(self._request)
        if now >= self._kill_at:
            self._kill_at = _NEVER
            return self._sent(signal.SIGKILL)
        return None

    @property
    def next(self) -> float:
        """When something is due, if nothing arrives; infinity: never."""
        moments = [self._notice_at, self._request_at, self._kill_at]
        if self._request is None:
            moments.append(self._over)
        return min(moments)

    def _begin(self, number: int, now: float, at: float) -> None:
        self._request, self._request_at = number, at
        self._kill_at = now + self._grace

    def _sent(self, number: int) -> int:
        self.asked.append(number)
        return number
