"""Where the code of a run comes from, as git tells it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.plan.facts import History
from runner.process.helpers import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.process.helpers import Completed

_TIMEOUT = 60.0
_STATUS = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--", ".")


@dataclass(frozen=True, slots=True)
class Source:
    """The commit a snapshot was taken from; all ``None`` outside a git repository.

    ``diff`` holds the uncommitted changes to tracked files, as ``git apply`` takes them.
    ``untracked`` names files that git does not know and does not ignore.
    """

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    diff: bytes = b""
    untracked: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """The source as JSON."""
        return {
            "commit": self.commit,
            "branch": self.branch,
            "dirty": self.dirty,
            "untracked": list(self.untracked),
        }


class Git:
    """Reading a repository with git, without ever changing it.

    Optional locks are off, so that a read-only checkout works and nobody's index is touched.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        # GIT_DIR and its kin would point git at another repository than the one we stand in
        kept = {key: value for key, value in variables.items() if not key.startswith("GIT_")}
        self._variables = {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}

        self._asked: Callable[[], Completed | None] | None = None

    def _begin(self, *words: str) -> Callable[[], Completed | None]:
        return begin(["git", *words], cwd=self._folder, env=self._variables, timeout=_TIMEOUT)

    def _run(self, *words: str) -> bytes | None:
        return _said(self._begin(*words))

    def ask(self) -> None:
        """Have git look for the next :meth:`source`, which this process then need not wait for."""
        self._asked = self._begin(*_STATUS)

    def looking(self) -> Callable[[], list[str] | None]:
        """As :meth:`files`, but git does it beside us until what is returned is called."""
        asked = self._begin("ls-files", "-z", "--cached", "--others", "--exclude-standard")

        def files() -> list[str] | None:
            listed = _said(asked)
            if listed is None:
                return None
            names = (os.fsdecode(name) for name in listed.split(b"\0") if name)
            return list(dict.fromkeys(names)) or None

        return files

    def files(self) -> list[str] | None:
        """Tracked and untracked-not-ignored files below the folder; ``None`` without git.

        Submodules are listed as the folder they are. A folder that a repository around it ignores
        as a whole is not that repository's: ``None`` as well.
        """
        return self.looking()()

    def source(self) -> Source:
        """Commit, branch and changes of the folder."""
        asked, self._asked = self._asked or self._begin(*_STATUS), None
        status = _said(asked)
        if status is None:
            return Source()
        commit = branch = None
        changed = False
        untracked = []
        for line in (os.fsdecode(part) for part in status.split(b"\0")):
            if line.startswith("# branch.oid ") and "(initial)" not in line:
                commit = line.removeprefix("# branch.oid ")
            elif line.startswith("# branch.head "):
                branch = line.removeprefix("# branch.head ")
            elif line.startswith("? "):
                untracked.append(line[2:])
            elif line[:1] in {"1", "2", "u"}:
                changed = True
        diff = self._run("diff", "--binary", "--relative", "HEAD") if changed and commit else b""
        return Source(
            commit=commit,
            branch=None if branch == "(detached)" else branch,
            dirty=changed or bool(untracked),
            diff=diff or b"",
            untracked=tuple(untracked),
        )

    def history(self, paths: Sequence[str]) -> History | None:
        """What git tells of the files at ``paths``, the first of which is meant; ``None``: no git.

        The date is the committer's, in UTC: that of the author stays with a change that is put
        onto a newer state of the project, where other packages were in use by then.
        """
        only = ("--", *paths)
        status = self._run("--literal-pathspecs", "status", "--porcelain", "-z", *only)
        if status is None:
            return None
        shown = "the project" if paths[0] == "." else paths[0]
        last = self._run("--literal-pathspecs", "log", "-1", "--format=%ct %P", *only)
        if not last or not last.strip():  # without any commit git fails
            return History(shown)
        from datetime import datetime, timezone

        stamp, *parents = last.decode().split()
        shallow = self._run("rev-parse", "--is-shallow-repository") == b"true\n"
        day = datetime.fromtimestamp(int(stamp), timezone.utc).date().isoformat()
        return History(shown, day, changed=bool(status), cut=shallow and not parents)


def _said(asked: Callable[[], Completed | None]) -> bytes | None:
    done = asked()
    return done.stdout if done is not None and done.code == 0 else None
