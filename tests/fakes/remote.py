"""A remote store in memory, which does what it is told to when something is to go wrong."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from runner.artifacts.remote.interface import Absent, Found

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeRemote:
    """Keeps bytes under names. ``before`` is called with what is done, and the name."""

    def __init__(self, before: Callable[[str, str], None] = lambda _what, _name: None) -> None:
        self.shown = "fake://remote"
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.before = before
        self._turn = threading.Lock()

    def names(self, what: str) -> list[str]:
        """The names that this was done with."""
        return [name for done, name in self.asked if done == what]

    def look(self, folder: str) -> Found:
        """What is below a folder."""
        self._ask("look", folder)
        below = {
            name.removeprefix(f"{folder}/"): content
            for name, content in self.kept.items()
            if name.startswith(f"{folder}/")
        }
        files = {name: len(content) for name, content in below.items() if "/" not in name}
        return Found(files, sorted({name.split("/")[0] for name in below if "/" in name}))

    def read(self, name: str, most: int) -> bytes:
        """What is kept."""
        self._ask("read", name)
        if name not in self.kept:
            raise Absent(name)
        return self.kept[name][:most]

    def write(self, name: str, content: bytes) -> None:
        """Keep it."""
        self._ask("write", name)
        self.kept[name] = bytes(content)

    def close(self) -> None:
        """Nothing is held."""

    def _ask(self, what: str, name: str) -> None:
        with self._turn:
            self.asked.append((what, name))
            self.before(what, name)
