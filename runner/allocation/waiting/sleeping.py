"""Sleeping until somebody else leaves: in the kernel, at no cost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.allocation.locks.folder import LockFolder


class Sleeper:
    """Sleeps as long as a file is held, but no longer than it wants to.

    A thread waits for the kernel's lock, which cannot be called off: it ends when the file's
    holder does, or with the process. So whoever sleeps can be interrupted at any time.
    """

    def __init__(self, folder: LockFolder) -> None:
        self._folder = folder
        self._name: str | None = None
        self._gone = threading.Event()

    def sleep(self, name: str, seconds: float) -> bool:
        """Sleep until the file is not held any more, or so long; whether it was still held."""
        if name != self._name:
            self._name = name
            self._gone = threading.Event()
            threading.Thread(target=self._wait, args=(name, self._gone), daemon=True).start()
        return not self._gone.wait(seconds)

    def _wait(self, name: str, gone: threading.Event) -> None:
        try:
            self._folder.wait_for(name)
        finally:
            gone.set()
