"""All environments that a cache holds, as people look at them: what each is, takes and serves."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.environments.finishing.mark import is_being_finished, stop
from runner.environments.packages import files
from runner.environments.shelf.room import Room, room
from runner.environments.store import locks
from runner.environments.store.place import Place, let_go
from runner.errors import ENVIRONMENT, USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.cached import Cache
    from runner.environments.interface import Provisioner
    from runner.environments.store.seal import Damage

# a finisher that was asked to end has soon done so
_FINISHER_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.02
_SUFFIXES = frozenset({".lock", ".use"})


@dataclass(frozen=True, slots=True)
class Kept:
    """An environment in the cache.

    ``ready`` is false for one that is being built, or whose build did not come to its end; then
    what it holds is not known. Times are seconds since 1970. ``in_use``: somebody uses or builds
    it; ``finishing``: it is being compiled meanwhile. ``image``
    is the id of the one that it is for.
    """

    fingerprint: str
    folder: Path
    ready: bool
    in_use: bool
    used_at: float
    finishing: bool = False
    built_at: float | None = None
    kind: str | None = None
    python: str | None = None
    as_of: str | None = None
    lock: tuple[str, ...] = ()
    image: str | None = None
    room: Room = field(default_factory=Room)


class Shelf:
    """The environments below one cache folder."""

    def __init__(self, provisioner: Provisioner, cache: Cache) -> None:
        self._provisioner = provisioner
        self._cache = cache

    def all(self) -> list[Kept]:
        """Every environment, the one used last first."""
        names = sorted({name for name, suffix in self._names() if not suffix})
        found = [kept for name in names if (kept := self._kept(name)) is not None]
        return sorted(found, key=lambda kept: kept.used_at, reverse=True)

    def find(self, prefix: str) -> Kept | None:
        """The environment whose fingerprint begins so; ``None`` if there is none.

        Raises:
            WfError: kind ``USAGE`` when there are several.
        """
        names = sorted(
            name for name, suffix in self._names() if not suffix and name.startswith(prefix)
        )
        if len(names) > 1:
            raise WfError(
                USAGE,
                f"`{prefix}` fits more than one environment: {', '.join(names[:6])}",
                hint="write more of the fingerprint",
            )
        return self._kept(names[0]) if names else None

    def unfit(self, kept: Kept) -> str | None:
        """Why an environment would be built anew, as far as it can be told at once."""
        found = self._place(kept.fingerprint).unfit()
        return None if found is None else found.reason

    def verify(self, kept: Kept) -> Damage | None:
        """Read every file of an environment; a damaged one will not be used again.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be read, or the damage not be noted.
        """
        place = self._place(kept.fingerprint)
        try:
            found = files.verify(place.paths.venv)
            if found is not None:
                said = {"changed": found.changed, "missing": found.missing}
                place.paths.damaged.write_text(json.dumps(said), encoding="utf-8")
        except OSError as error:
            raise WfError(
                ENVIRONMENT,
                f"the environment cannot be looked through: {error.strerror}: {error.filename}",
            ) from error
        return found

    def remove(self, fingerprint: str) -> bool:
        """Remove an environment with its locks; false when somebody uses or builds it.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be removed.
        """
        place = self._place(fingerprint)
        held: list[int | None] = []
        try:
            for take in (_build_lock, _use_lock):
                held.append(take(place))
                if held[-1] is None:
                    return False
            if place.below is not None and _busy(place.below):
                return False
            place.clear()
            # both are held: who opens them now looks again
            place.use.unlink(missing_ok=True)
            place.lock.unlink(missing_ok=True)
        except OSError as error:
            raise WfError(
                ENVIRONMENT,
                f"the environment cannot be removed: {error.strerror}: {error.filename}",
            ) from error
        finally:
            for descriptor in held:
                let_go(descriptor)
        return True

    def orphans(self) -> list[str]:
        """Fingerprints of which there is nothing but files for locks."""
        found = list(self._names())
        there = {name for name, suffix in found if not suffix}
        return sorted({name for name, suffix in found if suffix} - there)

    def _names(self) -> Iterator[tuple[str, str]]:
        with suppress(OSError), os.scandir(self._cache.environments) as entries:
            for entry in entries:
                name, suffix = os.path.splitext(entry.name)
                if suffix in _SUFFIXES or entry.is_dir(follow_symlinks=False):
                    yield (name, suffix) if suffix in _SUFFIXES else (entry.name, "")

    def _place(self, fingerprint: str) -> Place:
        return Place(self._cache, fingerprint, self._provisioner)

    def _kept(self, fingerprint: str) -> Kept | None:
        place = self._place(fingerprint)
        found = place.read()
        times = [_mtime(path) for path in (place.use, place.paths.ready, place.paths.root)]
        if times[2] is None:
            return None  # removed meanwhile
        return Kept(
            fingerprint=fingerprint,
            folder=place.paths.root,
            ready=found is not None,
            in_use=any(map(_busy, filter(None, (place.lock, place.use, place.below)))),
            used_at=next(time for time in times if time is not None),
            finishing=_is_being_finished(place),
            built_at=times[1],
            kind=found.kind if found else None,
            python=found.python if found else None,
            as_of=found.as_of if found else None,
            lock=found.lock if found else (),
            image=found.image if found else None,
            room=room(place.paths.root),
        )


def _is_being_finished(place: Place) -> bool:
    # the look at it would make the file
    if not place.paths.finishing.exists():
        return False
    try:
        return is_being_finished(place.paths)
    except OSError:
        return False


def _build_lock(place: Place) -> int | None:
    held = locks.alone(place.lock)
    if held is not None:
        locks.write_label(held, "another command is removing it")
    return held


def _use_lock(place: Place) -> int | None:
    """The use lock; who only finishes the environment leaves off, as it is to go."""
    held = locks.alone(place.use)
    if held is not None or not place.paths.root.exists() or not is_being_finished(place.paths):
        return held
    stop(place.paths)
    deadline = time.monotonic() + _FINISHER_SECONDS
    while (held := locks.alone(place.use)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
    return held


def _busy(path: Path) -> bool:
    """Whether somebody holds a lock; who wants it in this very moment tries again."""
    if not path.exists():
        return False
    try:
        held = locks.alone(path)
    except OSError:
        return True
    let_go(held)
    return held is None


def _mtime(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
