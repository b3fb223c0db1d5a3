"""Files that a person adds by hand become a run: one without a workflow, which is over at once.

So whatever can be done with what a run has left behind can be done with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner import tree
from runner.artifacts.collecting.adding import Left, copy
from runner.artifacts.store.listing import Intake
from runner.artifacts.store.pool import Pool
from runner.disks import flush, named, unwritable
from runner.errors import USAGE, WfError
from runner.plan.plan import Plan
from runner.records import manifests
from runner.workspace.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from runner.artifacts.collecting.adding import Added
    from runner.artifacts.manifest import Artifact
    from runner.pace import Pace
    from runner.paths import RunPaths
    from runner.records.store import Records

    Shown = Callable[[str], AbstractContextManager[Pace]]


class Kept(NamedTuple):
    """The run that was made, and what it keeps."""

    run: str
    artifacts: tuple[Artifact, ...]


class Adding:
    """What is to be added, step by step; ``left`` is what was left out, or changed."""

    def __init__(self, given: Sequence[Added], records: Records, shown: Shown) -> None:
        """``shown`` is told what is being done, and shows how far that is."""
        self._given = given
        self._records = records
        self._shown = shown
        self.left = Left()

    def add(self, project: Path | None, choose: Callable[[Sequence[str]], str]) -> Kept:
        """Make the run. It appears with all its files, or not at all.

        ``project`` is the project folder that they are added in, if it is one.

        Raises:
            WfError: kind ``STORAGE`` when something cannot be read, or the state folder cannot be
                written; ``USAGE`` when there is no file at one of the paths.
        """
        self._records.close()  # children are made meanwhile
        paths = self._records.add(self._document(project), self._fill, choose)
        return Kept(paths.root.name, tuple(manifests.read(paths)))

    def _document(self, project: Path | None) -> dict[str, Any]:
        return {
            "workflow": None,
            "executor": None,
            "project": None if project is None else str(project),
            "fingerprint": None,
            "dependencies": [],
            "plan": Plan((), everything=True).document(),
            "edits": False,
            "source": Source().document(),
            "asked": None,
            "resumed_from": None,
            "added": [{"path": one.path, "from": str(one.source)} for one in self._given],
        }

    def _fill(self, paths: RunPaths) -> None:
        with self._shown("copying") as pace:
            pace.expect_of(self._measured)
            self.left = copy(self._given, paths.artifacts, pace)
        with self._shown("listing") as pace:
            pace.expect_of(lambda: tree.measure(paths.artifacts))
            kept = self._listed(paths, pace)
        # nobody wrote these files long ago, as a job does: they must not appear before their bytes
        flush(paths.root)
        manifests.write(paths, kept)

    def _measured(self) -> tuple[int, int]:
        found = [tree.measure(one.source) for one in self._given if one.source.is_dir()]
        files = [one.source.stat().st_size for one in self._given if not one.source.is_dir()]
        return sum(many for many, _ in found) + len(files), sum(files) + sum(b for _, b in found)

    def _listed(self, paths: RunPaths, pace: Pace) -> list[Artifact]:
        pool = Pool(self._records.home.objects)
        try:
            paths.lists.mkdir(mode=0o700)
            with Intake(paths.artifacts, paths.lists, pool, pace) as intake:
                kept = [intake.take_in(one.path, (one.path,)) for one in self._given]
                intake.finish()
            for failed in intake.unreadable:
                raise failed.error
        except OSError as error:
            what = "the files could not be added"
            raise unwritable(what, named(error), paths.artifacts) from error
        empty = next((artifact.path for artifact in kept if artifact.digest is None), None)
        if empty is not None:
            raise WfError(USAGE, f"there is no file in {empty}", hint="name what is to be kept")
        return kept
