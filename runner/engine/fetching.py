"""What lies at absolute paths of a job's container, fetched before the container is removed."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.collecting.gathering import shown
from runner.artifacts.folders import opened
from runner.containers.faults import Gone, Refused, Unreachable
from runner.disks import named, unwritable
from runner.errors import STORAGE, WfError
from runner.failpoints import reach
from runner.records import folder
from runner.spec.patterns import Pattern, fixed
from runner.spec.workflow import PROJECT_INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.artifacts.collecting.unpacking import Unpacked, Way
    from runner.containers.container import Container
    from runner.engine.attempt import Attempt
    from runner.paths import RunPaths
    from runner.spec.workflow import ArtifactRequest

# a daemon that is restarted is back by then
_PATIENCE_SECONDS = 60.0
_GOING = ("removing", "dead")
_LONGEST_PAUSE_SECONDS = 5.0


class Fetched(NamedTuple):
    """What is to be told of it, and why not all of it could be had, if that is so."""

    remarks: tuple[str, ...] = ()
    error: WfError | None = None


def fetch(
    container: Container,
    requests: Sequence[ArtifactRequest],
    paths: RunPaths,
    tell: Callable[[int, int], None],
    patience: float = _PATIENCE_SECONDS,
) -> Fetched:
    """Have what is declared with absolute paths in ``paths.fetched``; safe to repeat.

    ``tell`` is told files and bytes so far. A daemon that does not answer is asked again for so
    many seconds.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be written.
    """
    outside = [request.path for request in requests if request.path.startswith("/")]
    if not outside or paths.fetched.exists():
        return Fetched()
    from tarfile import TarError

    try:
        _mountable(paths)
        skipped = _patiently(container, outside, paths, tell, patience)
        os.rename(paths.fetching, paths.fetched)
    except (Unreachable, Refused, Gone, TarError) as error:
        return Fetched(error=_lost(outside, container, error))
    except OSError as error:
        what = "the artifacts could not be fetched out of the container"
        raise unwritable(what, named(error), paths.root) from error
    reach("fetched")
    return Fetched((f"not files, and so not kept: {shown(skipped)}",) if skipped else ())


def discard(attempt: Attempt) -> None:
    """Remove the container of a job whose artifacts have been fetched, or are not wanted."""
    if attempt.job.kept_outside:
        with suppress(Unreachable, Refused):
            container_of(attempt).remove()


def container_of(attempt: Attempt) -> Container:
    """The container of the last attempt at the job."""
    known = folder.read(attempt.run.paths.container) or {}
    return attempt.parts.daemon().container(str(known.get("id")))


def _mountable(paths: RunPaths) -> None:
    """Have every file that was mounted into the container, if only an empty one.

    A daemon mounts them again to hand out files (moby's `daemon/archive.go`). If one is missing, it
    says of whatever it is asked for that there is no such file.
    """
    for path in (paths.variables, paths.unmasked_notes):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _patiently(
    container: Container,
    outside: Sequence[str],
    paths: RunPaths,
    tell: Callable[[int, int], None],
    patience: float,
) -> list[str]:
    """Fetch it, again from the start where the daemon was away; what is left out."""
    deadline, pause = time.monotonic() + patience, 0.1
    while True:
        with suppress(FileNotFoundError):
            tree.remove(paths.fetching)
        paths.fetching.mkdir(mode=0o700)
        try:
            return _all(container, outside, paths, tell)
        except Unreachable:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _all(
    container: Container,
    outside: Sequence[str],
    paths: RunPaths,
    tell: Callable[[int, int], None],
) -> list[str]:
    own = _way(os.path.realpath(paths.root.parent))
    skipped: list[str] = []
    with opened(paths.fetching) as target:
        for top in _tops(outside):
            wanted = _Wanted([path for path in outside if _below(_way(fixed(path)), top)], own)
            found = _one(container, top, wanted, target, tell)
            skipped += (f"/{'/'.join(way)}" for way in found.skipped)
            for link in found.links:
                # the stream had what is in it under another name, which was not wanted
                _one(container, link, _Wanted([f"/{'/'.join(link)}"], own), target, tell)
    return skipped


def _one(
    container: Container,
    way: Way,
    wanted: _Wanted,
    target: int,
    tell: Callable[[int, int], None],
) -> Unpacked:
    from runner.artifacts.collecting.unpacking import Unpacked, unpack

    try:
        return unpack(container.archive(f"/{'/'.join(way)}"), target, way, wanted, tell)
    except Gone:
        # raises the same if it is the container that is gone; of one that is just being removed the
        # files are
        if container.state().status in _GOING:
            raise
        return Unpacked()


class _Wanted:
    """Whether something lies at a declared path, matches one, or lies below such a thing."""

    def __init__(self, declared: Sequence[str], own: Way) -> None:
        self._ways = [_way(path) for path in declared]
        self._patterns = [
            (_way(fixed(path)), Pattern.of("/".join(_way(path)[len(_way(fixed(path))) :])))
            for path in declared
            if fixed(path) != path
        ]
        # the workspace is seen there, and not looked for by patterns of all the rest
        project = _way(PROJECT_INSIDE)
        inside = any(_below(way, project) for way in self._ways)
        self._never = [own] if inside else [own, project]

    def __call__(self, way: Way) -> bool:
        """Whether it is wanted."""
        if any(_below(way, other) for other in self._never):
            return False
        return any(_below(way, own) for own in self._ways) or any(
            self._matches(way, top, pattern) for top, pattern in self._patterns
        )

    def _matches(self, way: Way, top: Way, pattern: Pattern) -> bool:
        if not _below(way, top):
            return False
        reached = pattern.start()
        for name in way[len(top) :]:
            reached = pattern.step(reached, name)
            if pattern.matched(reached):
                return True
        return False


def _tops(outside: Sequence[str]) -> Iterator[Way]:
    """What has to be fetched so that all is there, nothing twice."""
    kept: list[Way] = []
    for way in sorted({_way(fixed(path)) for path in outside}):
        if not any(_below(way, other) for other in kept):
            kept.append(way)
            yield way


def _way(path: str) -> Way:
    return tuple(name for name in path.split("/") if name)


def _below(way: Way, top: Way) -> bool:
    return way[: len(top)] == top


def _lost(outside: Sequence[str], container: Container, error: Exception) -> WfError:
    what = f"`{outside[0]}`" + (f", and {len(outside) - 1} more" if len(outside) > 1 else "")
    hint = f"if the container is still there: docker cp {container.id}:{outside[0]} ."
    said = f"not all artifacts could be kept: {what}: it cannot be fetched out of the container"
    return WfError(STORAGE, said, hint=hint, details=str(error))
