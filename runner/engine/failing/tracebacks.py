"""Lines -> the tracebacks of Python among them (docs.python.org, "traceback").

Read are chains, those of syntax errors, which have no head, and those that stand within the
message of another one, as a DataLoader and ``torch.multiprocessing.spawn`` hand them on. Where
several ranks print at once, PyTorch puts ``[rank1]:`` in front (2.2 and later), torchrun
``[default1]:``; these are read apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MESSAGE_LINES = 12
_PREFIX = re.compile(r"^\[(?:rank|default|\w{1,20}?)(?P<rank>\d{1,5})\]:\s?")
# a bar that was on the line before it is still there
_HEAD = re.compile(
    r"^(?:(?P<indent>[\s|+]*)(?:\w+ ){0,2}|.{1,2000}[]\w|%)] ?)"
    r"Traceback \(most recent call last\):\s*$"
)
_FRAME = re.compile(
    r'^(?P<indent>[\s|]*)File "(?P<path>[^"]{1,1000})", line (?P<line>\d{1,9})'
    r"(?:, in (?P<function>.{1,200}))?$"
)
_CHAIN = re.compile(
    r"^[\s|]*(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):$"
)
_SPAWNED = re.compile(r"^-- Process (?P<rank>\d{1,5}) terminated with")
# of Rich, which puts them into a box
_BOXED = re.compile(r"^[│|] (?P<path>[^\s:]{1,1000}):(?P<line>\d{1,9}) in (?P<function>\S{1,200})")
_BOX = re.compile(r"^[╭+][─-]+ Traceback \(most recent call last\) [─-]+")
_BOX_END = re.compile(r"^[╰+][─-]{8,}")
# what others say meanwhile: torchrun, in the form of glog
_LOGGED = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d")
_MARKS = re.compile(r"^[\s~^]+$")


class Frame(NamedTuple):
    """A call: ``path`` as printed, and the line of code, where it was printed too."""

    path: str
    line: int
    function: str | None
    code: str = ""


class Traceback(NamedTuple):
    """One traceback: its frames, outermost first, and the lines of its error.

    ``start`` and ``end`` number the lines it takes; ``follows``: it stands below the one that it
    was raised from, or while handling.
    """

    frames: tuple[Frame, ...]
    error: tuple[str, ...]
    start: int
    end: int
    follows: bool = False
    rank: int | None = None


def tracebacks(lines: list[str]) -> list[Traceback]:
    """All of them, in the order of their last lines."""
    found: list[Traceback] = []
    for rank, numbered in _apart(lines):
        found += _Reader(rank, numbered).read()
    return sorted(found, key=lambda one: one.end)


def without_rank(line: str) -> str:
    """The line as its process printed it."""
    return _PREFIX.sub("", line, count=1)


def _apart(lines: list[str]) -> Iterator[tuple[int | None, list[tuple[int, str]]]]:
    """The lines of each rank, with their numbers."""
    streams: dict[int | None, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines):
        prefix = _PREFIX.match(line)
        rank = None if prefix is None else int(prefix["rank"])
        streams.setdefault(rank, []).append(
            (number, line if prefix is None else line[prefix.end() :])
        )
    yield from streams.items()


class _Reader:
    """Reads the lines of one process."""

    def __init__(self, rank: int | None, lines: list[tuple[int, str]]) -> None:
        self._rank = rank
        self._lines = lines
        self._at = 0
        self._follows = False

    def read(self) -> Iterable[Traceback]:
        while self._at < len(self._lines):
            line = self._lines[self._at][1]
            head = _HEAD.match(line)
            if head is not None:
                yield from self._one(len(head["indent"] or ""), self._at, self._at + 1)
            elif (frame := _FRAME.match(line)) and not frame["function"]:
                yield from self._one(len(frame["indent"]) - 2, self._at, self._at)
            elif _BOX.match(line):
                yield from self._boxed()
            else:
                self._note(line)
                self._at += 1

    def _note(self, line: str) -> None:
        if _CHAIN.match(line):
            self._follows = True
        elif spawned := _SPAWNED.match(line):
            self._rank = int(spawned["rank"])

    def _one(self, indent: int, start: int, body: int) -> Iterable[Traceback]:
        frames: list[Frame] = []
        at = body
        while at < len(self._lines):
            line = self._lines[at][1]
            if frame := _FRAME.match(line):
                frames.append(_frame(frame, self._code(at + 1, len(frame["indent"]))))
            elif line and not line[: indent + 1].isspace():
                break
            at += 1
        error = self._error(at, indent)
        self._at = max(at + len(error), start + 1)
        if frames and error:
            first, last = self._lines[start][0], self._lines[self._at - 1][0]
            yield Traceback(tuple(frames), error, first, last, self._follows, self._rank)
        self._follows = False

    def _code(self, at: int, indent: int) -> str:
        """The line of code below a frame."""
        line = self._lines[at][1] if at < len(self._lines) else ""
        deeper = line[: indent + 1].isspace() and not _FRAME.match(line) and not _MARKS.match(line)
        return line.strip() if deeper else ""

    def _error(self, at: int, indent: int) -> tuple[str, ...]:
        """The error's own lines: up to an empty one, another traceback, or too many."""
        said: list[str] = []
        for _, line in self._lines[at : at + _MESSAGE_LINES]:
            over = _HEAD.match(line) or _CHAIN.match(line) or _SPAWNED.match(line)
            over = over or _LOGGED.match(line)
            if over or (said and not line.strip()):
                break
            said.append(line[indent:] if line[:indent].isspace() else line)
        return tuple(said)

    def _boxed(self) -> Iterable[Traceback]:
        start = self._at
        frames: list[Frame] = []
        while self._at + 1 < len(self._lines):
            self._at += 1
            line = self._lines[self._at][1]
            if frame := _BOXED.match(line):
                frames.append(Frame(frame["path"], int(frame["line"]), frame["function"]))
            elif _BOX_END.match(line):
                break
        self._at += 1
        error = self._error(self._at, 0)
        self._at += len(error)
        if frames and error:
            first, last = self._lines[start][0], self._lines[self._at - 1][0]
            yield Traceback(tuple(frames), error, first, last, self._follows, self._rank)


def _frame(found: re.Match[str], code: str) -> Frame:
    return Frame(found["path"], int(found["line"]), found["function"], code)
