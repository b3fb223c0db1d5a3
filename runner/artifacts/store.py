"""The pool of files that the artifacts of all runs consist of, found by what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Pool(NamedTuple):
    """Hard links to the files of all artifacts, named by digest; ``root`` may not be there yet."""

    root: Path
