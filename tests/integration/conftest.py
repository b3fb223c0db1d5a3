"""Parts that several of these tests share."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from tests.conftest import CACHE, require

if TYPE_CHECKING:
    from pathlib import Path

# what is exported, and today's files, are checked with; `_internal` is nothing to rely on
DSTACK = "dstack==0.22.5"


@pytest.fixture(scope="session")
def released_dstack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the released dstack."""
    venv = tmp_path_factory.mktemp("dstack") / "venv"
    python = venv / "bin" / "python"
    uv = [find_uv_bin(), "--quiet", "--cache-dir", str(CACHE / "uv")]
    steps = ([*uv, "venv", str(venv)], [*uv, "pip", "install", "--python", str(python), DSTACK])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            require("dstack", f"{DSTACK} cannot be installed: {done.stderr}")
    return python
