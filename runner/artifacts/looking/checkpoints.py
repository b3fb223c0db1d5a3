"""Which of a run's files is the checkpoint to go on from. Pure.

Lightning names them (``lightning/pytorch/callbacks/model_checkpoint.py`` and
``trainer/connectors/checkpoint_connector.py``, 1.5 to 2.6): ``last.ckpt`` with ``save_last``, or
``last-v1.ckpt`` where one of that name was there before; ``hpc_ckpt_3.ckpt`` when a cluster ended
the job, the highest number being the last; else what its user likes. All end with ``.ckpt``.
A checkpoint in parts (DeepSpeed, FSDP) is a folder of such a name.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIX = ".ckpt"
_LAST = re.compile(r"last(-v\d+)?\.ckpt")
_HPC = re.compile(r"hpc_ckpt_(\d+)\.ckpt")


def newest(files: Iterable[tuple[str, int]]) -> str | None:
    """The checkpoint to go on from among files, each with the time it was written (ns).

    Paths have ``/`` between their parts.
    """
    times: dict[str, int] = {}
    for path, written in files:
        name = _checkpoint(path)
        if name is not None:
            times[name] = max(written, times.get(name, 0))
    return max(times, key=lambda path: (*_rank(path), times[path], path), default=None)


def _checkpoint(path: str) -> str | None:
    """The checkpoint that a file is, or is a part of."""
    parts = path.split("/")
    ends = (at for at, part in enumerate(parts, 1) if part.endswith(_SUFFIX) and part != _SUFFIX)
    end = next(ends, None)
    return None if end is None else "/".join(parts[:end])


def _rank(path: str) -> tuple[int, int]:
    name = posixpath.basename(path)
    if _LAST.fullmatch(name):
        return 2, 0
    numbered = _HPC.fullmatch(name)
    return (1, int(numbered[1])) if numbered else (0, 0)
