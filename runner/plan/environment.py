"""What an environment is made from: values that a plan holds and a provisioner works by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Accelerator = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class RequirementFile:
    """A file that asks for packages, as it stood when the plan was made.

    ``path`` is below the project. ``text`` is in the form of a requirements file: in a plan, what
    uv installs of it (without what lies in the project), line by line. ``numbers`` are the lines of
    the file that those of ``text`` stand for, where they are not the same (``pyproject.toml``, a
    script with a block of metadata).
    """

    path: str
    text: str
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalRequirement:
    """A requirement that lies in the project: ``-e .``, ``./wheels/a.whl``, ``./library[extra]``.

    It points into the workspace of one run, and so is installed into an environment of that run's
    own, on top of the shared one. ``path`` is below the project folder. ``file`` and ``line`` say
    where it was written. With a ``marker`` (PEP 508) it counts only where that holds. What is no
    folder is an archive.
    """

    path: str
    extras: tuple[str, ...]
    editable: bool
    file: str
    line: int
    marker: str = ""
    is_folder: bool = True

    @property
    def shown(self) -> str:
        """How it is written in a requirements file."""
        path = self.path if self.path in {".", ".."} else f"./{self.path}"
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{'-e ' if self.editable else ''}{path}{extras}"


@dataclass(frozen=True, slots=True)
class LinksFolder:
    """A folder of the project in which packages are looked for (``--find-links``).

    ``path`` is below the project, ``digest`` that of the ``files`` (archives and pages, by name)
    in it.
    """

    path: str
    digest: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedProject:
    """A project's ``pyproject.toml`` with its ``uv.lock``, from which packages are installed.

    ``path`` is that of ``pyproject.toml`` below the project folder; ``uv.lock`` lies beside it.
    """

    path: str
    pyproject: str
    lock: str


class LockedImage(NamedTuple):
    """The image that a former run was in: as it was named, and by the ``id`` of its content.

    ``alone``: it was all of its environment.
    """

    name: str
    id: str
    alone: bool


@dataclass(frozen=True, slots=True)
class LockedRun:
    """The environment of a former run, to be had again exactly.

    ``pylock`` is the text of its ``pylock.toml`` (PEP 751), ``None`` where the run has none;
    ``lock`` every package as ``pip freeze`` writes it, ``python`` the interpreter's full version.
    ``fingerprint`` is the name that its environment had in the cache, ``as_of`` the day it was
    resolved for. ``counts_as`` is what it counts as where runs are compared: for a run that is
    repeated, what it counted as then. ``image`` is what it was in, ``None`` without a container.
    """

    run: str
    python: str
    lock: tuple[str, ...]
    pylock: str | None
    fingerprint: str | None = None
    as_of: str | None = None
    counts_as: str | None = None
    image: LockedImage | None = None

    @property
    def bare(self) -> bool:
        """Whether there is nothing to install: an image was all that it had."""
        return self.image is not None and self.image.alone


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """The environment a job needs.

    ``python`` is a version such as ``3.11``; ``python_reason`` says why it is that one, where
    nobody asked for it. ``requirements`` holds the file named by the workflow first, then every
    file it includes; ``packages`` what the provider (or the script itself, PEP 723) needs besides.
    All are empty for the bare interpreter. ``stamps`` tell a change of archives outside the project
    that ``packages`` names. ``local`` is what is installed on top in each run.
    ``links`` are folders of the project that the files name, ``options`` what the files ask of the
    installer, by pip's names (``--pre``, ``--trusted-host``, ``--config-settings``) with values.
    ``as_of`` is the last day (ISO 8601, UTC) whose packages count, ``as_of_reason`` where it comes
    from if nobody wrote it; ``going_on`` says that this day was not over yet, so that what is
    resolved serves on that day only. ``accelerator`` is what wheels
    are built for. With ``project`` or ``locked`` versions are taken from there, not resolved.
    ``image`` is the one that it is built inside; with ``any_python`` whatever Python that has will
    do.
    """

    python: str
    requirements: tuple[RequirementFile, ...] = ()
    packages: tuple[str, ...] = ()
    local: tuple[LocalRequirement, ...] = ()
    links: tuple[LinksFolder, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    project: LockedProject | None = None
    locked: LockedRun | None = None
    as_of: str | None = None
    accelerator: Accelerator = "cpu"
    python_reason: str | None = None
    as_of_reason: str | None = None
    going_on: bool = False
    stamps: tuple[str, ...] = ()
    image: str | None = None
    any_python: bool = False

    @property
    def bare(self) -> bool:
        """Whether it is the interpreter alone, or what an image has."""
        if self.requirements or self.packages or self.local or self.project:
            return False
        return self.locked is None or self.locked.bare

    @property
    def origins(self) -> tuple[str, ...]:
        """Where its packages come from: files, then what is installed from the project."""
        project = () if self.project is None else (self.project.path,)
        files = (file.path for file in self.requirements)
        return (*project, *files, *(one.shown for one in self.local))

    def taken_from(self, run: LockedRun) -> EnvironmentSpec:
        """The environment of a former run in place of this one.

        What lies in the project is installed on top of it all the same: it is the code, which may
        be another one.
        """
        if run.bare:
            return EnvironmentSpec(
                self.python,
                local=self.local,
                # what there is to install, was not in it
                locked=None if self.local else run,
                accelerator=self.accelerator,
                image=self.image,
                any_python=True,
            )
        return EnvironmentSpec(
            run.python,
            local=self.local,
            locked=run,
            as_of=run.as_of,
            accelerator=self.accelerator,
            image=self.image,
        )
