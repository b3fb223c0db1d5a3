"""Fetch CIFAR-10 once, for all runs that train on it; tiles of photographs stand in."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
from common import preparing
from images import prepare

if __name__ == "__main__":
    preparing.run(__doc__, prepare)
