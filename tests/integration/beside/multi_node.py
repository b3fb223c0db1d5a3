"""The training on several nodes, as a rank that is alone, without wf.

    python multi_node.py DATA FOLDER

DATA is what is trained on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trial
from common import digits

SCRIPT = Path(digits.__file__).parents[1] / "multi_node" / "train.py"


def main() -> None:
    """Train an epoch, and tell which threads of Gloo's are left."""
    data, folder = map(Path, sys.argv[1:])
    del sys.path[0]  # this folder, which has a `mnist` that is not the workflow's
    said = trial.run(SCRIPT, folder, "--data", data, "--batch-size", "512", "--epochs", "1")
    threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    told = {"said": said, "left": [name for name in threads if "gloo" in name]}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
