"""The values and the protocol of provisioning.

Order of calls: ``unavailable``, then ``fingerprint`` (pure), then, under the cache's lock and only
when there is no environment of that fingerprint yet, ``provision`` into an empty folder.
``health`` is asked before an existing environment is used; ``discard`` is called before one of
which files were changed is built anew. Reuse, locks and cleanup are
``cache.py``'s, never a provisioner's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.cached import EnvironmentPaths
    from runner.events import Observer
    from runner.plan.environment import EnvironmentSpec

IMAGE = "image"
"""The kind of an environment that is what an image has, and nothing else."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that can be used.

    ``python`` is the interpreter's full version; ``lock`` every package with its version, as
    ``pip freeze`` writes it; ``bin`` the folder that goes first into ``PATH``. ``as_of`` is the day
    as of which its packages were resolved. ``python_reason`` says why it has this Python, where
    nobody asked for one, and ``as_of_reason`` where the day comes from, where nobody wrote one;
    both are those of the run that obtained it. ``held`` is the descriptor that keeps it from being
    removed or built anew, which the job must inherit. ``image`` is the id of the image that it was
    built in, and that alone can use it; ``besides`` are what its jobs see of this machine
    apart from its ``root``, and ``variables`` what they are told, in passwords and all. ``own``: it
    is that of one run, whose job may write to it.
    """

    kind: str
    fingerprint: str
    python: str
    lock: tuple[str, ...]
    root: Path
    bin: Path
    executable: Path
    as_of: str | None = None
    python_reason: str | None = None
    as_of_reason: str | None = None
    held: int | None = field(default=None, compare=False)
    image: str | None = None
    besides: tuple[Path, ...] = ()
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    own: bool = False

    def document(self) -> dict[str, Any]:
        """The environment as JSON."""
        return {
            "kind": self.kind,
            "fingerprint": self.fingerprint,
            "python": self.python,
            "python_reason": self.python_reason,
            "as_of": self.as_of,
            "as_of_reason": self.as_of_reason,
            "lock": list(self.lock),
        }


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a provisioner made: the interpreter's full version and every package."""

    python: str
    lock: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """Where a provisioner works.

    ``log`` takes everything the installer says. ``lock`` is the descriptor of the build lock:
    helpers must inherit it, so that a build whose wf was killed still counts as being built.
    ``project`` is the copy of the project that local paths are below. ``marks`` are variables that
    helpers are started with besides: by them they are found when their wf was killed.
    """

    destination: EnvironmentPaths
    log: Path
    lock: int
    observer: Observer
    project: Path | None = None
    marks: tuple[tuple[str, str], ...] = ()


class Compiled(NamedTuple):
    """``files`` there are, of which ``skipped`` cannot be compiled: for another Python, say."""

    files: int
    skipped: int


class Asker(NamedTuple):
    """Who wants an environment: a run's name, its copy of the project, marks as in Build."""

    name: str
    project: Path | None = None
    marks: tuple[tuple[str, str], ...] = ()


SOMEBODY = Asker("another run")


class Provisioner(Protocol):
    """How environments of one kind are made."""

    @property
    def kind(self) -> str:
        """The word for it on the record."""
        ...

    def unavailable(self) -> str | None:
        """Why this provisioner cannot work here, or ``None``."""
        ...

    def interpreters(self) -> tuple[str, ...]:
        """The full versions of Python that environments can be made with, newest first."""
        ...

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """A name that two specs share exactly when one environment serves both.

        Resolved as of another day is another environment, and so is what was resolved on a day
        that was not over (``going_on``).
        """
        ...

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """Fill the empty folder of ``build``.

        Raises:
            WfError: kind ``ENVIRONMENT`` when packages cannot be installed, ``UNSATISFIABLE``
                when there is no such interpreter. What was written is then the cache's to remove.
        """
        ...

    def own(
        self, spec: EnvironmentSpec, shared: Environment, build: Build, cache: Path
    ) -> Environment:
        """An environment in the empty folder of ``build`` that holds ``shared`` and installers.

        ``spec`` is what ``shared`` was built from. What is installed does not reach ``shared``; of
        what other runs can use, a layer is kept in the folder ``cache``.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it cannot be made.
            OSError: the folder cannot be written.
        """
        ...

    def add_local(
        self, spec: EnvironmentSpec, environment: Environment, build: Build
    ) -> Environment:
        """Install the local requirements of ``spec`` into the run's own ``environment``.

        Raises:
            WfError: kind ``ENVIRONMENT`` when one cannot be installed.
            OSError: the environment cannot be written.
        """
        ...

    def installed(self, shared: Environment, build: Build) -> tuple[str, ...]:
        """Every package that a job sees in the environment of ``build``, which holds ``shared``.

        As ``pip freeze`` writes it.

        Raises:
            WfError: kind ``ENVIRONMENT`` when they cannot be told.
            OSError: they cannot be read.
        """
        ...

    def pylock(self, built: Environment, spec: EnvironmentSpec, destination: Path) -> str | None:
        """Write the lock of an environment (PEP 751) to ``destination``, by one rename.

        ``spec`` is what it was built from. What cannot be told is not guessed: then nothing is
        written, and the reason comes back.

        Raises:
            OSError: the destination's folder cannot be written.
        """
        ...

    def compile(
        self,
        built: Environment,
        paths: EnvironmentPaths,
        variables: Mapping[str, str],
        held: tuple[int, ...],
    ) -> Compiled:
        """Make bytecode of all that is installed in an environment, as its interpreter reads it.

        ``held`` are descriptors that whoever does it keeps open.

        Raises:
            OSError: the disk is full, the environment cannot be read, or nobody can do it.
        """
        ...

    def discard(self, changed: tuple[str, ...], build: Build) -> None:
        """See that no later build takes these files of the environment of ``build`` again.

        They are not what was installed, and may lie in the installer's own cache as well.
        ``changed`` holds paths below the environment.
        """
        ...

    def health(self, paths: EnvironmentPaths) -> str | None:
        """Why an environment once complete cannot be used any more, or ``None``. Must be cheap."""
        ...


class Finisher(Protocol):
    """Who finishes environments while their first jobs run already."""

    def begin(self, spec: EnvironmentSpec, fingerprint: str) -> None:
        """See that it is done by somebody else; comes back at once, and nobody is told of the end.

        Raises:
            OSError: nobody can be found to do it.
        """
        ...
