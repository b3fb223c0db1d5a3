"""A run's folder: small files, each written whole or not at all.

The folder is the truth about a run. Whoever may still add to it holds the run's lock; the lock's
descriptor is inherited by the job, so a run is alive exactly as long as the lock is held.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from runner.disks import unwritable
from runner.records import reserve
from runner.records import state as states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runner.paths import RunPaths
    from runner.records.state import State

STAGED = ".new"
"""How the name of a file ends that will take the place of another one."""

_NOTES_BYTES = 1 << 16
_CHUNK = 1 << 16
_SUBMITTED = {"workflow", "executor", "plan", "source"}
_WAITING = ("short_of", "place", "places")
JOB = "job"
"""The kind of progress that is a job's own."""
_PROGRESS = (
    "epoch", "epochs", "step", "steps", "fraction", "left_seconds", "metrics", "usage", "at",
)  # fmt: skip


def write_new(path: Path, document: dict[str, Any]) -> None:
    """Write JSON into a folder that nobody else sees yet, not durably.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    write_bytes(path, json.dumps(document).encode())


def write(
    path: Path,
    document: dict[str, Any],
    *,
    durable: bool = True,
    reserved: bool | None = None,
) -> None:
    """Write JSON as :func:`put` writes text."""
    # neither `dump` nor an indent: the slow encoder would do both, and lists can be long
    put(path, json.dumps(document).encode(), durable=durable, reserved=reserved)


def put(path: Path, content: bytes, *, durable: bool = True, reserved: bool | None = None) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    A file that is not ``durable`` may be lost with the machine's power, until
    :func:`make_durable`. That is so for what is said of a run that goes on: without power it is
    over, and its lock says so. What is ``reserved``, as it is if it is durable, may use the room
    that was kept for the last words on a run.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    staged = f"{path}{STAGED}"
    try:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(staged, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(staged)
        if (durable if reserved is None else reserved) and reserve.helps(error, path.parent):
            put(path, content, durable=durable, reserved=False)
            return
        raise unwritable(f"{path} cannot be written", error, path.parent) from error


def _write_all(descriptor: int, content: bytes) -> None:
    """A file object asks the kernel half a dozen things of each file, and a run has dozens."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def content(path: Path) -> bytes:
    """All of a file; see :func:`_write_all`.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, _CHUNK):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def make_durable(paths: RunPaths) -> None:
    """Bring to the disk what was written of a run; to be called before its end is.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    written = (paths.submitted, paths.environment, paths.pylock, paths.granted, paths.served)
    seen = (paths.restored, paths.enforced, paths.usage, paths.failure)
    if hasattr(os, "posix_fadvise"):
        # all of them are begun with, so that one commit of the file system can serve them all
        for path in (*written, *seen):
            with _opened(path) as descriptor:
                if descriptor is not None:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    for path in (*written, *seen):
        with _opened(path) as descriptor:
            if descriptor is not None:
                os.fsync(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """A file of a run for something that brings it to the disk; ``None`` where there is none.

    One at a time: a run may be the last that still finds a descriptor.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise unwritable(f"{path} cannot be written", error, path.parent) from error
    try:
        yield descriptor
    except OSError as error:
        raise unwritable(f"{path} cannot be written", error, path.parent) from error
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a new file that only this user can read.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unwritable(f"{path} cannot be written", error, path.parent) from error


def read(path: Path) -> dict[str, Any] | None:
    """What was written, or ``None`` if nothing (or nothing readable) is there."""
    try:
        found = json.loads(content(path))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def whole(path: Path, keys: Iterable[str]) -> dict[str, Any] | None:
    """What was written, unless something of it is missing: then it is as good as not there."""
    found = read(path)
    return found if found is not None and found.keys() >= set(keys) else None


def read_submitted(paths: RunPaths) -> dict[str, Any] | None:
    """What was asked for, or ``None`` when it is not all there."""
    found = read(paths.submitted)
    return found if found is not None and found.keys() >= _SUBMITTED else None


def read_state(paths: RunPaths) -> State | None:
    """The run's state, or ``None`` for a folder that is no run (yet)."""
    found = read(paths.state)
    try:
        return _begun(paths) if found is None else states.parse(found)
    except (KeyError, TypeError, ValueError):
        return _begun(paths)


def _begun(paths: RunPaths) -> State | None:
    """The state of a run whose last one went with the machine's power: that it was asked for."""
    from datetime import datetime, timezone

    from runner.stamps import stamp

    try:
        if paths.state.stat().st_size:
            return None
        asked = datetime.fromtimestamp(paths.submitted.stat().st_mtime, timezone.utc)
    except OSError:
        return None
    return states.submitted(stamp(asked))


def read_waiting(paths: RunPaths, status: str) -> dict[str, Any] | None:
    """What a run of that status waits for, and at which place; ``None`` if it does not wait."""
    return whole(paths.waiting, _WAITING) if status == "provisioning" else None


def read_progress(paths: RunPaths, status: str) -> dict[str, Any] | None:
    """How far the job of a run of that status is, and what it uses; ``None`` if nobody knows."""
    said = read(paths.progress) if status == "running" else None
    if said is None or said.get("kind") != JOB:
        return None
    return {key: said.get(key) for key in _PROGRESS}


def read_attempts(paths: RunPaths) -> list[dict[str, Any]]:
    """All attempts at its job; none where there was but one."""
    found = (read(paths.attempts) or {}).get("attempts", [])
    return found if isinstance(found, list) else []


def read_notes(paths: RunPaths) -> list[str]:
    """What the job wanted to stand on the record: lines of printable text, bounded."""
    try:
        with paths.notes.open("rb") as file:
            said = file.read(_NOTES_BYTES).decode(errors="replace")
    except OSError:
        return []
    lines = ("".join(c for c in line if c.isprintable()).strip() for line in said.splitlines())
    return [line for line in lines if line]


def hold(paths: RunPaths) -> int:
    """Take the run's lock; the descriptor must be kept open, and inherited by the job."""
    descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def take_turns(paths: RunPaths) -> int:
    """Wait until nobody else settles this run; the descriptor must be closed in the end.

    It is a lock on the folder itself: the run's own lock tells whether the run lives.
    """
    descriptor = os.open(paths.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def alive(paths: RunPaths) -> bool:
    """Whether anything of the run still lives."""
    try:
        return held(paths.lock)
    except OSError:
        return False


def held(lock: Path) -> bool:
    """Whether somebody holds the lock on a file.

    Raises:
        OSError: the file cannot be opened.
    """
    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # shared: two who look at once must not take each other for the one that holds it
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
