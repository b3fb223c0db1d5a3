"""A project of two files that runs in a second and needs nothing but Python."""

from __future__ import annotations

from types import MappingProxyType

SCRIPT = "fit.py"

FILES = MappingProxyType(
    {
        ".dstack/workflows.yaml": """\
# yaml-language-server: $schema=schema.json
#
# What can be run here. `wf ls` lists it, `wf run fit` runs the first, on a copy of this folder.
workflows:
  - name: fit
    help: Fit a line to points, in plain Python
    provider: python
    script: fit.py
    # words for the script; those behind `--` in `wf run fit -- --steps 500` follow them
    args: --rate 0.1 --steps 200
    # variables for the job; `wf run fit -e SEED=8` sets another value for one run
    environment:
      SEED: 7
    # what is kept when the job has ended, however it ended; `wf artifacts` shows it
    artifacts:
      - model
    # one core for this job alone; without `gpu` it sees no GPU
    resources:
      cpu: 1
    # requirements: requirements.txt   # packages to be installed, as pip takes them

  - name: report
    help: Commands instead of a script
    provider: bash
    commands:
      - mkdir -p report
      - python -c "import platform; print(platform.python_version())" > report/python.txt
      - cat report/python.txt
    artifacts:
      - report
""",
        SCRIPT: '''\
"""Fit a line to noisy points by gradient descent."""

import argparse
import json
import os
import random
from pathlib import Path

MODEL = Path("model")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()

    chance = random.Random(os.environ.get("SEED", "7"))
    points = [(x / 50, 3 * x / 50 + 1 + chance.gauss(0, 0.1)) for x in range(50)]
    slope = offset = 0.0
    for step in range(1, options.steps + 1):
        errors = [slope * x + offset - y for x, y in points]
        slope -= options.rate * 2 * sum(e * x for e, (x, _) in zip(errors, points)) / len(points)
        offset -= options.rate * 2 * sum(errors) / len(points)
        if step % 50 == 0:
            loss = sum(e * e for e in errors) / len(points)
            print(f"step {step}: loss {loss:.4f}", flush=True)

    MODEL.mkdir(exist_ok=True)
    (MODEL / "line.json").write_text(json.dumps({"slope": slope, "offset": offset}) + "\\n")
    print(f"y = {slope:.2f} x + {offset:.2f}")


if __name__ == "__main__":
    main()
''',
    }
)
