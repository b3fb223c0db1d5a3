"""The end of a log -> the error that ended the job: whose, where, and in which words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.failing import pytests
from runner.engine.failing.failure import Place
from runner.engine.failing.screen import moving
from runner.engine.failing.tracebacks import tracebacks, without_rank

if TYPE_CHECKING:
    from runner.engine.failing.known import Known
    from runner.engine.failing.tracebacks import Frame, Traceback

# what follows a traceback that did not end the job: it was caught, and printed
_TALK = 40
_END = 60
_LAST = 12
_WIDTH = 300
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python\d|^<frozen ")
# torchrun's account of the processes it started (torch.distributed.elastic)
_LAUNCHER = re.compile(
    r"\.ChildFailedError:|\.SignalException:|^SystemExit\b|^KeyboardInterrupt\b"
    r"|\.Process(?:Exited|Raised)Exception:"
)
_ROOT_CAUSE = re.compile(
    r"^Root Cause \(first observed failure\):.*?^\s*rank\s*: (?P<rank>\d{1,5}) .*?"
    r"^\s*exitcode\s*: (?P<code>-?\d{1,3})\b.*?^\s*traceback\s*: (?P<said>[^\n]*)",
    re.MULTILINE | re.DOTALL,
)
# what a rank says when it was another one that failed
_BEREFT = re.compile(
    r"Connection closed by peer|Connection reset by peer|Broken pipe|NCCL (?:error|communicator)"
    r"|ncclRemoteError|ncclSystemError|Watchdog caught collective|EOFError"
    r"|DistNetworkError|DistStoreError|Broken process pool"
)
_OF_LAUNCHERS = re.compile(
    r"^[WEI]\d{4} \d\d:\d\d:\d\d|torch/distributed/|^\s*(?:time|host|rank|exitcode|error_file"
    r"|traceback)\s*: |^(?:Failures|Root Cause.*):$|^\[\d+\]:$|^\S+ FAILED$"
    r"|^\s+<NO_OTHER_FAILURES>$"
    r"|^wandb: |^\s*warnings\.warn\(|^srun: "
)
_OF_SHELLS = re.compile(r"^(?P<path>[^\s:]{1,300}): line (?P<line>\d{1,7}): ")


class Reading(NamedTuple):
    """What the end of a log tells of the error.

    ``error`` are its own words, ``before`` those of the errors that it came of, ``end`` the last
    lines of the log; ``source`` is the line of code at ``place``.
    """

    error: tuple[str, ...]
    before: tuple[str, ...]
    end: tuple[str, ...]
    place: Place | None = None
    rank: int | None = None
    source: str = ""
    code: int | None = None
    traced: bool = False
    """Whether there is a traceback of it."""
    innermost: str = ""
    """The file of the innermost frame, as printed."""
    caller: str = ""
    """That of the frame that called it."""


def read(lines: list[str], known: Known) -> Reading:
    """The error among the lines."""
    root = _root_cause(lines)
    rank = root.rank if root else None
    found = tracebacks(lines)
    end = tuple(without_rank(line) for line in _said(lines, found)[-_END:])
    chosen = _chosen(_recent(found, lines), rank)
    if chosen is not None:
        reading = _traced(chosen, found, end, known)
        return reading._replace(rank=reading.rank if reading.rank is not None else rank)
    tested = pytests.read(lines)
    if tested is not None:
        place, error = tested
        return Reading(error, (), end, place, traced=True)
    if root is not None:
        return Reading((root.said,), (), end, None, rank, code=root.code)
    return Reading(end[-_LAST:], (), end, _of_shell(end, known))


def _said(lines: list[str], found: list[Traceback]) -> list[str]:
    """The lines without what launchers say, and without what moved."""
    launchers = (one for one in found if _LAUNCHER.search(one.error[0]))
    covered = {number for one in launchers for number in range(one.start, one.end + 1)}
    return [
        line
        for number, line in enumerate(lines)
        if number not in covered and not moving(line) and not _OF_LAUNCHERS.search(line)
    ]


def _recent(found: list[Traceback], lines: list[str]) -> list[Traceback]:
    """Those that nothing but talk follows."""
    if not found:
        return []
    covered = {number for one in found for number in range(one.start, one.end + 1)}
    rest = [
        number
        for number, line in enumerate(lines)
        if number not in covered and not moving(line) and not _OF_LAUNCHERS.search(line)
    ]
    return [one for one in found if sum(number > one.end for number in rest) <= _TALK]


def _chosen(found: list[Traceback], rank: int | None) -> Traceback | None:
    """The one that ended the job: of several ranks that of the first to fail."""
    own = [one for one in found if not _LAUNCHER.search(one.error[0])]
    if not own:
        return None
    of_root = [one for one in own if one.rank == rank is not None]
    if of_root:
        return of_root[-1]
    if len({one.rank for one in own}) > 1 or len(own) < len(found):
        first = next((one for one in own if not _BEREFT.search("\n".join(one.error))), own[0])
        return _last_of_chain(first, own)
    return own[-1]


def _last_of_chain(first: Traceback, own: list[Traceback]) -> Traceback:
    """What an error became: of a chain the last is what ended the process."""
    last = first
    for one in own:
        if one.rank == first.rank and one.start > last.end and one.follows:
            last = one
    return last


def _traced(
    chosen: Traceback, found: list[Traceback], end: tuple[str, ...], known: Known
) -> Reading:
    chain = [one for one in found if one.rank == chosen.rank and one.end < chosen.start]
    before = _chain(chosen, chain)
    place, source = _place(chosen.frames, known)
    for one in reversed(before):
        if place is None:
            place, source = _place(one.frames, known)
    said = tuple(line for one in before for line in one.error)
    return Reading(
        chosen.error,
        said,
        end,
        place,
        chosen.rank,
        source,
        traced=True,
        innermost=chosen.frames[-1].path,
        caller=chosen.frames[-2].path if len(chosen.frames) > 1 else "",
    )


def _chain(chosen: Traceback, earlier: list[Traceback]) -> list[Traceback]:
    """Those that it was raised from, or stands within."""
    chain: list[Traceback] = []
    last = chosen
    for one in reversed(earlier):
        handed_on = last.start - one.end <= 4 and not chain  # noqa: PLR2004 - an empty line, a head
        if not (last.follows or handed_on):
            break
        chain.insert(0, one)
        last = one
    return chain


def _place(frames: tuple[Frame, ...], known: Known) -> tuple[Place | None, str]:
    """The innermost line of the user's own code."""
    for frame in reversed(frames):
        if not _LIBRARY.search(frame.path):
            below = known.below(frame.path) or frame.path
            function = frame.function if frame.function != "<module>" else None
            return Place(below[:_WIDTH], frame.line, function), frame.code
    return None, ""


class _RootCause(NamedTuple):
    """The rank that torchrun names as the first to fail, and how: negative for a signal."""

    rank: int
    code: int
    said: str


def _root_cause(lines: list[str]) -> _RootCause | None:
    last = None
    for number, line in enumerate(lines):
        if line.startswith("Root Cause ("):
            last = number
    found = last is not None and _ROOT_CAUSE.search("\n".join(lines[last : last + 12]))
    return _RootCause(int(found["rank"]), int(found["code"]), found["said"]) if found else None


def _of_shell(end: tuple[str, ...], known: Known) -> Place | None:
    """The line of a shell script that its shell complains of, where it lies in the project."""
    for line in reversed(end[-3:]):
        found = _OF_SHELLS.match(line)
        if found and (below := known.below(found["path"])) and known.copied(below):
            return Place(below, int(found["line"]))
    return None
