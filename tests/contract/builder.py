"""Obtain an environment in a process of its own: ``builder.py KIND PLACE``.

Prints how it was come by: built, built by another run, or cached.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runner.cached import Cache
from runner.environments.cache import EnvironmentCache
from runner.environments.interface import Asker
from runner.events import PhaseFinished
from tests.contract.test_environments import BENCHES
from tests.fakes.observer import RecordingObserver

if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    bench = BENCHES[kind](folder)
    observer = RecordingObserver()
    cache = EnvironmentCache(bench.provisioner(), Cache(folder / "cache"))
    cache.obtain(bench.spec, observer, folder / "log", Asker("red-fox-1"))
    said = observer.of(PhaseFinished)[-1].text
    sys.stdout.write(said.rpartition("· ")[2] + "\n")
