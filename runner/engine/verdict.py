"""What the end of a job's process means for its run. Pure."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

from runner import errors
from runner.units import amount, count, duration

if TYPE_CHECKING:
    from runner.process.confinement.interface import MemoryUse
    from runner.process.values import Exit

# `--memory` takes whole numbers of these
_UNITS = ((1 << 30, "GiB"), (10**9, "GB"), (1 << 20, "MiB"), (10**6, "MB"))


class Verdict(NamedTuple):
    """What an exit means for the run."""

    status: str
    reason: str
    message: str
    exit_code: int
    shell_code: int
    hint: str | None = None


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
    if _ran_out(exited) and code:
        return _out_of_memory(exited, code)
    if exited.signal is not None:
        name = signal.Signals(exited.signal).name
        hint = ""
        if exited.signal == signal.SIGKILL:
            hint = "; wf did not send it: most likely the machine ran out of memory"
        return Verdict("failed", "signal", f"the job was ended by {name}{hint}", code, code)
    if exited.code:
        return Verdict("failed", "exit_code", f"the job exited with {code}", code, code)
    return Verdict("succeeded", "exit_code", "the job exited with 0", 0, 0)


def shortcomings(exited: Exit) -> list[str]:
    """What else is to be told of an end, whatever its verdict."""
    said = []
    if exited.left_behind:
        were = "was" if exited.left_behind == 1 else "were"
        left = count(exited.left_behind, "process", "processes")
        said.append(f"{left} of the job outlived it and {were} ended")
    if exited.stuck:
        said.append(f"{count(exited.stuck, 'process', 'processes')} of the job cannot be ended")
    if _ran_out(exited) and not shell_code(exited):
        said.append(f"the job succeeded although {_killed(exited)}")
    if exited.log_error:
        said.append(f"the log is incomplete: {exited.log_error}")
    return said


def _ran_out(exited: Exit) -> bool:
    return exited.memory is not None and exited.memory.killed > 0


def _out_of_memory(exited: Exit, code: int) -> Verdict:
    """The job itself was ended, or failed of what happened to another of its processes."""
    assert exited.memory is not None  # noqa: S101 - it ran out of it
    if exited.signal == signal.SIGKILL:
        message = f"the job was ended, as it ran out of memory ({_of_limit(exited.memory)})"
    elif exited.signal is not None:
        name = signal.Signals(exited.signal).name
        message = f"the job was ended by {name}: {_killed(exited)}"
    else:
        message = f"the job exited with {code}: {_killed(exited)}"
    more = _size(2 * exited.memory.limit)
    hint = f"run it with `--memory {more}`, or let it need less (smaller batches, fewer workers)"
    return Verdict("failed", "out_of_memory", message, code, code, hint)


def _killed(exited: Exit) -> str:
    assert exited.memory is not None  # noqa: S101 - it ran out of it
    killed = exited.memory.killed
    were = "was" if killed == 1 else "were"
    processes = count(killed, "process", "processes")
    return f"{processes} of it {were} ended, as it ran out of memory ({_of_limit(exited.memory)})"


def _of_limit(memory: MemoryUse) -> str:
    limit = f"limit {amount(memory.limit)}"
    return limit if memory.peak is None else f"{limit}, peak {amount(memory.peak)}"


def _size(size: int) -> str:
    """An amount of memory as it is typed, in the unit it was probably typed in."""
    for unit, name in _UNITS:
        if size % unit == 0 or (size >= unit and name in {"GB", "MB"}):
            return f"{-(-size // unit)}{name}"
    return f"{-(-size // _UNITS[-1][0])}{_UNITS[-1][1]}"


def shell_code(exited: Exit) -> int:
    """The code as a shell gives it: 128 + n for signal n."""
    if exited.signal is not None:
        return errors.SIGNAL_BASE + exited.signal
    return exited.code or 0


def cancelled_code(number: int) -> int:
    """The code of a command that was ended by a signal from outside."""
    return errors.INTERRUPTED if number == signal.SIGINT else errors.SIGNAL_BASE + number
