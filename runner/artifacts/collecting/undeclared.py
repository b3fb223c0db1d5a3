"""What a job itself put among its artifacts (``$WF_ARTIFACTS``), which no declared path covers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.artifacts.collecting.finding import by_names

if TYPE_CHECKING:
    from collections.abc import Collection


def undeclared(root: str, declared: Collection[str]) -> list[str]:
    """The largest trees below ``root`` that hold nothing declared, as paths below it, sorted.

    ``declared`` are such paths too.

    Raises:
        OSError: a folder cannot be read.
    """
    within = {path[:at] for path in declared for at, sign in enumerate(path) if sign == "/"}
    found = []
    left = [""]
    while left:
        folder = left.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in declared:
                    continue
                if path in within and entry.is_dir(follow_symlinks=False):
                    left.append(path)
                else:
                    found.append(path)
    return sorted(found, key=by_names)
