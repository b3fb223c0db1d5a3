"""Started as a program: starts the nodes of a job side by side and ends as they do.

It imports nothing of wf, and runs on every Python that an image may have (3.7 and newer). What
``nodes.py`` writes for it stands in a variable, which is not passed on. When a node fails, the
others are asked to end and, after the grace, killed; the end of the first that failed is the end
of the whole. A stop asked for from outside reaches the nodes by itself, as they are all in one
process group.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

_LOOK_AGAIN_SECONDS = 0.02
_CANNOT_START = 127
_TOLD = "WF_NODES"


class Nodes:
    """The nodes that run, by process."""

    def __init__(self, group: dict[str, Any]) -> None:
        self._group = group
        self._asked = False
        # a handler, other than "ignore", is not inherited by what the nodes execute
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)
        self._running = {self._start(node): rank for rank, node in enumerate(group["nodes"])}

    def _note(self, _number: int, _frame: object) -> None:
        self._asked = True

    def _start(self, node: dict[str, Any]) -> int:
        pid = os.fork()
        if pid:
            return pid
        argv = self._group["argv"]
        try:
            if node["cores"] is not None and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, node["cores"])
            os.execvpe(argv[0], argv, {**os.environ, **node["variables"]})
        except OSError as error:
            sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
            sys.stderr.flush()
        os._exit(_CANNOT_START)

    def wait(self) -> int:
        """Wait for all of them: 0, or the end of the first that failed (negative for a signal)."""
        failed = 0
        deadline = None
        while self._running:
            pid, status = os.waitpid(-1, 0 if deadline is None else os.WNOHANG)
            if pid:
                rank = self._running.pop(pid)
                code = _code(status)
                if code and not failed:
                    failed = code
                    deadline = self._end_others(rank, code)
                continue
            if deadline is not None and time.monotonic() >= deadline:
                self._kill()
                deadline = None
            time.sleep(_LOOK_AGAIN_SECONDS)
        return failed

    def _end_others(self, rank: int, code: int) -> float | None:
        """Ask the others to end, unless somebody has; when their time is up."""
        how = f"exited with {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
        if self._asked or not self._running:
            return None
        self._say(f"node {rank} of {len(self._group['nodes'])} {how}; the others were ended")
        os.killpg(os.getpgid(0), signal.SIGTERM)
        return time.monotonic() + float(self._group["grace"])

    def _say(self, line: str) -> None:
        with suppress(OSError), open(self._group["notes"], "a", encoding="utf-8") as notes:
            notes.write(line + "\n")

    def _kill(self) -> None:
        for pid in self._running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _code(status: int) -> int:
    """``os.waitstatus_to_exitcode``, for the Python of an image, which may be older than 3.9."""
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _end_as(code: int) -> None:
    """End with this code, or by the signal that ended the node."""
    if code < 0:
        with suppress(OSError):  # SIGKILL has no handler to reset
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    _end_as(Nodes(json.loads(os.environ.pop(_TOLD))).wait())
