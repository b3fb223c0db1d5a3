"""What the end of a job's process means for its run. Pure."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

from runner import errors
from runner.units import duration

if TYPE_CHECKING:
    from runner.process.job import Exit


class Verdict(NamedTuple):
    """What an exit means for the run."""

    status: str
    reason: str
    message: str
    exit_code: int
    shell_code: int


def judge(exited: Exit) -> Verdict:
    """What an exit means: the first rule that fits."""
    code = shell_code(exited)
    forced = " and had to be killed" if signal.SIGKILL in exited.asked else ""
    if exited.limit is not None:
        message = f"it ran for longer than max_duration ({duration(exited.limit)}) allows{forced}"
        return Verdict("failed", "max_duration", message, code, errors.TIMED_OUT)
    if exited.asked:
        first = exited.asked[0]
        name = signal.Signals(first).name
        by = "interrupted" if first == signal.SIGINT else "stopped"
        message = f"{by} by the user ({name}){forced}"
        return Verdict("cancelled", by, message, code, cancelled_code(first))
    if exited.signal is not None:
        name = signal.Signals(exited.signal).name
        hint = ""
        if exited.signal == signal.SIGKILL:
            hint = "; wf did not send it: most likely the machine ran out of memory"
        return Verdict("failed", "signal", f"the job was ended by {name}{hint}", code, code)
    if exited.code:
        return Verdict("failed", "exit_code", f"the job exited with {code}", code, code)
    return Verdict("succeeded", "exit_code", "the job exited with 0", 0, 0)


def shell_code(exited: Exit) -> int:
    """The code as a shell gives it: 128 + n for signal n."""
    if exited.signal is not None:
        return errors.SIGNAL_BASE + exited.signal
    return exited.code or 0


def cancelled_code(number: int) -> int:
    """The code of a command that was ended by a signal from outside."""
    return errors.INTERRUPTED if number == signal.SIGINT else errors.SIGNAL_BASE + number
