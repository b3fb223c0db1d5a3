"""Folders on their way: not yet what they will be, or not any more.

Whoever works on one holds it (flock(2)). One that nobody holds is what a crash has left behind, and
is swept by the next one who comes by.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner import tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def claim(folder: Path) -> tuple[Path, int]:
    """A new folder below ``folder``, and the descriptor that holds it until it is closed.

    Raises:
        OSError: it cannot be made.
    """
    # nobody sweeps it between its making and its being held
    try:
        turn = _turn(folder)
    except FileNotFoundError:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        turn = _turn(folder)
    try:
        own = folder / f"{os.getpid()}-{os.urandom(8).hex()}"
        own.mkdir(mode=0o700)
        held = os.open(own, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    finally:
        os.close(turn)
    return own, held


def sweep(
    folder: Path,
    about: Callable[[str], None] = lambda _: None,
    empty: Callable[[Path], object] = tree.remove,
) -> None:
    """Remove what nobody holds any more; what cannot be removed stays.

    ``about`` is called before with what stands in front of the dot in a folder's name, and
    ``empty`` removes it.
    """
    try:
        if not os.listdir(folder):
            return
        turn = _turn(folder)
    except OSError:  # there is none, most likely
        return
    try:
        for name in os.listdir(folder):
            with suppress(OSError):
                _sweep(folder / name, name.rpartition(".")[0], about, empty)
    finally:
        os.close(turn)


def remove(left: Path) -> None:
    """Remove a folder, unless another process holds it still, or it cannot be removed."""
    with suppress(OSError):
        _sweep(left, "", lambda _: None, tree.remove)


def _sweep(
    left: Path, subject: str, about: Callable[[str], None], empty: Callable[[Path], object]
) -> None:
    held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if subject:
            about(subject)
        empty(left)
    finally:
        os.close(held)


def _turn(folder: Path) -> int:
    """One at a time; the descriptor is to be closed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
