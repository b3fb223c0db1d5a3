"""``kill -9`` at every moment at which a build, a repair or a removal touches the disk.

The interpreter tells of each such moment (docs.python.org, "Audit events table"); a child kills
itself at the first, the next at the second, until one gets through.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from runner.cached import Cache
from runner.environments.cache import EnvironmentCache
from runner.environments.shelf.shelf import Shelf
from runner.plan.environment import EnvironmentSpec, RequirementFile
from tests.fakes.observer import RecordingObserver
from tests.fakes.provisioner import FakeProvisioner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEC = EnvironmentSpec("3.11", (RequirementFile("requirements.txt", "held==1.0\n"),))
# all that can be told apart from outside; reading only moves the moment
MOMENTS = ("open", "os.", "shutil.", "pathlib.", "fcntl.")
CODE = "code\n"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.observer = RecordingObserver()
        self.paths = Cache(folder / "cache")
        self.cache = EnvironmentCache(FakeProvisioner(), self.paths)
        self.shelf = Shelf(FakeProvisioner(), self.paths)
        self.fingerprint = self.cache.fingerprint(SPEC)

    @property
    def code(self) -> Path:
        return self.paths.environment(self.fingerprint).venv / "code.py"

    def obtain(self) -> None:
        self.cache.release(self.cache.obtain(SPEC, self.observer, self.folder / "log"))

    def repair(self) -> None:
        with self.code.open("r+b") as file:
            file.write(b"CODE")
        self.obtain()

    def remove(self) -> None:
        self.shelf.remove(self.fingerprint)


def killed_at(number: int, work: Callable[[], None]) -> bool:
    """Do the work in a child that kills itself at that moment; whether it got so far."""
    pid = os.fork()
    if pid == 0:
        left = number

        def hook(event: str, _: object) -> None:
            nonlocal left
            left -= event.startswith(MOMENTS)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in {0, -signal.SIGKILL}, "the work failed by itself"
    return ended != 0


@pytest.mark.parametrize("what", ["build", "repair", "remove"])
def test_whatever_a_kill_leaves_is_not_trusted_and_not_in_the_way(
    tmp_path: Path, what: str
) -> None:
    Bench(tmp_path / "warm").obtain()  # what is imported late is imported now
    number, killed = 0, True
    while killed:
        number += 1
        bench = Bench(tmp_path / str(number))
        bench.folder.mkdir()
        if what != "build":
            bench.obtain()
        work = {"build": bench.obtain, "repair": bench.repair, "remove": bench.remove}[what]
        killed = killed_at(number, work)
        damaged = bench.code.exists() and bench.code.read_text() != CODE
        if bench.cache.ready(SPEC) is not None:
            assert not damaged
            assert bench.code.read_text() == CODE
        assert bench.shelf.all() == [] or not bench.shelf.all()[0].in_use
        bench.obtain()
        assert bench.code.read_text() == CODE
        assert bench.cache.ready(SPEC) is not None
        bench.remove()
        assert list(bench.paths.environments.iterdir()) == []
    assert number > 10, number
