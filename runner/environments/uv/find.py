"""Where uv is, and which interpreter it is to take."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_uv(variables: Mapping[str, str]) -> Path | None:
    """The uv that came with wf, else the first on ``PATH`` that is not in a relative folder."""
    beside = Path(sys.prefix) / "bin" / "uv"
    if os.access(beside, os.X_OK):
        return beside
    try:
        import uv

        return Path(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    folders = [part for part in variables.get("PATH", "").split(":") if part.startswith("/")]
    found = (Path(folder) / "uv" for folder in folders)
    return next((path for path in found if os.access(path, os.X_OK)), None)


def interpreter(version: str) -> str:
    """The interpreter of wf itself where it fits: it is here, and need not be looked for."""
    own = own_version()
    if version in {own, own.rpartition(".")[0]}:
        base = Path(getattr(sys, "_base_executable", sys.executable) or sys.executable)
        return str(base)
    return version


def own_version() -> str:
    """The full version of wf's own interpreter."""
    return ".".join(str(part) for part in sys.version_info[:3])
