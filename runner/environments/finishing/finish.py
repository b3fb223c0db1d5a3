"""Finishing an environment: one process does it, and killed at any moment it leaves nothing wrong.

Every step can be done again, and what it makes appears by a rename; the mark ``finished.json``
comes last. Who is at it holds a lock in the environment's folder alone, and the lock of those who
use the environment with them, so that nobody removes what is being finished.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.finishing.mark import mark, note
from runner.environments.finishing.readonly import is_protected, protect
from runner.environments.interface import Compiled
from runner.environments.store import locks, seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.cached import EnvironmentPaths

_TRIES = 5
_LOOK_AGAIN_SECONDS = 0.02


class Unfinished(NamedTuple):
    """An environment to be finished.

    ``use`` is the lock of those who use it. ``lock`` writes its ``pylock.toml``, and answers with
    ``None`` or why there is none. ``compile`` makes the bytecode, in processes that keep open the
    descriptors it is given.
    """

    paths: EnvironmentPaths
    use: Path
    lock: Callable[[], str | None]
    compile: Callable[[tuple[int, ...]], Compiled]


def finish(unfinished: Unfinished) -> None:
    """Do all that is left to be done, unless somebody else is at it, or the environment is gone.

    What goes wrong stands in a file of the environment's, and is tried again after the next run.
    """
    paths = unfinished.paths
    with ExitStack() as stack:
        try:
            use = locks.together(unfinished.use, wait=False)
            ours = None if use is None else _turn(paths.finishing)
        except OSError:
            return
        for descriptor in (use, ours):
            if descriptor is not None:
                stack.callback(os.close, descriptor)
        if use is None or ours is None or not paths.ready.exists() or paths.finished.exists():
            return
        try:
            locks.write_label(ours, str(os.getpid()))
            reason = None if paths.pylock.exists() else unfinished.lock()
            compiled = _compile(unfinished, (use, ours))
            # with what has come beside the sources, a run's look at them would take longer
            damage = seal.damage(paths.venv, paths.seal)
            if damage is not None:
                note(paths, str(damage))  # the next run builds it anew
            elif _is_there(ours, paths.finishing):
                mark(paths, compiled.files, compiled.skipped, reason)
        except OSError as error:
            note(paths, str(error))


def _turn(path: Path) -> int | None:
    """The lock, if nobody is at it; who only looks whether somebody is holds it for a moment.

    Raises:
        OSError: the environment is gone.
    """
    for _ in range(_TRIES):
        ours = locks.alone(path)
        if ours is not None:
            return ours
        time.sleep(_LOOK_AGAIN_SECONDS)
    return None


def _compile(unfinished: Unfinished, held: tuple[int, ...]) -> Compiled:
    paths = unfinished.paths
    if is_protected(paths.venv):  # which comes after all is compiled
        return Compiled(0, 0)
    compiled = unfinished.compile(held)
    protect(paths.venv)
    return compiled


def _is_there(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one of that name, and the environment the same one."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
