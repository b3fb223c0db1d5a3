"""Waiting until something changes in a folder: told by the kernel, where it can."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.native import call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# inotify(7): written to, closed after writing, put in place of another, made
_WHAT = 0x2 | 0x8 | 0x80 | 0x100
_CHUNK = 1 << 16
_LOOK_AGAIN_SECONDS = 0.1


class Changes:
    """Watches one folder, itself and no folder in it, until it is closed.

    After that it is still looked now and then.
    """

    closed = False
    """Whether it is."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = _watch(os.fsencode(folder))

    def wait(self, others: Sequence[int], seconds: float | None) -> set[int]:
        """Wait for a change, for one of ``others`` to be readable, or for so long.

        Answers with those of ``others`` that are. Where nobody tells of changes it is a look now
        and then.
        """
        poller = select.poll()
        for other in others:
            poller.register(other, select.POLLIN | select.POLLHUP)
        if self._descriptor is None:
            seconds = min(seconds or _LOOK_AGAIN_SECONDS, _LOOK_AGAIN_SECONDS)
        else:
            poller.register(self._descriptor, select.POLLIN)
        ready = {found for found, _ in poller.poll(None if seconds is None else seconds * 1000)}
        if self._descriptor in ready:
            self._forget()
        return ready & set(others)

    def rest(self, others: Sequence[int], seconds: float) -> set[int]:
        """Let changes gather for so long, unless one of ``others`` is readable; those that are."""
        ready, _, _ = select.select(others, [], [], seconds)
        self._forget()
        return set(ready)

    def close(self) -> None:
        """Watch no more; safe to repeat. To end a watch takes some milliseconds (inotify(7))."""
        self.closed = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _forget(self) -> None:
        """What changed is looked for anyway."""
        if self._descriptor is not None:
            with suppress(BlockingIOError):
                os.read(self._descriptor, _CHUNK)


def _watch(folder: bytes) -> int | None:
    """A descriptor that is readable after a change; ``None`` where there is no such thing."""
    descriptor = call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor is None or descriptor < 0:
        return None
    if call("inotify_add_watch", descriptor, folder, _WHAT) in {None, -1}:
        os.close(descriptor)
        return None
    return descriptor
