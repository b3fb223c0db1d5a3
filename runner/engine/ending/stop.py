"""Asking for the end of a run that another process carries out, and making sure of it."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from runner.engine.ending import verdict
from runner.errors import WfError
from runner.process import tree
from runner.process.forcing import end_with_all_below, halted
from runner.records import asking, folder, supervision
from runner.records.ends import Ends

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from runner.paths import RunPaths
    from runner.records.carriers import Carrier

# an end that was to come at once is made sure of when it has not by then
_PATIENCE_SECONDS = 5.0

# what a carrier does when the last of its runs is over takes milliseconds
_LOOK_AGAIN_SECONDS = 0.02

Trouble = Literal["halted", "foreign"]


class Stop:
    """The end of one run, asked for and waited for."""

    def __init__(self, paths: RunPaths, now: datetime, *, abort: bool) -> None:
        self.paths = paths
        self.pid = supervision.supervisor(paths)
        """Who carries it out."""
        self.trouble: Trouble | None = None
        """Why it does not end: its wf is halted, or is another user's."""
        self._asked = asking.request("stop", signal.SIGTERM, now, abort=abort)
        self._ends = Ends(paths)
        self._since = time.monotonic()

    def note(self) -> None:
        """Write down who asks. A full disk is no reason not to ask: then nobody knows who did."""
        with suppress(WfError):
            asking.write(self.paths, self._asked)

    def ask(self, passed_on: Collection[int] = ()) -> None:
        """Ask once; ``passed_on``: by these processes it is, to those that they have started."""
        self.note()
        made_by = tree.stat(self.pid) if passed_on and self.pid else None
        if made_by is not None and not {self.pid, made_by.parent}.isdisjoint(passed_on):
            return
        try:
            supervision.send(self.paths, self._asked.number)
        except PermissionError:
            self.trouble = "foreign"

    def wait(self, seconds: float) -> bool:
        """Whether it is over within so many seconds; if not, ``trouble`` may tell why."""
        if self._ends.wait(seconds):
            return True
        self._look()
        return False

    def _look(self) -> None:
        """Whether it can be expected to end; make sure of it where nothing is left to wait for."""
        with supervision.staying(self.paths) as pid:
            if pid is None or self.trouble == "foreign":
                return
            self.pid = pid
            self.trouble = "halted" if halted(pid) else None
            if self._asked.abort and (self.trouble or self._silent()):
                end_with_all_below(pid, self._settle)

    def _silent(self) -> bool:
        """It has had its time, and has not even got as far as to say how its job ended."""
        late = time.monotonic() - self._since > _PATIENCE_SECONDS
        return late and folder.read(self.paths.verdict) is None

    def _settle(self) -> None:
        """What becomes of it, for whoever finds it."""
        state = folder.read_state(self.paths)
        if state is not None and not state.terminal:
            how = f"; its wf (process {self.pid}) did not answer and was killed"
            end = verdict.cancelled(signal.SIGKILL, self._asked, state.exit_code, how)
            verdict.write(self.paths, end)


class StopCarrier:
    """The end of a process that carries several runs out; it begins nothing any more."""

    def __init__(self, carrier: Carrier, *, abort: bool) -> None:
        self.carrier = carrier
        self.trouble: Trouble | None = None
        """Why it passes nothing on to its runs: it is halted, or another user's."""
        self._abort = abort
        self._process = tree.stat(carrier.pid)

    def ask(self) -> None:
        """Ask once. One that stands still will hear it when it goes on."""
        try:
            self.carrier.send(signal.SIGTERM)
        except PermissionError:
            self.trouble = "foreign"
            return
        self.trouble = "halted" if halted(self.carrier.pid) else None

    def wait(self) -> bool:
        """Whether it has ended, once its runs are over."""
        if self.trouble == "halted" and self._abort:
            with suppress(PermissionError):
                self.carrier.send(signal.SIGKILL)
            self.trouble = None
        while self.trouble is None and not self._gone():
            time.sleep(_LOOK_AGAIN_SECONDS)
            self.trouble = "halted" if halted(self.carrier.pid) else None
        return self.trouble is None

    def _gone(self) -> bool:
        """Whether the process itself has ended: its lock goes before what it cleans up."""
        now = tree.stat(self.carrier.pid)
        if now is None or self._process is None:
            return True
        return not now.alive or now.started != self._process.started
