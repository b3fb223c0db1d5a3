"""The neutral Workflow: what a recipe means, whatever spelling or era it was written in.

The stages to the right know these values and nothing of YAML. ``routes`` leads back to where each
part was written, so that a later stage can point at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import Route


@dataclass(frozen=True, slots=True)
class PythonScript:
    """``python SCRIPT ARGS``; ``script`` is a path below the working directory."""

    script: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShellCommands:
    """Commands of one shell, in order; the first that fails ends the job.

    ``takes_args``: a command uses the words given to the run (``"$@"``), which are ``args``.
    """

    commands: tuple[str, ...]
    takes_args: bool = False
    args: tuple[str, ...] = ()


Launch = PythonScript | ShellCommands


@dataclass(frozen=True, slots=True)
class EnvironmentRequest:
    """The environment asked for.

    ``python`` is a version such as ``3.10`` or ``None`` for wf's own; ``requirements`` is a path
    below the working directory.
    """

    python: str | None = None
    requirements: str | None = None


@dataclass(frozen=True, slots=True)
class ArtifactRequest:
    """A file or folder to keep; ``path`` is below the working directory."""

    path: str


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """GPUs asked for: how many, and what each must at least be. ``memory`` is in bytes."""

    count: int
    name: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job needs of a machine. ``None``: not asked for. ``memory`` is in bytes."""

    cpu: int | None = None
    memory: int | None = None
    gpu: GpuRequest | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A named recipe.

    ``parameters`` are the workflow's variables (``.dstack/variables.yaml``), ``variables`` what
    it sets in the job's environment, in the order written. ``working_dir`` is below the project
    folder, ``.`` for the folder itself.
    """

    name: str
    launch: Launch
    provider: str
    help: str | None
    environment: EnvironmentRequest
    variables: tuple[tuple[str, str], ...]
    artifacts: tuple[ArtifactRequest, ...]
    resources: Resources
    working_dir: str
    routes: Mapping[str, Route]
    parameters: tuple[tuple[str, str], ...] = ()

    def route(self, part: str) -> Route:
        """Where ``part`` was written: ``script``, ``requirements``, ``resources``, ``name`` …."""
        return self.routes.get(part, self.routes["name"][:-1])
