"""Collecting: what the workflow declared is gathered among the run's artifacts, and taken in.

Both can be repeated, by whoever finds a run that nobody carries out any more. What cannot be kept
is told with all that was kept, and the rest is kept all the same.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.collecting.finding import among_artifacts
from runner.artifacts.collecting.gathering import gather, shown
from runner.artifacts.collecting.instead import instead
from runner.artifacts.collecting.undeclared import undeclared
from runner.artifacts.entries import stored
from runner.artifacts.giving.settling import settle
from runner.artifacts.manifest import next_list
from runner.artifacts.store.listing import Intake, never
from runner.disks import named, unwritable
from runner.errors import STORAGE, WfError
from runner.failpoints import reach
from runner.spec.patterns import is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from runner.artifacts.manifest import Artifact
    from runner.artifacts.store.listing import Failed
    from runner.artifacts.store.pool import Pool
    from runner.paths import RunPaths
    from runner.spec.workflow import ArtifactRequest


def _nobody(_files: int, _bytes: int) -> None:
    """Nobody watches."""


class Collected(NamedTuple):
    """What is kept: one artifact for each declared path, and those the job made by itself.

    ``remarks`` are to be told; ``error`` says what could not be kept, if anything could not.
    """

    artifacts: list[Artifact]
    remarks: tuple[str, ...] = ()
    error: WfError | None = None


class Told(NamedTuple):
    """Who is told files and bytes so far: of what has to be copied, and of what is taken in."""

    copied: Callable[[int, int], None] = _nobody
    kept: Callable[[int, int], None] = _nobody


NOBODY = Told()


def collect(  # noqa: PLR0913 - all that a collection is made of
    working_dir: Path,
    requests: Sequence[ArtifactRequest],
    paths: RunPaths,
    pool: Pool,
    told: Told = NOBODY,
    *,
    root: Path | None = None,
    later: Callable[[], bool] = never,
) -> Collected:
    """Bring every declared path among the run's artifacts and list it.

    The paths are relative or absolute. An artifact inside another one belongs to the outer one and
    is listed there and here. ``root`` is as in :func:`gather`, ``later`` as for :class:`Intake`.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be written; what has not been moved is still
            in the workspace.
    """
    try:
        settle(paths, os.path.relpath(working_dir, paths.workspace))
        replaced = _with_folder(paths)
        paths.lists.mkdir(mode=0o700, exist_ok=True)
        gathered = gather(working_dir, requests, paths, told.copied, root)
        # the lists of an earlier collection count until there is another manifest
        first = next_list(paths.lists) if paths.manifest.exists() else 0
        with Intake(
            paths.artifacts, paths.lists, pool, told.kept, later=later, first=first
        ) as intake:
            kept = _take_in(requests, paths, intake)
            reach("listed")
            intake.finish()
        unread = [*gathered.unread, *((one.path, one.error) for one in intake.unreadable)]
        _give_back(intake.unreadable, paths, working_dir)
    except OSError as error:
        what = "the artifacts could not be kept"
        hint = "look for free space (df -h); what was not moved is still in the workspace"
        then = f"wf artifacts collect {paths.root.name}"
        raise unwritable(what, named(error), working_dir, hint, then) from error
    known = gathered.refused | {path for path, _ in unread}
    folders = (str(working_dir), str(root or "/"), str(paths.artifacts))
    remarks = [*replaced, *gathered.remarks, *_remarks(kept, known, folders)]
    if intake.changed:
        remarks.append(f"changed while it was kept: {shown(intake.changed)}")
    failed = _error(unread, working_dir, paths)
    return Collected(kept, tuple(remarks), failed)


def _with_folder(paths: RunPaths) -> list[str]:
    """Have a folder for the artifacts, whatever the job has put in its place; what to say of that.

    What a link leads to is somebody else's: nothing may be moved there, or be made read-only there.
    All else is the job's, and kept in the folder under the name that the folder has.
    """
    folder, aside = paths.artifacts, paths.copied
    said = []
    if folder.is_symlink():
        said = [f"a link to {folder.readlink()}: what lies there is not kept"]
        folder.unlink()
    elif not folder.is_dir() and folder.exists():
        with suppress(FileNotFoundError):
            tree.remove(aside)
        folder.rename(aside)
    folder.mkdir(mode=0o700, exist_ok=True)
    # what is copied lies in a folder: this was put there above, by whoever was killed after that
    if aside.exists() and not aside.is_dir():
        is_file = aside.is_file()
        aside.rename(folder / folder.name)
        said = [f"a file: it is kept as `{folder.name}`" if is_file else "what is no file"]
    return [f"$WF_ARTIFACTS was replaced by {what}" for what in said]


def _take_in(
    requests: Sequence[ArtifactRequest], paths: RunPaths, intake: Intake
) -> list[Artifact]:
    root = str(paths.artifacts)
    kept: list[Artifact] = []
    declared: set[str] = set()
    for request in requests:
        roots = among_artifacts(root, request.path).paths
        declared.update(stored(path) for path in roots)
        kept.append(intake.take_in(request.path, roots))
    for path in undeclared(root, declared):
        artifact = intake.take_in(path, (path,))
        if artifact.digest or artifact.skipped:
            kept.append(artifact)
        elif artifact.listed is not None:
            artifact.listed.unlink()
    return kept


def _give_back(unreadable: Sequence[Failed], paths: RunPaths, working_dir: Path) -> None:
    """What could not be read goes back to the workspace, which stays: the store holds no such."""
    for failed in unreadable:
        whole = os.path.join(working_dir, failed.path)
        if failed.path.startswith("/") or os.path.lexists(whole):
            continue
        with suppress(OSError):
            os.makedirs(os.path.dirname(whole), mode=0o700, exist_ok=True)
            os.rename(paths.artifacts / stored(failed.path), whole)


def _remarks(
    kept: list[Artifact], known: Collection[str], folders: tuple[str, str, str]
) -> list[str]:
    """What is to be said of each; ``known`` are paths of which it is said why they are empty.

    ``folders`` are that of the job, that of absolute paths, and that of the artifacts.
    """
    working_dir, root, artifacts = folders
    said = []
    for artifact in kept:
        if artifact.skipped:
            said.append(f"not files, and so not kept: {shown(artifact.skipped)}")
        if os.path.islink(os.path.join(artifacts, stored(artifact.path))):
            what = "is a link, and kept as one"
            said.append(f"the artifact `{artifact.path}` {what}: not what it leads to")
        elif not artifact.digest and artifact.path not in known:
            top = root if artifact.path.startswith("/") else working_dir
            there = instead(top, artifacts, artifact.path)
            suffix = f"; {there}" if there else ""
            what = "matches nothing" if is_pattern(artifact.path) else "is empty"
            said.append(f"the artifact `{artifact.path}` {what}{suffix}")
    return said


def _error(
    unread: Sequence[tuple[str, OSError]], working_dir: Path, paths: RunPaths
) -> WfError | None:
    if not unread:
        return None
    path, error = unread[0]
    more = f", and {len(unread) - 1} more" if len(unread) > 1 else ""
    return WfError(
        STORAGE,
        f"not all artifacts could be kept: `{path}`: {error.strerror}{more}",
        hint=f"let {os.path.join(working_dir, path)} be read (chmod, chown), and then: "
        f"wf artifacts collect {paths.root.name}",
        details="\n".join(f"{one}: {why.strerror}" for one, why in unread) if more else None,
    )
