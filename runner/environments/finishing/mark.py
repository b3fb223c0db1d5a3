"""How far an environment is finished, and who is at it. Every run asks; so it imports little."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.environments.store import locks

if TYPE_CHECKING:
    from runner.cached import EnvironmentPaths

_LOOK_AGAIN_SECONDS = 0.01


def mark(paths: EnvironmentPaths, files: int, skipped: int, no_lock: str | None) -> None:
    """Nothing is left to be done.

    ``skipped`` of the ``files`` cannot be compiled; ``no_lock`` is why there is no ``pylock.toml``.

    Raises:
        OSError: it cannot be written.
    """
    said = {"files": files, "skipped": skipped, "no_lock": no_lock}
    staged = paths.finished.with_suffix(".new")
    staged.write_text(json.dumps(said), encoding="utf-8")
    staged.replace(paths.finished)


def finish_bare(paths: EnvironmentPaths) -> None:
    """Finish an environment without packages, which takes no process.

    Raises:
        OSError: it cannot be written.
    """
    from runner.environments.finishing.readonly import protect

    protect(paths.venv)
    mark(paths, 0, 0, None)


def is_being_finished(paths: EnvironmentPaths) -> bool:
    """Whether somebody is at it now.

    Raises:
        OSError: the environment cannot be written.
    """
    ours = locks.alone(paths.finishing)
    if ours is None:
        return True
    os.close(ours)
    return False


def stop(paths: EnvironmentPaths) -> None:
    """Have nobody at it any more, which leaves nothing wrong."""
    with suppress(OSError, ValueError):
        if is_being_finished(paths):
            os.kill(int(locks.read_label(paths.finishing)), signal.SIGTERM)


def wait_for_lock(paths: EnvironmentPaths, patience: float) -> bool:
    """Whether there is a ``pylock.toml``; waited for so many seconds while it is being made."""
    deadline = time.monotonic() + patience
    with suppress(OSError):
        while not paths.pylock.exists() and is_being_finished(paths):
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK_AGAIN_SECONDS)
    return paths.pylock.exists()


def why_no_lock(paths: EnvironmentPaths) -> str | None:
    """Why there is no ``pylock.toml``, where that was found out."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        reason = json.loads(paths.finished.read_bytes())["no_lock"]
        return None if reason is None else str(reason)
    return None


def note(paths: EnvironmentPaths, text: str) -> None:
    """Write down what went wrong, for whoever wonders."""
    with suppress(OSError):
        paths.finishing_log.write_text(f"{text}\n", encoding="utf-8", errors="replace")
