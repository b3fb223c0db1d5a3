"""A job, something that goes wrong, and what must be true afterwards."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import carriers, children, until
from tests.faults.audit import Audit

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import World

_WORKFLOWS = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - |
{script}
  - name: plain
    provider: bash
    commands: [echo plain]
    resources: {{cpu: 1}}
"""


class Trial:
    """That of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = Path(world.variables["WF_HOME"])
        self.audit = Audit(world)
        self._gate = world.home / "gate"
        world.variables["GATE"] = str(self._gate)

    def job(self, *lines: str) -> None:
        """The workflow `job` is this shell script; `gate` in it waits for :meth:`let_go`."""
        gate = 'touch "$GATE.there"; until test -e "$GATE"; do sleep 0.02; done'
        script = "\n".join(f"        {gate if line == 'gate' else line}" for line in lines)
        self.world.workflows(_WORKFLOWS.format(script=script))

    def at_gate(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the job; it waits at its gate."""
        wf = self.world.start("run", "job", *options)
        until(self._gate.with_suffix(".there").exists, "a job at its gate")
        return wf

    def let_go(self) -> None:
        self._gate.touch()

    def at_point(self, point: str) -> tuple[subprocess.Popen[bytes], int]:
        """Start the job; its supervisor, whose id that is, stands still at a named point."""
        wf = self.world.start("run", "job", WF_FAILPOINTS=f"{point}=stop")
        return wf, until(lambda: self._standing(wf.pid), f"the point {point}")

    def _standing(self, wf: int) -> int | None:
        for pid in children(wf):
            with suppress(OSError):
                said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
                if said.split()[0] == "T":
                    return pid
        return None

    def go_on(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)

    @property
    def run(self) -> str:
        """The newest run of the job."""
        rows = self.world.wf("ps", "-a", "--json").json()
        return str(next(row["name"] for row in rows if row["workflow"] == "job"))

    def end(self) -> tuple[str, str | None]:
        """The status and the reason of that run."""
        record = self.world.record(self.run)
        return record["status"], record["reason"]

    def log(self) -> bytes:
        return (self.world.folder(self.run) / "log").read_bytes()

    def sound(self, said: bytes | None = None, *, whole: bool = True) -> None:
        """Nothing is left behind, what was ``said`` is in the log, and another run succeeds."""
        # who shows a run may go a moment before who has carried it out
        until(lambda: not carriers(self.world.home), "the end of whoever carried it out")
        assert self.audit.faults() == []
        if said is not None:
            assert self.audit.log_faults(self.run, said, whole=whole) == []
        done = self.world.wf("run", "plain")
        assert (done.code, done.out) == (0, "plain\n"), done.err
        until(lambda: not carriers(self.world.home), "the end of whoever carried it out")
        assert self.audit.faults() == []
