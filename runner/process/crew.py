"""Several helpers of one kind that share a pile of work, on one line after another."""

from __future__ import annotations

import os
import selectors
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_CHUNK = 1 << 16
# one at work, one at hand: together they must fit into a pipe
_AT_ONCE = 2


class Hand(NamedTuple):
    """How each of them is started. ``inherit`` are descriptors kept open in it."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    inherit: tuple[int, ...] = ()


def share_out(lines: Iterable[bytes], hand: Hand, size: int) -> Iterator[bytes]:
    """Start ``size`` helpers, hand each line to one of them, and yield their answers as they come.

    A helper answers every line (of 32 KiB at most) with a line, and ends when its input does. What
    one that ended before its time was working on stays unanswered; the others go on. None outlives
    the iteration, however that ends.

    Raises:
        OSError: a helper cannot be started.
    """
    left = iter(lines)
    with selectors.DefaultSelector() as selector:
        helpers: list[_Helper] = []
        try:
            for _ in range(size):
                helper = _Helper(hand)
                helpers.append(helper)
                selector.register(helper.output, selectors.EVENT_READ, helper)
                helper.take(left, _AT_ONCE)
            while selector.get_map():
                for key, _ in selector.select():
                    helper = key.data
                    answers = helper.answers()
                    if answers is None:
                        selector.unregister(helper.output)
                        continue
                    helper.take(left, len(answers))
                    yield from answers
        finally:
            for helper in helpers:
                helper.end()


class _Helper:
    """One of them."""

    def __init__(self, hand: Hand) -> None:
        self._process = subprocess.Popen(
            list(hand.argv),
            cwd=hand.cwd,
            env=dict(hand.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=hand.inherit,
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - the same
        self._input = self._process.stdin
        self.output = self._process.stdout
        self._heard = b""

    def take(self, lines: Iterator[bytes], number: int) -> None:
        """Hand it so many lines more; tell it when there are no more."""
        for _ in range(number):
            line = None if self._input.closed else next(lines, None)
            if line is None:
                self._input.close()
                return
            with suppress(BrokenPipeError):  # it has ended, as its output will tell
                self._input.write(line + b"\n")

    def answers(self) -> list[bytes] | None:
        """What it has answered since; ``None`` when it will not answer any more."""
        chunk = os.read(self.output.fileno(), _CHUNK)
        if not chunk:
            return None
        *answers, self._heard = (self._heard + chunk).split(b"\n")
        return answers

    def end(self) -> None:
        """It has ended afterwards."""
        self._input.close()
        self.output.close()
        self._process.kill()
        self._process.wait()
