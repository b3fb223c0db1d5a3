"""The project as it stood when a command was typed: what all runs of one command are made from.

A single run copies the project itself. Several take their copies from one that is made first, so
that edits made while the first of them runs do not reach the others.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.errors import STORAGE, WfError
from runner.records import transit
from runner.workspace.code import digest
from runner.workspace.snapshot import take
from runner.workspace.source import Git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from runner.workspace.code import Digested
    from runner.workspace.source import Source


@dataclass(frozen=True, slots=True)
class Basis:
    """What runs are made from.

    ``root`` is where files are copied from; ``project`` is the project folder, whose name stands
    on the record. ``listed`` is what git knows of it, or ``None``, with scripts ``added`` to it.
    ``source`` and ``code`` are there once they were looked at. ``outputs`` are the files (device
    and inode) that the command itself writes to: they are no code. ``copy`` is there where ``root``
    is a copy already; ``of_then``: one of the project as it was for a former run.
    """

    root: Path
    project: Path
    listed: tuple[str, ...] | None
    git: Git
    source: Source | None = None
    code: Digested | None = None
    added: frozenset[str] = frozenset()
    outputs: frozenset[tuple[int, int]] = frozenset()
    copy: Copy | None = None
    of_then: bool = False

    @property
    def wanted_from(self) -> Path:
        """Where files come from that a workflow wants elsewhere."""
        return self.root if self.of_then else self.project

    def let_go(self) -> None:
        """Use it no longer: a copy goes with the last process that does. Safe to repeat."""
        if self.copy is not None:
            self.copy.let_go()

    def ignored(self, script: str | None) -> bool:
        """Whether git ignores a script that a run needs."""
        if self.listed is None or script is None:
            return False
        return script in self.added or script not in self.listed

    def with_scripts(self, scripts: Sequence[str]) -> Basis:
        """The same with scripts that git ignores: they belong to a run all the same."""
        if self.listed is None:
            return self
        known = set(self.listed)
        missing = tuple(dict.fromkeys(script for script in scripts if script not in known))
        return replace(self, listed=(*self.listed, *missing), added=self.added.union(missing))

    def digested(
        self, own_folders: tuple[Path, ...], only: Sequence[str] = (), file: str | None = None
    ) -> Basis:
        """The same with the digests of all files, or ``only`` of those below some paths.

        ``file`` is a workflow file that was named.
        """
        code = digest(
            self.root, self.listed, own_folders, only=only, outputs=self.outputs, file=file
        )
        return replace(self, code=code)


def look(
    root: Path,
    variables: Mapping[str, str],
    outputs: frozenset[tuple[int, int]] = frozenset(),
) -> Basis:
    """The project at ``root`` as it is now."""
    return looking(root, variables)(outputs)


def looking(
    root: Path, variables: Mapping[str, str]
) -> Callable[[frozenset[tuple[int, int]]], Basis]:
    """As :func:`look`, but git looks beside us until what is returned is called, once."""
    git = Git(root, variables)
    asked = git.looking()

    def basis(outputs: frozenset[tuple[int, int]]) -> Basis:
        listed = asked()
        return Basis(root, root, None if listed is None else tuple(listed), git, outputs=outputs)

    return basis


class Copy:
    """A folder of one's own for copies of a project, which processes forked from this one share.

    A lock on it lives as long as any of them; a command that finds it free removes the folder.
    """

    def __init__(self, folder: Path) -> None:
        """Make it below ``folder``, and remove what killed commands left there."""
        transit.sweep(folder)
        self.path, self._lock = transit.claim(folder)

    def let_go(self) -> None:
        """Remove it, unless another process uses it still. Safe to repeat."""
        if self._lock < 0:
            return
        os.close(self._lock)
        self._lock = -1
        transit.remove(self.path)


@contextmanager
def frozen(basis: Basis, folder: Path, own_folders: tuple[Path, ...]) -> Iterator[Basis]:
    """A copy of the project below ``folder`` for as long as it is needed.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be written.
    """
    if basis.copy is not None:
        yield basis
        return
    with own_copy(folder) as own:
        copy = own.path / "project"
        source = basis.source or basis.git.source()
        listed = None if basis.listed is None else list(basis.listed)
        take(basis.root, listed, copy, own_folders, lambda _files, _bytes: None)
        yield replace(basis, root=copy, source=source, copy=own)


@contextmanager
def own_copy(folder: Path) -> Iterator[Copy]:
    """A folder for a copy below ``folder``, for as long as it is needed.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be made.
    """
    try:
        own = Copy(folder)
    except OSError as error:
        raise WfError(
            STORAGE, f"the project cannot be copied: {error.strerror}: {error.filename}"
        ) from error
    try:
        yield own
    finally:
        own.let_go()
