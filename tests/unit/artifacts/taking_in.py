"""Runs of a test's own that have left something behind."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.collecting.collect import collect
from runner.artifacts.store.afterwards import mark
from runner.artifacts.store.listing import never
from runner.artifacts.store.pool import Pool
from runner.failpoints import VARIABLE
from runner.records import manifests
from runner.spec.workflow import ArtifactRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.paths import Home, RunPaths


class Kept(NamedTuple):
    """A run with one artifact, ``out``."""

    home: Home
    paths: RunPaths

    @property
    def artifact(self) -> Artifact:
        return manifests.read(self.paths)[0]

    @property
    def entries(self) -> list[Entry]:
        return list(self.artifact.entries())

    @property
    def unshared(self) -> Path:
        return self.home.unshared / self.paths.root.name

    def file(self, name: str) -> Path:
        return self.paths.artifacts / "out" / name

    def inode(self, name: str) -> int:
        return self.file(name).stat().st_ino

    def take_in(self, *declared: str, later: bool = False) -> list[Artifact]:
        """What the engine does when a job has ended; ``later`` as it does for a run."""
        requests = tuple(map(ArtifactRequest, declared or ("out",)))
        pool = Pool(self.home.objects)
        when = partial(mark, self.unshared) if later else never
        found = collect(self.paths.workspace, requests, self.paths, pool, later=when)
        manifests.write(self.paths, found.artifacts)
        return found.artifacts

    def killed_at(self, point: str, *, later: bool = False) -> None:
        """The same by somebody who is killed there."""
        pid = apart(lambda: self.take_in(later=later), f"{point}=kill")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def apart(work: Callable[[], object], points: str = "") -> int:
    """Do it in a process of its own, with these points to fail at; its id."""
    pid = os.fork()
    if pid == 0:
        os.environ[VARIABLE] = points
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def stopped(work: Callable[[], object], point: str) -> int:
    """Somebody who does it, and stands still at that point."""
    pid = apart(work, f"{point}=stop")
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    return pid


def go_on(pid: int) -> int:
    """Let him, as often as he stands still, until his end; how often he did."""
    stops = 0
    while True:
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return stops
        stops += 1


def made(home: Home, name: str, fill: Callable[[Path], object]) -> Kept:
    """A run whose job has ended, and has filled its folder ``out``."""
    paths = home.run(name)
    out = paths.workspace / "out"
    out.mkdir(parents=True)
    fill(out)
    return Kept(home, paths)


def objects(home: Home) -> dict[str, int]:
    """The names in the pool, and how many names each of these files has in all."""
    found = Pool(home.objects).objects()
    return {os.path.relpath(one.path, home.objects): os.stat(one.path).st_nlink for one in found}
