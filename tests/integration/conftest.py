"""Parts that several integration tests share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CACHE, program, require
from tests.servers.programs import alone
from tests.servers.trainings import cloned

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

# the version whose parser decides what today's format is
DSTACK = "0.22.5"


@pytest.fixture(scope="session")
def released_dstack() -> Path:
    """The Python of an environment with the released dstack, kept between runs."""
    folder = CACHE / f"dstack-{DSTACK}-py{sys.version_info.major}.{sys.version_info.minor}"
    python, done = folder / "bin" / "python", folder / ".done"
    CACHE.mkdir(exist_ok=True)
    with alone(CACHE / "dstack.lock"):
        if done.exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        for words in (
            ("venv", "--quiet", "--python", sys.executable, str(folder)),
            ("pip", "install", "--quiet", "--python", str(python), f"dstack=={DSTACK}"),
        ):
            made = subprocess.run(
                [sys.executable, "-m", "uv", *words, "--cache-dir", str(CACHE / "uv")],
                capture_output=True,
                check=False,
                text=True,
            )
            if made.returncode != 0:
                require("registry", f"dstack {DSTACK} cannot be installed: {made.stderr[-500:]}")
        done.touch()
    return python


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What a user has after cloning, in a home whose environments outlive the tests."""
    require("git", program("git"))
    return cloned(tmp_path_factory.mktemp("training"))
