"""Files as they were at a commit, with the changes that were made on top of it.

They are written elsewhere, by an index and an object store of their own: nothing of the repository
changes, and what it holds is only read. Git itself applies the changes and checks the files out, so
that line ends, links, execute bits and binary patches come out as they would in the project.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.process.helpers import capture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_TIMEOUT = 600.0
# what a command line holds
_AT_ONCE = 500
# versions of one file that are looked at
_VERSIONS = 200
_NO_FILE = frozenset({"000000", "160000"})  # nothing, and a submodule


class Checkout:
    """Files of another time of the project, which is in a repository, below :attr:`files`.

    ``own`` is an empty folder for them and for what git needs besides.
    """

    def __init__(self, project: Path, own: Path, variables: Mapping[str, str]) -> None:
        # of the caller's, nothing that leads git to another repository
        kept = {key: value for key, value in variables.items() if not key.startswith("GIT_")}
        self._variables = {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        self._folder = project
        self.files = own / "tree"
        """Where the files are written, at their paths in the project."""
        found = self._run("rev-parse", "--absolute-git-dir", "--git-path", "objects")
        below = self._run("rev-parse", "--show-prefix")
        self.there = found is not None and below is not None
        """Whether there is a repository."""
        if found is None or below is None:
            return
        git, objects = (os.fsdecode(line) for line in found.splitlines())
        self._below = os.fsdecode(below.rstrip(b"\n"))
        self._folder = self.files
        self.files.mkdir()
        (own / "objects").mkdir()
        self._variables |= {
            "GIT_DIR": git,
            "GIT_WORK_TREE": str(self.files),
            "GIT_INDEX_FILE": str(own / "index"),
            "GIT_OBJECT_DIRECTORY": str(own / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(project / objects),
        }
        self.files = self.files / self._below

    def _run(self, *words: str) -> bytes | None:
        done = capture(["git", *words], cwd=self._folder, env=self._variables, timeout=_TIMEOUT)
        return done.stdout if done is not None and done.code == 0 else None

    def read(self, commit: str, diff: Path | None) -> bool:
        """Take up a commit with a diff on top of it; whether it is there, and the diff fits."""
        if self._run("read-tree", commit) is None:
            return False
        below = () if not self._below else (f"--directory={self._below}",)
        return diff is None or self._run("apply", "--cached", *below, str(diff)) is not None

    def write(self, names: Sequence[str]) -> None:
        """Write those of the files that it has."""
        listed = self._run("ls-files", "--stage", "-z") or b""
        entries = (os.fsdecode(line).partition("\t") for line in listed.split(b"\0") if line)
        known = {name for about, _, name in entries if about.split(" ", 1)[0] not in _NO_FILE}
        wanted = [path for name in names if (path := self._below + name) in known]
        for start in range(0, len(wanted), _AT_ONCE):
            self._run("checkout-index", "--force", "--", *wanted[start : start + _AT_ONCE])

    def versions(self, name: str) -> Iterator[None]:
        """Write each version of a file that a commit has, the newest first.

        A file that was not committed at the time may have been since, and of a commit that is gone
        others may have the files.
        """
        path = self._below + name
        said = self._run(
            "--literal-pathspecs", "log", "--all", "--reflog", "--raw", "-z", "--no-abbrev",
            "--no-renames", "--diff-merges=first-parent", "--format=",
            f"--max-count={_VERSIONS}", "--", path,
        )  # fmt: skip
        for mode, blob in _blobs(os.fsdecode(said or b"")):
            entry = f"{mode},{blob},{path}"
            if self._run("update-index", "--add", "--cacheinfo", entry) is None:
                continue
            if self._run("checkout-index", "--force", "--", path) is not None:
                yield


def _blobs(raw: str) -> dict[tuple[str, str], None]:
    """The modes and ids of what a file became, as ``git log --raw -z`` tells them."""
    found: dict[tuple[str, str], None] = {}
    for part in raw.split("\0"):
        words = part.lstrip("\n").split(" ")
        # `:` and two modes, two ids, what was done
        if len(words) == 5 and part.lstrip("\n").startswith(":") and words[1] not in _NO_FILE:  # noqa: PLR2004
            found[words[1], words[3]] = None
    return found
