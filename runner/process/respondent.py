"""A helper that answers questions for as long as we live, and may fall silent for good.

A call into a device's driver can hang where not even SIGKILL ends it. So whoever might make such a
call is another process: it has nothing of ours open but the two pipes between us, neither the
terminal nor a lock, and can be left behind.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_CHUNK = 1 << 16
# an answer is never as long, unless it is garbage
_MOST = 1 << 22
# how long an end that we have asked for is waited for, in seconds; SIGKILL takes less, or for ever
_END_SECONDS = 1.0


class Respondent:
    """A program that reads questions, a line each, and answers each with a line.

    An empty line is no answer, but a sign of life. The program is started by the first question,
    and again by the next one when it has ended. It should end when its input does, and have a
    process group of its own, which Ctrl-C does not reach: its session is ours, so that whoever
    looks for the processes of a job does not take it for one. May be used by several threads; a
    process forked from ours starts a program of its own.
    """

    def __init__(self, argv: Callable[[], Sequence[str]], env: Mapping[str, str]) -> None:
        """Nothing is started yet; ``argv`` is asked for when something is."""
        self._argv, self._env = argv, env
        self._turn, self._owner = threading.Lock(), os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._left_behind: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, silence: float, whole: float) -> bytes:
        """The answer to ``question``, without its line feed.

        ``silence`` is how long no sign of life may come, ``whole`` how long it may take
        altogether; in seconds.

        Raises:
            TimeoutError: it took longer. The program is ended, or left behind if that cannot be;
                as long as it lives, no other is started.
            OSError: it cannot be started, or has ended without an answer.
        """
        self._after_fork()
        with self._turn:
            if self._left_behind is not None and self._left_behind.poll() is None:
                raise TimeoutError
            self._left_behind = None
            for again in (False, True):
                process, fresh = self._running()
                try:
                    return _answer(process, question, silence, whole)
                except TimeoutError:
                    self._end(process)
                    raise
                except OSError:
                    self._end(process)
                    # one that somebody has ended between two questions is no failure
                    if fresh or again:
                        raise
            raise AssertionError

    def close(self) -> None:
        """The program ends, if it can. Safe to repeat, and it may be asked again."""
        self._after_fork()
        with self._turn:
            if self._process is not None:
                self._end(self._process, gently=True)

    def _after_fork(self) -> None:
        """The program that our parent talks to is not ours."""
        if os.getpid() == self._owner:
            return
        self._turn, self._owner = threading.Lock(), os.getpid()
        for process in (self._process, self._left_behind):
            if process is not None:
                _shut(process)
                process.returncode = 0  # not our child: nothing to wait for
        self._process = self._left_behind = None

    def _running(self) -> tuple[subprocess.Popen[bytes], bool]:
        """The program, and whether it has just been started."""
        if self._process is not None:
            return self._process, False
        self._process = subprocess.Popen(
            list(self._argv()),
            cwd="/",  # no folder of ours is kept from being removed
            env=dict(self._env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        return self._process, True

    def _end(self, process: subprocess.Popen[bytes], *, gently: bool = False) -> None:
        self._process = None
        _shut(process)
        if gently:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
        process.kill()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._left_behind = process


def _shut(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _answer(
    process: subprocess.Popen[bytes], question: bytes, silence: float, whole: float
) -> bytes:
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101 - the same
    # a question is far smaller than a pipe, and there is never more than one in it
    process.stdin.write(question + b"\n")
    output, heard = process.stdout.fileno(), b""
    poll = select.poll()
    poll.register(output, select.POLLIN)
    end = time.monotonic() + whole
    while True:
        left = min(silence, end - time.monotonic())
        # what is there counts, even if we ourselves were stopped for a while
        if not poll.poll(max(left, 0) * 1000):
            raise TimeoutError
        chunk = os.read(output, _CHUNK)
        heard = (heard + chunk).lstrip(b"\n")
        if not chunk or len(heard) > _MOST:
            raise BrokenPipeError
        if b"\n" in heard:
            return heard.partition(b"\n")[0]
