"""The end of whoever carries a run out, waited for in the kernel: its lock becomes free."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.paths import RunPaths


class Ends:
    """Waits for one run. Takes no time while it does, whoever else waits."""

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._over = threading.Event()
        # a lock cannot be waited for with a limit, and a thread can be left behind
        threading.Thread(target=self._watch, name=paths.root.name, daemon=True).start()

    def wait(self, seconds: float | None) -> bool:
        """Whether nobody carries it out any more; ``False`` after so many seconds."""
        return self._over.wait(seconds)

    def _watch(self) -> None:
        try:
            for path in (self._paths.supervisor, self._paths.lock):
                # older versions had but one lock
                if path.exists():
                    _until_free(path)
                    return
        finally:
            self._over.set()


def _until_free(path: os.PathLike[str]) -> None:
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # shared: several may wait
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)
