"""What of this machine a container sees in which uv builds an environment.

The caches of uv and wf, what is being built, what the caller's settings name as places to install
from, and uv's own configuration. Everything lies at the path that it has here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.containers.values import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SYSTEM_SETTINGS = "/etc/uv"


class Caches(NamedTuple):
    """Folders that uv writes to: its own cache, and ``written``, where it installs."""

    uv: Path
    written: Path

    @property
    def linked(self) -> Path | None:
        """The folder to show instead of both, so that files of one can be links to the other's.

        Two folders that are mounted one by one are two file systems to link(2). ``None``: only by
        showing more than a folder for caches.
        """
        above = self.uv.parent
        home = Path(os.path.expanduser("~"))
        private = above not in (home, *home.parents)
        same = self.written.is_relative_to(above) and _device(above) == _device(self.written)
        return above if private and same else None


def uv_cache(variables: Mapping[str, str]) -> Path:
    """The folder that uv keeps (docs.astral.sh/uv, "Cache directory")."""
    said = variables.get("UV_CACHE_DIR")
    if said:
        return Path(os.path.abspath(said))
    home = Path(variables.get("HOME") or os.path.expanduser("~"))
    return Path(variables.get("XDG_CACHE_HOME") or home / ".cache") / "uv"


def mounts(caches: Caches, more: Iterable[Path], read: Iterable[Path]) -> tuple[Mount, ...]:
    """What is written to (the caches and ``more``), and what is read besides."""
    written = [caches.linked] if caches.linked else [caches.uv, caches.written]
    told = dict.fromkeys((*written, *more), True)
    for path in sorted(set(read), key=lambda one: len(one.parts)):
        if not any(path == one or path.is_relative_to(one) for one in told):
            told[path] = False
    return tuple(Mount(str(path), str(path), writable) for path, writable in told.items())


def settings(variables: Mapping[str, str], home: str) -> Iterator[Mount]:
    """The user's own settings for uv, where a program looks whose home is ``home``."""
    own = Path(variables.get("HOME") or os.path.expanduser("~"))
    config = Path(variables.get("XDG_CONFIG_HOME") or own / ".config")
    for path, target in (
        (config / "uv", f"{home}/.config/uv"),
        (own / ".netrc", f"{home}/.netrc"),
        (Path(_SYSTEM_SETTINGS), _SYSTEM_SETTINGS),
    ):
        if path.exists():
            yield Mount(str(path), target)


def _device(path: Path) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
