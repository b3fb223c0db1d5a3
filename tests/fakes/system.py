"""Small trees in the place of /proc and /sys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.allocation.reading.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def system(folder: Path, files: Mapping[str, str]) -> Roots:
    """Write files such as ``sys/fs/cgroup/cpu.max``; where they are."""
    for path, text in files.items():
        whole = folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text + "\n", encoding="utf-8")
    return Roots(str(folder / "proc"), str(folder / "sys"), str(folder / "shm"))
