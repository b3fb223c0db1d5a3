"""Gathering: what was declared is brought among the run's artifacts, at the path the job had.

What lies in the workspace is moved. What lies elsewhere is the user's: it is copied, and nothing of
it is changed. What was fetched out of a container is wf's own, and moved. All can be repeated after
a crash.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.collecting.copying import Copier
from runner.artifacts.collecting.finding import by_names, in_workspace, link_on_the_way
from runner.artifacts.collecting.mounts import mounted_below
from runner.artifacts.collecting.moving import Mover
from runner.artifacts.collecting.preparing import withdraw
from runner.artifacts.entries import stored
from runner.artifacts.folders import OnTheWayError, entered, look, opened
from runner.spec.patterns import fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from runner.paths import RunPaths
    from runner.spec.workflow import ArtifactRequest


class Gathered(NamedTuple):
    """What is to be told of it: ``remarks`` in words, and what could not be read, with why.

    ``refused`` are declared paths of which the remarks say why they are not kept.
    """

    remarks: tuple[str, ...] = ()
    unread: tuple[tuple[str, OSError], ...] = ()
    refused: frozenset[str] = frozenset()


def gather(
    working_dir: Path,
    requests: Sequence[ArtifactRequest],
    paths: RunPaths,
    tell: Callable[[int, int], None],
    root: Path | None = None,
) -> Gathered:
    """Bring it there; ``tell`` is told files and bytes copied so far.

    ``root`` is the folder of the run that has what lies at absolute paths; ``None``: they are this
    machine's.

    Raises:
        OSError: something cannot be written.
    """
    with suppress(FileNotFoundError):
        tree.remove(paths.copied)
    with ExitStack() as stack:
        target = stack.enter_context(opened(paths.artifacts))
        withdraw(working_dir, requests, target)
        if not requests:
            return Gathered()
        gathering = _Gathering(working_dir, paths, target, tell, stack)
        bring = gathering.bring if root is None else gathering.from_root(root)
        for request in sorted(requests, key=lambda wanted: by_names(wanted.path)):
            bring(request.path)
        return gathering.told()


class _Gathering:
    """That of one run. ``target`` is the folder of its artifacts."""

    def __init__(
        self,
        working_dir: Path,
        paths: RunPaths,
        target: int,
        tell: Callable[[int, int], None],
        stack: ExitStack,
    ) -> None:
        self._paths = paths
        self._stack = stack
        self._copier = Copier(tell)
        self._top = os.path.realpath(working_dir)
        self._remarks: list[str] = []
        self._unread: list[tuple[str, OSError]] = []
        self._target = target
        self._mover = Mover(target, self._copy_instead, mounted_below(self._top))
        self._placer = Mover(target, self._cannot_copy)
        self._copies: int | None = None
        self._refused: set[str] = set()

    def bring(self, path: str) -> None:
        """Bring what one declared path stands for."""
        absolute = path.startswith("/")
        folder = fixed(path)
        if (base := self._base(absolute=absolute)) is None:
            self._remark(path, "the working directory leads out of the workspace")
            return
        if link := link_on_the_way(base, path if folder == path else f"{folder}/x"):
            lead = f"; it leads to {os.path.realpath(os.path.join(base, link))}" * absolute
            self._remark(path, f"`{link}` is a link, and not followed{lead}")
            return
        if not absolute:
            self._let_in(folder)
        found = in_workspace(base, path)
        self._unread += found.unread
        for one in found.paths:
            try:
                if absolute:
                    self._copy(one)
                else:
                    self._move(one)
            except (FileNotFoundError, OnTheWayError):
                # what was seen a moment ago
                self._remark(one, "it was gone, or a link was put on its way, meanwhile")

    def from_root(self, root: Path) -> Callable[[str], None]:
        """The same, where absolute paths are found below ``root``, if there is anything."""
        root.mkdir(mode=0o700, exist_ok=True)
        top = self._stack.enter_context(opened(root))

        def bring(path: str) -> None:
            if path.startswith("/"):
                self._bring_fetched(root, top, path)
            else:
                self.bring(path)

        return bring

    def _bring_fetched(self, root: Path, top: int, path: str) -> None:
        below = path.lstrip("/")
        if link := link_on_the_way(str(root), below):
            self._remark(path, f"`/{link}` is a link, and not followed")
            return
        found = in_workspace(str(root), below)
        self._unread += ((f"/{one}", error) for one, error in found.unread)
        for one in found.paths:
            to = stored(f"/{one}").split("/")
            self._placer.move(top, tuple(one.split("/")), tuple(to))

    def told(self) -> Gathered:
        """What is to be told."""
        remarks = list(self._remarks)
        for path, kept in (*self._mover.aside, *self._placer.aside):
            said = f"`{path}` was written to both places: that of $WF_ARTIFACTS is kept as `{kept}`"
            remarks.append(said)
        if self._copier.gone:
            remarks.append(f"gone while it was copied: {shown(self._copier.gone)}")
        if self._copier.changed:
            remarks.append(f"changed while it was copied: {shown(self._copier.changed)}")
        if self._copier.skipped:
            remarks.append(f"not files, and so not kept: {shown(self._copier.skipped)}")
        unread = (*self._unread, *self._copier.unread)
        return Gathered(tuple(remarks), unread, frozenset(self._refused))

    def _base(self, *, absolute: bool) -> str | None:
        if absolute:
            return "/"
        workspace = os.path.realpath(self._paths.workspace)
        inside = self._top == workspace or self._top.startswith(f"{workspace}/")
        return self._top if inside else None

    def _remark(self, path: str, why: str) -> None:
        self._remarks.append(f"the artifact `{path}` was not kept: {why}")
        self._refused.add(path)

    def _let_in(self, path: str) -> None:
        """Folders that the job has locked against itself are opened, so that it can be found."""
        names = path.split("/") if path else ()
        with suppress(OSError), self._inside() as top, entered(top, names, unlock=True):
            pass

    def _move(self, path: str) -> None:
        with self._inside() as top:
            way = tuple(path.split("/"))
            self._mover.move(top, way, way)

    @contextmanager
    def _inside(self) -> Iterator[int]:
        """The working directory, which lies within the workspace."""
        below = os.path.relpath(self._top, os.path.realpath(self._paths.workspace))
        names = () if below == "." else below.split("/")
        with opened(self._paths.workspace) as workspace, entered(workspace, names) as top:
            yield top

    def _copy(self, path: str) -> None:
        """Copy what lies outside the workspace, unless it holds what wf keeps."""
        own = os.path.realpath(self._paths.root.parent)
        if f"{own}/".startswith(f"{path}/") or path.startswith(f"{own}/"):
            self._remark(path, "wf keeps its runs there")
            return
        *names, name = path.strip("/").split("/")
        with opened("/") as top, entered(top, names) as folder:
            if look(folder, name) is None:
                return
            self._bring_copy(folder, name, tuple(stored(path).split("/")), path)

    def _copy_instead(self, folder: int, name: str, to: tuple[str, ...]) -> None:
        self._bring_copy(folder, name, to, "/".join(to))

    def _bring_copy(self, folder: int, name: str, to: tuple[str, ...], path: str) -> None:
        """Copy it whole, and then have it appear: half of it is never taken for all of it."""
        if self._copies is None:
            self._paths.copied.mkdir(mode=0o700)
            self._copies = self._stack.enter_context(opened(self._paths.copied))
        self._copier.copy(folder, self._copies, name, path)
        if look(self._copies, name) is not None:
            self._placer.move(self._copies, (name,), to)
            with suppress(OSError):  # what is left of folders that were merged
                tree.remove(self._paths.copied / name)

    def _cannot_copy(self, _folder: int, name: str, _to: tuple[str, ...]) -> None:
        raise OSError(None, "it cannot be moved", name)


def shown(paths: Sequence[str]) -> str:
    """A few of several paths, for a message."""
    return ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")  # noqa: PLR2004
