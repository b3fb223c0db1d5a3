"""What is known of a job besides its log: values, and questions that can be asked about files."""

from __future__ import annotations

import posixpath
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.engine.failing.failure import Cause


def _nothing(_: str) -> None:
    return None


def _no(_: str) -> bool:
    return False


class Setting(NamedTuple):
    """A variable of the workflow, or an option among the words for its script (``passed``)."""

    name: str
    value: str
    passed: bool = False

    def words(self, value: object) -> str:
        """What ``wf run`` takes for another value."""
        return f"{'-- ' if self.passed else ''}--{self.name} {value}"


class Known(NamedTuple):
    """One job and its surroundings.

    ``code`` is its exit code as a shell gives it, 128 + n for signal n. ``folders`` are the folders
    that its code lies in (absolute): the workspace, and the project; ``working_dir``, that it was
    started in, and ``script`` are below them. ``requirements`` is the file
    that asks for packages, ``packages`` what is installed, by normalised name (PEP 503), ``python``
    the interpreter's version. ``gpus`` and ``memory`` (bytes) are what it was given. It was
    ``contained`` if, besides the project, it has seen an image and not this machine. ``settings``
    is what can be given another value on the command line.

    The questions: whether the run's copy of the project has a file, whether the project itself has
    it, which workflow keeps it as an artifact, and what else is known of a text: aged packages.
    """

    workflow: str
    code: int = 1
    folders: tuple[str, ...] = ()
    working_dir: str = "."
    script: str | None = None
    requirements: str | None = None
    packages: frozenset[str] = frozenset()
    python: str | None = None
    gpus: int = 0
    memory: int | None = None
    contained: bool = False
    settings: tuple[Setting, ...] = ()
    copied: Callable[[str], bool] = _no
    in_project: Callable[[str], bool] = _no
    maker: Callable[[str], str | None] = _nothing
    advised: Callable[[str], Cause | None] = _nothing

    def again(self, *words: str) -> str:
        """The command that runs it again, with further words."""
        return " ".join(["wf run", quote(self.workflow), *words])

    def add(self, package: str) -> str:
        """How to have a package installed."""
        if self.requirements is not None:
            return f"add `{package}` to {self.requirements}"
        return (
            f"write `{package}` into requirements.txt, and into the workflow "
            "`requirements: requirements.txt`"
        )

    def below(self, path: str) -> str | None:
        """A path below the project folder; ``None`` for one that lies elsewhere."""
        if path.startswith("<"):
            return path  # no file: what was typed, or came through a pipe
        if not path.startswith("/"):
            below = posixpath.normpath(posixpath.join(self.working_dir, path))
            return None if below.startswith("../") else below
        for folder in self.folders:
            if path.startswith(f"{folder}/"):
                return posixpath.normpath(path[len(folder) + 1 :])
        return None

    def setting(self, *endings: str) -> Setting | None:
        """The setting whose name ends like one of these."""
        names = ((one.name.lower().replace("-", "_"), one) for one in self.settings)
        return next((one for name, one in names if name.endswith(endings)), None)
