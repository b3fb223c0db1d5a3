"""What a run keeps, whether it is over or goes on, as those look at it who want files of it."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import PREFIX, stored
from runner.artifacts.form import Odd
from runner.artifacts.looking.links import followed
from runner.artifacts.manifest import entries_of
from runner.disks import named
from runner.errors import STORAGE, USAGE, WfError
from runner.records import folder, manifests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.paths import RunPaths

# names to choose a hint from; more would take longer than anybody waits for a hint
_CANDIDATES = 2000
_TOLD = 5
_NAMED = 3


class Contents(NamedTuple):
    """What a run keeps.

    ``folder`` is where; ``live`` has the artifacts' paths whose files lie elsewhere as yet, and
    where that is. With ``over`` the run has ended, and everything is listed.
    """

    run: str
    folder: Path
    artifacts: tuple[Artifact, ...]
    live: tuple[tuple[str, Path], ...] = ()
    over: bool = True

    def entries(self, path: str | None = None) -> Iterator[Entry]:
        """Every entry once, or those at and below ``path``.

        Raises:
            WfError: kind ``STORAGE`` when the list cannot be read.
        """
        seen: set[str] = set()
        try:
            for entry in entries_of(self.artifacts):
                if entry.path not in seen and (path is None or within(entry.path, path)):
                    seen.add(entry.path)
                    yield entry
        except (OSError, ValueError) as error:
            why = f"it {error}" if isinstance(error, Odd) else error
            raise WfError(
                STORAGE,
                f"the list of what {self.run} keeps is damaged: {why}",
                hint=f"wf artifacts verify {self.run}",
            ) from error

    def at(self, path: str) -> list[Entry]:
        """The entries at and below ``path``.

        Raises:
            WfError: kind ``USAGE`` when there are none, saying what there is.
        """
        found = list(self.entries(path))
        if not found:
            raise WfError(USAGE, f"{self.run} keeps no `{path}`", hint=self._instead(path))
        return found

    def file(self, path: str) -> Entry:
        """The file at ``path``, where links of the run's own lead there, too.

        Raises:
            WfError: kind ``USAGE`` when there is none.
        """
        found = {entry.path: entry for entry in self.entries()}
        links = {
            entry.path: self._target(entry) for entry in found.values() if entry.kind == "link"
        }
        meant = followed(path, links)
        entry = None if meant is None else found.get(meant)
        if entry is not None and entry.kind == "file":
            return entry
        if path in links and (meant is None or not any(self.entries(meant))):
            said = f"`{path}` is a link to {links[path]}, where {self.run} keeps no file"
            raise WfError(USAGE, said, hint=f"what there is: wf artifacts tree {self.run}")
        below = [one for one in self.at(meant or path) if one.kind != "directory"]
        if not below:
            hint = f"what there is: wf artifacts tree {self.run}"
            raise WfError(USAGE, f"`{path}` is a folder with nothing in it", hint=hint)
        names = ", ".join(one.path for one in below[:_NAMED])
        names += f" and {len(below) - _NAMED} more" if len(below) > _NAMED else ""
        raise WfError(USAGE, f"`{path}` is a folder", hint=f"name a file in it: {names}")

    def _target(self, link: Entry) -> str:
        root, place = self.place(link.path)
        try:
            return os.readlink(os.path.join(root, place))
        except OSError:  # it is not there any more
            return ""

    def place(self, path: str) -> tuple[Path, str]:
        """Where the file of an entry lies: a folder, and the path below it."""
        for top, at in self.live:
            if within(path, top):
                return at.parent, path.replace(top, at.name, 1)
        return self.folder, stored(path)

    def open(self, path: str) -> int:
        """A descriptor for reading the file of an entry.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be read.
        """
        from runner.artifacts.folders import open_kept

        try:
            return open_kept(*self.place(path))
        except OSError as error:
            raise WfError(
                STORAGE,
                f"{path} cannot be read: {named(error).strerror}",
                hint=f"what else is damaged: wf artifacts verify {self.run}",
            ) from error

    def digest(self, entry: Entry) -> str:
        """That of an entry; of one that is still being written, that of what is there now.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be read.
        """
        if entry.digest or entry.kind == "directory":
            return entry.digest
        from runner.artifacts.store.hashing import Hasher

        hasher = Hasher()
        if entry.kind == "link":
            return PREFIX + hasher.text(os.fsencode(self._target(entry)))
        with open(self.open(entry.path), "rb", buffering=0) as file:
            return PREFIX + hasher.read(file.fileno(), os.fstat(file.fileno()))[1]

    def _instead(self, path: str) -> str:
        """What there is that may have been meant."""
        import difflib

        folder, name = posixpath.split(path)
        known = list(_paths(self.entries()))
        alike = [one for one in known if posixpath.basename(one) == name]
        beside = [one for one in known if posixpath.dirname(one) == folder]
        known = (beside or known)[:_CANDIDATES]
        close = alike[:1] or difflib.get_close_matches(path, known, n=1)
        if close:
            return f"did you mean `{self.run}:{close[0]}`?"
        there = [artifact.path for artifact in self.artifacts if artifact.files]
        if not there:
            return f"it keeps nothing{'' if self.over else ' as yet'}: wf show {self.run}"
        more = f" and {len(there) - _TOLD} more" if len(there) > _TOLD else ""
        return f"there is: {', '.join(there[:_TOLD])}{more}"


def contents(paths: RunPaths) -> Contents:
    """What the run keeps.

    Raises:
        WfError: kind ``STORAGE`` when its manifest is damaged.
    """
    name = paths.root.name
    state = folder.read_state(paths)
    if state is None or state.terminal or paths.manifest.exists():
        return Contents(name, paths.artifacts, tuple(manifests.read(paths)))
    from runner.artifacts.looking.live import live

    found = live(paths.artifacts, paths.workspace, _mounted(paths))
    artifacts = tuple(one.artifact for one in found)
    places = tuple((one.artifact.path, one.folder) for one in found)
    return Contents(name, paths.artifacts, artifacts, places, over=False)


def within(path: str, folder: str) -> bool:
    """Whether a path is that of a folder, or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mounted(paths: RunPaths) -> list[str]:
    """The paths that the workflow declares to be seen while the run goes on."""
    submitted = folder.read_submitted(paths)
    if submitted is None:
        return []
    from runner.artifacts.collecting.preparing import at_home
    from runner.spec.interpolation import with_run_name
    from runner.spec.workflow import ArtifactRequest

    # older versions did not write it down
    written = submitted["plan"]["jobs"][-1].get("live_artifacts", ())
    requests = [ArtifactRequest(with_run_name(path, paths.root.name)) for path in written]
    return [one.path for one in at_home(requests, os.path.realpath(os.path.expanduser("~")))]


def _paths(entries: Iterable[Entry]) -> Iterator[str]:
    """The paths of entries, and of the folders on their way, once each."""
    seen: set[str] = set()
    for entry in entries:
        path = entry.path
        while path and path != "/" and path not in seen:
            seen.add(path)
            yield path
            path = posixpath.dirname(path)
