"""Training on one device alone, without wf: is what it calls mirrored mirrored?

    python tf_mirrored.py DATA FOLDER WORD ...

DATA is what was trained on before; results are left in FOLDER.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trial
from common import notes

SCRIPT = Path(notes.__file__).parents[1] / "tf_mirrored" / "train.py"


def main() -> None:
    """Train, and ask for the strategies that were used."""
    data, folder = map(Path, sys.argv[1:3])
    noted = folder / "notes"
    trial.run(SCRIPT, folder, "--data", data, *sys.argv[3:], WF_NOTES=str(noted))
    (devices,) = trial.modules(SCRIPT.parent, "devices")
    found = devices.find(1)
    told = {
        "notes": noted.read_text(encoding="utf-8").splitlines(),
        "mirrored": type(found.strategy()).__name__,
        "single": type(found.first().strategy()).__name__,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
