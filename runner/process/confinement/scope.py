"""Memory held by the user's service manager: ``systemd-run --user --scope`` (systemd-run(1)).

systemd-run makes a scope of its own process, and takes the program's place there: the process that
is started stays the job's first one, with its descriptors, cores and variables.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.process.confinement import groups
from runner.process.confinement.interface import Look, MemoryUse
from runner.process.confinement.unified import Counters
from runner.process.helpers import capture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from runner.process.confinement.hierarchy import Hierarchy

NAME = "systemd"
_TOOL = "systemd-run"
_TIMEOUT_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.5
_LIMIT = 'cat "$0$(sed -n s/^0:://p /proc/self/cgroup)/memory.max"'
_KILLED = "Result=oom-kill"


class Scope:
    """A scope with a limit, of the user's own manager."""

    name = NAME
    unified = True

    def __init__(self, limit: int, tree: Hierarchy, env: Mapping[str, str]) -> None:
        """Try whether it holds; ``env`` are the job's variables, by which the manager is found.

        Raises:
            OSError: none can be had, as there is no such manager or it may not limit memory.
        """
        self._limit = limit
        self._top = tree.top
        self._env = dict(env)
        self._unit = f"wf-{os.getpid()}-{os.urandom(4).hex()}"
        self._counters = Counters(limit)
        self._pid = 0
        self.group: Path | None = None
        tool = shutil.which(_TOOL, path=env.get("PATH"))
        if tool is None or not Path(env.get("XDG_RUNTIME_DIR", "/nowhere"), "systemd").is_dir():
            raise FileNotFoundError(errno.ENOENT, "no user manager", _TOOL)
        self._tool = tool
        # a manager without the controller takes a limit and does nothing with it
        held = self._said(*self._scope(f"{self._unit}-trial"), "sh", "-c", _LIMIT, str(self._top))
        if not held.isdigit() or int(held) > limit:
            raise PermissionError(errno.EPERM, "the user manager may not limit memory", _TOOL)

    def command(self, argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:
        """Through systemd-run, which could not say as we do why a program cannot be started."""
        if shutil.which(argv[0], path=env.get("PATH", os.defpath)) is None:
            code = errno.EACCES if os.path.exists(argv[0]) else errno.ENOENT
            raise OSError(code, os.strerror(code), argv[0])
        return (*self._scope(self._unit), *argv)

    def entered(self) -> AbstractContextManager[None]:
        """systemd-run enters it."""
        return nullcontext()

    def began(self, pid: int) -> None:
        """Whose group it is."""
        self._pid = pid

    def look(self, processes: Callable[[], set[int]]) -> Look:  # noqa: ARG002 - the protocol's
        """The group and its counters go when its last process does: they are read before."""
        if self.group is None:
            self._find()
        if self.group is not None:
            self._counters.read(self.group)
        return Look(_LOOK_AGAIN_SECONDS)

    def used(self) -> MemoryUse:
        """As the kernel counted; where that is gone already, as the manager tells."""
        known = self._counters.read(self.group or self._top / self._unit)
        if not known.killed and self._said(*self._ask("show"), "--property=Result") == _KILLED:
            return known._replace(killed=1)
        return known

    def close(self) -> None:
        """Have the manager forget a scope that failed; any other it forgets by itself."""
        self._said(*self._ask("reset-failed"))

    def _find(self) -> None:
        """The group, once systemd-run has entered it; all of it is ended together then."""
        try:
            said = Path(f"/proc/{self._pid}/cgroup").read_text(encoding="utf-8")
        except OSError:
            return
        for line in said.splitlines():
            group = line.partition("0::/")[2]
            if group.endswith(f"{self._unit}.scope"):
                self.group = self._top / group
                with suppress(OSError):
                    groups.write(self.group / "memory.oom.group", "1")

    def _scope(self, unit: str) -> tuple[str, ...]:
        return (
            self._tool, "--user", "--scope", "--quiet", f"--unit={unit}",
            f"--property=MemoryMax={self._limit}", "--property=MemorySwapMax=0", "--",
        )  # fmt: skip

    def _ask(self, what: str) -> tuple[str, ...]:
        return ("systemctl", "--user", "--quiet", what, f"{self._unit}.scope")

    def _said(self, *argv: str) -> str:
        """What a tool answers; nothing when it fails or takes too long."""
        done = capture(argv, env=self._env, timeout=_TIMEOUT_SECONDS)
        return done.stdout.decode(errors="replace").strip() if done and not done.code else ""
