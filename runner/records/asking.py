"""That somebody asked for a run's end: who, how, and whether its artifacts are to be given up.

Whoever asks writes it first and then signals the process that carries the run out, which reads it
when the signal arrives. So a signal that nobody wrote anything for came from outside.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from runner.records import folder
from runner.stamps import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from runner.paths import RunPaths

By = Literal["stop", "interrupt", "terminated"]


class Asked(NamedTuple):
    """Somebody asked for a run's end.

    ``by`` is how: ``stop`` is ``wf stop`` (or SIGTERM to the ``wf run`` that shows it),
    ``interrupt`` Ctrl-C, ``terminated`` a signal from outside. ``signal`` is what the job is to
    be sent. ``abort``: end it at once and collect nothing. ``at`` is when, UTC in ISO 8601.
    """

    by: By
    signal: str
    abort: bool
    at: str

    @property
    def number(self) -> int:
        """The signal's number."""
        return signal.Signals[self.signal].value


def request(by: By, number: int, now: datetime, *, abort: bool = False) -> Asked:
    """A request of this moment."""
    at = stamp(now)
    return Asked(by, signal.Signals(number).name, abort, at)


def write(paths: RunPaths, asked: Asked, *, impatient: bool = False) -> None:
    """Put it on the record. Who asked to abort is not overruled by who asks for less.

    ``wf stop`` twice is one request: the first stays, unless the second one is ``impatient``.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    before = read(paths)
    again = asked.by == "stop" and not impatient
    if before is not None and before.abort >= asked.abort and (before.abort or again):
        return
    folder.write(paths.asked, asked._asdict(), durable=False)


def read(paths: RunPaths) -> Asked | None:
    """What was asked last; ``None`` when nobody did, or it cannot be read."""
    found = folder.read(paths.asked)
    try:
        if found is None or found["by"] not in get_args(By):
            return None
        asked = Asked(found["by"], found["signal"], bool(found["abort"]), str(found["at"]))
        _ = asked.number
    except (KeyError, TypeError):
        return None
    return asked


def aborted(paths: RunPaths) -> bool:
    """Whether somebody wants it ended at once, with nothing collected."""
    asked = read(paths)
    return asked is not None and asked.abort
