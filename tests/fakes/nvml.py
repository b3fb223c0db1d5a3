"""A driver library for GPUs that do not exist, built from ``nvml.c``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("nvml.c")


def build(folder: Path) -> dict[str, str]:
    """Build the library into ``folder``; the variables that make it the one that is found."""
    library = folder / "libnvidia-ml.so.1"
    command = [
        "gcc",
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        str(library),
        str(_SOURCE),
    ]
    subprocess.run(command, check=True)
    before = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{folder}:{before}" if before else str(folder)}


def uuid(index: int) -> str:
    """What the device of this index is called."""
    return f"GPU-{index:08d}-0000-0000-0000-000000000000"
