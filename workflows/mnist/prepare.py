"""Fetch MNIST once, for all workflows that train on it; the digits in scikit-learn stand in.

What they are is said in one line that starts with ``data:``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
from common import preparing
from common.digits import prepare

if __name__ == "__main__":
    preparing.run(__doc__, prepare)
