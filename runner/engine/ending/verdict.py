"""What the end of a job's process means for its run, and that on the disk."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, NamedTuple

from runner import errors
from runner.records import folder
from runner.records.codes import shell_code as code_of
from runner.units import amount, count, duration

if TYPE_CHECKING:
    from runner.paths import RunPaths
    from runner.process.confinement.interface import MemoryUse
    from runner.process.values import Exit
    from runner.records.asking import Asked

# `--memory` takes whole numbers of these
_UNITS = ((1 << 30, "GiB"), (10**9, "GB"), (1 << 20, "MiB"), (10**6, "MB"))


_KEPT_ALIVE = (
    'start it again, or `wf resume` it; with "live-restore": true in its daemon.json, a daemon lets'
    " containers go on while it is away"
)
_ENDS = ("succeeded", "failed", "cancelled", "lost")


class Verdict(NamedTuple):
    """What an exit means for the run.

    ``exit_code`` is the job's own; ``None`` when it never ran.
    """

    status: str
    reason: str
    message: str
    exit_code: int | None
    hint: str | None = None

    @property
    def shell_code(self) -> int:
        """The code of the command that shows the run."""
        found = code_of(self.status, self.reason, self.exit_code)
        assert found is not None  # noqa: S101 - a verdict is an end
        return found

    def document(self) -> dict[str, Any]:
        """The verdict as it is written."""
        return {**self._asdict(), "shell_code": self.shell_code}


def write(paths: RunPaths, verdict: Verdict) -> None:
    """Make it last, before anything else is done: it is how the run ended, if wf dies now.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    folder.write(paths.verdict, verdict.document())


def read(paths: RunPaths) -> Verdict | None:
    """What a run's job came to; ``None`` when that is not on the disk."""
    found = folder.read(paths.verdict) or {}
    try:
        said = Verdict(*(found[name] for name in Verdict._fields))
    except KeyError:
        return None
    return said if said.status in _ENDS else None


def judge(exited: Exit, asked: Asked | None = None) -> Verdict:
    """What an exit means: the first rule that fits.

    ``asked`` is who asked for the end, as far as that is known.
    """
    if exited.lost is not None:
        said = f"how the job ended is not known: {exited.lost}"
        return Verdict("lost", "daemon_lost", said, None, _KEPT_ALIVE)
    return _judge(exited, asked)


def _judge(exited: Exit, asked: Asked | None) -> Verdict:
    code = shell_code(exited)
    forced = " and had to be killed (SIGKILL)" if signal.SIGKILL in exited.asked[1:] else ""
    if exited.limit is not None:
        message = f"it ran for longer than max_duration ({duration(exited.limit)}) allows{forced}"
        return Verdict("failed", "max_duration", message, code)
    if exited.asked:
        return cancelled(exited.asked[0], asked, code, forced)
    if _ran_out(exited) and code:
        return _out_of_memory(exited, code)
    if exited.signal is not None:
        name = signal.Signals(exited.signal).name
        hint = ""
        if exited.signal == signal.SIGKILL:
            hint = "; wf did not send it: most likely the machine ran out of memory"
        return Verdict("failed", "signal", f"the job was ended by {name}{hint}", code)
    if exited.code:
        return Verdict("failed", "exit_code", f"the job exited with {code}", code)
    return Verdict("succeeded", "exit_code", "the job exited with 0", 0)


def cancelled(
    first: int, asked: Asked | None, exit_code: int | None = None, how: str = ""
) -> Verdict:
    """The end that somebody asked for. ``first`` is the first signal, ``how`` ends the sentence.

    Ctrl-C is known by its signal. Any other that nobody wrote anything for came from outside:
    from whoever shuts the machine down, say.
    """
    name = signal.Signals(first).name
    if asked is not None and asked.abort:
        return Verdict("cancelled", "aborted", f"aborted by the user{how}", exit_code)
    if first == signal.SIGINT or (asked is not None and asked.by == "interrupt"):
        message = f"interrupted by the user ({name}){how}"
        return Verdict("cancelled", "interrupted", message, exit_code)
    if asked is not None and asked.by == "stop":
        return Verdict("cancelled", "stopped", f"stopped by the user ({name}){how}", exit_code)
    message = f"wf was asked to end from outside ({name}){how}"
    return Verdict("cancelled", "terminated", message, exit_code)


def given_up(verdict: Verdict, asked: Asked | None) -> Verdict:
    """What a verdict becomes when the artifacts are given up while they are collected."""
    if verdict.reason == "aborted":
        return verdict
    how = f" while it was collecting ({verdict.message})"
    return cancelled(signal.SIGTERM, asked, verdict.exit_code, how)


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
    return Verdict("failed", "out_of_memory", message, code, hint)


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
