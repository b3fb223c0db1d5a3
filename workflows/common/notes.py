"""Lines for whoever watches, and for the record of the run."""

from __future__ import annotations

import os
from pathlib import Path

_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK")


def note(line: str) -> None:
    """Print a line, and add it to the file that WF_NOTES names, if any, for the run's record."""
    print(line, flush=True)
    record(line)


def record(line: str) -> None:
    """Add a line to the file that WF_NOTES names, if any."""
    path = os.environ.get("WF_NOTES")
    if path:
        with Path(path).open("a", encoding="utf-8") as notes:
            notes.write(line + "\n")


def say(line: str) -> None:
    """Print a line, once however many processes there are."""
    if first_process():
        print(line, flush=True)


def say_data(name: str, count: int, missing: str | None, stand_in: str) -> None:
    """Say what is trained on, and on the record, too, if something stands in for what is wanted.

    ``missing`` is why the data called ``name`` are not there, None if they are; ``count`` is how
    many images they are.
    """
    if missing is None:
        print(f"data: {name}, {count:,} images", flush=True)
    else:
        note(f"data: {name} could not be downloaded ({missing}); using {stand_in}")


def first_process() -> bool:
    """Whether this is the only process of the job, or the one of rank 0."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)
