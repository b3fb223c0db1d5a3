"""How long a job probably goes on: made of how far it said it was, look by look. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from runner.engine.accounting.progress import Progress


class _Look(NamedTuple):
    """``done`` of ``all`` (epochs, or the whole as 1) at the time ``at``, in seconds."""

    done: float
    all: float
    at: float


class Outlook:
    """What is known of one job's way so far.

    What is left is that of the whole job, never of one epoch: the epochs left, by the time an epoch
    took. Where the job does not say how many epochs there are, nobody knows.
    """

    def __init__(self) -> None:
        self._first: _Look | None = None
        self._last: _Look | None = None
        self._from_zero = False
        self._epoch: Progress | None = None
        self._restarted = False
        self._said: tuple[float, float] | None = None
        self.told: Progress | None = None
        """What it said last, with the epoch that it said before."""

    @property
    def fraction(self) -> float | None:
        """How much of the whole is done, from 0 to 1, where that is known."""
        return self._last.done / self._last.all if self._last and self._last.all else None

    def look(self, told: Progress | None, at: float) -> float | None:
        """What is left at the time ``at`` (in seconds), or ``None`` where it cannot be told."""
        if told is not None:
            self._note(told, at)
        return self._left(at)

    def _note(self, told: Progress, at: float) -> None:
        now = self._position(told, at)
        whole = told.whole and now is not None
        self._said = (told.left, at) if whole and told.left is not None else None
        if now is None:
            self._first = self._last = None
            return
        before = self._last
        if before is None or self._first is None or now.all != before.all or now.done < before.done:
            # the job has begun, or begins something else
            self._restarted = self._restarted or before is not None
            self._said = None if self._restarted else self._said
            self._first = self._last = now
        elif now.done > before.done:
            self._last = now

    def _position(self, told: Progress, at: float) -> _Look | None:
        fraction = told.fraction
        told = self.told = self._of_epoch(told)
        if told.epoch is None:
            # a count that began anew was not that of the whole
            if not told.whole or self._restarted or fraction is None:
                return None
            return _Look(fraction, 1.0, at)
        self._from_zero = self._from_zero or told.epoch == 0
        if told.epochs is None:
            return None
        before = told.epoch - (not self._from_zero)
        every = told.epochs + self._from_zero
        return _Look(min(before + (fraction or 0.0), every), float(every), at)

    def _of_epoch(self, told: Progress) -> Progress:
        """Steps alone belong to the epoch that was named last: a long bar hides its name."""
        if told.epoch is not None:
            self._epoch = told
            return told
        known = self._epoch
        if known is None or known.epoch is None:
            return told
        if told.step is not None and known.step is not None and told.step < known.step:
            known = known._replace(epoch=known.epoch + 1)
        self._epoch = known._replace(step=told.step, steps=told.steps)
        return self._epoch

    def _left(self, at: float) -> float | None:
        if self._said is not None:
            left, then = self._said
            return max(0.0, left - (at - then))
        first, last = self._first, self._last
        if first is None or last is None or last.done <= first.done:
            return None
        rate = (last.at - first.at) / (last.done - first.done)
        return max(0.0, (last.all - last.done) * rate - (at - last.at))
