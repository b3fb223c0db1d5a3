"""A clone in which trainings run, and the environments of all of them, built ahead.

``python -m tests.servers.trainings`` has them in the checkout's ``.cache`` with their bytecode: a
training that compiles PyTorch's modules first takes three times as long.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import CACHE, FINISHING_SECONDS, ROOT, World, make_world, until

# a workflow of each requirements file, which takes seconds
_WORKFLOWS = ("prepare-mnist", "prepare-mnist-keras")
_DOWNLOADS_SECONDS = 900


def cloned(folder: Path) -> World:
    """What a user has after cloning, in a home whose environments outlive the tests."""
    made = make_world(folder)
    made.variables["WF_CACHE"] = str(CACHE / "wf")
    # one for all: else each world takes the same first core for its own
    made.variables["WF_LOCKS"] = str(CACHE / "locks")
    made.variables["OMP_WAIT_POLICY"] = "passive"  # who spins takes the others' time
    made.variables["CUDA_VISIBLE_DEVICES"] = ""  # the same on a machine with GPUs
    for name in (".dstack", "workflows"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, made.project / name, ignore=ignored)
    shutil.copy(ROOT / "run_exps.sh", made.project)
    made.git()
    return made


def main() -> None:
    """Build them, and wait until they are finished."""
    with tempfile.TemporaryDirectory(prefix="wf-trainings-") as folder:
        world = cloned(Path(folder))
        for name in _WORKFLOWS:
            done = world.wf("run", name, timeout=_DOWNLOADS_SECONDS)
            sys.stderr.write(done.err)
            if done.code == 0:
                fingerprint = world.record()["environment"]["fingerprint"]
                finished = CACHE / "wf" / "environments" / fingerprint / "finished.json"
                until(finished.exists, f"the bytecode of {name}", FINISHING_SECONDS)


if __name__ == "__main__":
    main()
