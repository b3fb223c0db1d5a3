"""What a former run left behind, put back into the workspace of the run that goes on from it.

It lies on top of the code and of what other runs gave, as it did when the former run ended; but
nothing of it takes the place of a file of the code, which may have been corrected since.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import stored
from runner.artifacts.manifest import entries_of
from runner.engine.inputs import not_put_back
from runner.events import PhaseFinished, PhaseStarted, Warned
from runner.records import folder, manifests
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.layer import Layer
    from runner.engine.attempt import Attempt
    from runner.paths import RunPaths
    from runner.plan.plan import Job

_SHOWN = 3


class Restored(NamedTuple):
    """What was put back: of which run, how much, and the checkpoint to go on from.

    ``checkpoint`` is a path below the working directory.
    """

    run: str
    files: int
    bytes: int
    checkpoint: str | None


def in_the_way(attempt: Attempt) -> frozenset[str]:
    """Paths of the former run's artifacts at which there is code.

    To be called when the code is in place, and nothing else.
    """
    former = _former(attempt)
    if former is None:
        return frozenset()
    working_dir = attempt.run.paths.workspace / attempt.job.working_dir
    ways: dict[str, bool] = {"": True}
    return frozenset(
        entry.path
        for entry in entries_of(manifests.read(attempt.parts.records.home.run(former)))
        if not os.path.isabs(entry.path) and _taken(working_dir, entry.path, entry.kind, ways)
    )


def _former(attempt: Attempt) -> str | None:
    """The run to go on from; nothing is ever put into the project itself."""
    return None if attempt.job.in_place else attempt.job.resumes


def _taken(working_dir: Path, path: str, kind: str, ways: dict[str, bool]) -> bool:
    """Whether code is where a file is to go, or is a file or a link on its way."""
    if not _open(working_dir, os.path.dirname(path), ways):
        return True
    target = working_dir / path
    if kind == "directory":
        return not _open(working_dir, path, ways)
    return os.path.lexists(target)


def _open(working_dir: Path, path: str, ways: dict[str, bool]) -> bool:
    """Whether a folder is there, or can be made without removing anything."""
    if path not in ways:
        whole = working_dir / path
        free = not os.path.lexists(whole) or (whole.is_dir() and not whole.is_symlink())
        ways[path] = free and _open(working_dir, os.path.dirname(path), ways)
    return ways[path]


def restore(attempt: Attempt, code: frozenset[str], layer: Layer | None) -> None:
    """Copy what the former run left behind, all but what is at the paths in ``code``.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be read or written.
    """
    former = _former(attempt)
    if former is None:
        return
    from runner.artifacts.giving.inputs import place

    started = time.monotonic()
    attempt.notify(PhaseStarted("resume", f"copying what {former} left behind"))
    paths = attempt.run.paths
    source = attempt.parts.records.home.run(former)
    # an artifact inside another one is listed twice
    found = {entry.path: entry for entry in entries_of(manifests.read(source))}
    entries = [entry for path, entry in found.items() if path not in code]
    made = _made(former, source.artifacts, entries)
    tell = attempt.teller("resume", "copied")
    tell.expect(made.files, made.bytes)
    working_dir = paths.workspace / attempt.job.working_dir
    inside = attempt.inside
    if left := place(source.artifacts, entries, working_dir, tell, layer, inside=inside):
        attempt.notify(Warned(not_put_back(former, left)))
    document = {"run": made.run, "files": made.files, "bytes": made.bytes}
    folder.write(paths.restored, {**document, "checkpoint": made.checkpoint}, durable=False)
    if code:
        shown = ", ".join(sorted(code)[:_SHOWN]) + (", …" if len(code) > _SHOWN else "")
        text = f"{count(len(code), 'file')} of {former} not put back, as the project has them"
        attempt.notify(Warned(f"{text}: {shown}"))
    if not made.files:
        attempt.notify(Warned(f"{former} left nothing to go on from: it begins at the start"))
    attempt.notify(PhaseFinished("resume", in_words(made), time.monotonic() - started))


def checkpoint(paths: RunPaths, job: Job, attempt: int) -> Path | None:
    """What a job goes on from: a checkpoint of an attempt before, else of the former run."""
    working_dir = paths.workspace / job.working_dir
    found = restored(paths)
    path = found and found.checkpoint
    if attempt > 1:
        from runner.artifacts.looking.checkpoints import newest

        path = newest(_written(paths, working_dir, job)) or path
    return working_dir / path if path else None


def _written(paths: RunPaths, working_dir: Path, job: Job) -> Iterator[tuple[str, int]]:
    """Files of the artifacts that were written since there is the run, each with the time (ns).

    What was copied into the workspace has the time that it had where it came from.
    """
    from runner.artifacts.collecting.finding import in_workspace

    begun = paths.submitted.stat().st_mtime_ns
    working = str(working_dir)
    found = [path for artifact in job.kept for path in in_workspace(working, artifact.path).paths]
    for top in (*(os.path.join(working, path) for path in found), str(paths.artifacts)):
        for whole in _files(top):
            with suppress(OSError):
                written = os.lstat(whole).st_mtime_ns
                if written >= begun:
                    yield os.path.relpath(whole, working), written


def _files(top: str) -> Iterator[str]:
    """The file at a path, or all those below it."""
    if not os.path.isdir(top):
        yield top
    for folder_path, _, names in os.walk(top):
        yield from (os.path.join(folder_path, name) for name in names)


def in_words(restored: Restored) -> str:
    """What was put back, in one line."""
    parts = [count(restored.files, "file"), amount(restored.bytes)]
    if restored.checkpoint:
        parts.append(f"checkpoint {restored.checkpoint}")
    return f"from {restored.run}: {', '.join(parts)}"


def restored(paths: RunPaths) -> Restored | None:
    """What a run was given back when it was placed; ``None`` if it goes on from nothing."""
    found = folder.read(paths.restored)
    return None if found is None else Restored(*(found[key] for key in Restored._fields))


def _made(run: str, source: Path, entries: list[Entry]) -> Restored:
    from runner.artifacts.looking.checkpoints import newest

    files = [entry for entry in entries if entry.kind != "directory"]
    times = ((one.path, _modified(source, one)) for one in files)
    return Restored(run, len(files), sum(one.bytes for one in files), newest(times))


def _modified(source: Path, entry: Entry) -> int:
    if entry.modified is not None:
        return entry.modified
    return os.lstat(source / stored(entry.path)).st_mtime_ns
