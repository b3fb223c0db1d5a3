"""What the scripts called ``prepare.py`` do: fetch data once, for all runs that train on them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.phases import imported, phase

if TYPE_CHECKING:
    from collections.abc import Callable


def run(about: str, prepare: Callable[[Path], int]) -> None:
    """Have ``prepare``, which returns how many samples, put data into the command line's folder.

    Call it below the imports. ``about`` is what ``--help`` says first.
    """
    imported()
    parser = argparse.ArgumentParser(
        description=about.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder to keep them in")
    args = parser.parse_args()
    with phase("data") as measured:
        measured.samples = prepare(args.data)
