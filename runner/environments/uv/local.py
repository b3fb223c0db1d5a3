"""Installing what lies in a run's workspace, into the environment of the run's own.

First the packages of the workspace alone; then what they need and the shared environment lacks, in
the versions that go with it. The shared one is not changed, and nothing is installed twice.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING

from runner import tree
from runner.environments.packages.installed import address
from runner.environments.packages.lists import merged, package_name
from runner.environments.uv.unmet import unmet
from runner.environments.uv.written import option_words, write_files
from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.environments.interface import Build, Environment
    from runner.environments.uv.command import Uv
    from runner.plan.environment import EnvironmentSpec, LocalRequirement

_EGG_INFO = ".egg-info"


@dataclass(frozen=True, slots=True)
class _Installed:
    """A package of the workspace, as it was installed."""

    name: str
    requires: tuple[str, ...]
    path: str


class LocalInstallation:
    """Installing the local requirements of one environment."""

    def __init__(
        self, run: Uv, spec: EnvironmentSpec, build: Build, variables: Mapping[str, str]
    ) -> None:
        if build.project is None:
            raise ValueError("local requirements need a copy of the project")
        self._run = run
        self._spec = spec
        self._build = build
        self._workspace = build.project
        self._variables = variables

    def install(self, environment: Environment) -> Environment:
        """Install them into ``environment``, which is the run's own.

        Raises:
            WfError: kind ``ENVIRONMENT`` when one cannot be built, or needs what cannot be had.
            OSError: the environment cannot be written.
        """
        _check(self._spec, self._workspace)
        with _without_traces(self._spec, self._workspace):
            self._alone()
        made = list(_installed(self._build, self._workspace))
        lock = merged(environment.lock, tuple(f"{one.name} @ file:{one.path}" for one in made))
        extras = {one.path: one.extras for one in self._spec.local}
        needed = [(one.requires, extras.get(one.path, ())) for one in made]
        wanted = unmet(needed, lock, environment.python)
        if wanted:
            own = {one.name for one in made}
            added = self._besides(environment, wanted)
            lock = merged(lock, tuple(line for line in added if package_name(line) not in own))
        return replace(environment, lock=lock)

    def _alone(self) -> None:
        """The packages themselves."""
        workspace = self._workspace
        listed = self._written("local.txt", [_asked(one, workspace) for one in self._spec.local])
        said = self._run.attempt_install(
            "--no-deps", *option_words(self._spec), "-r", listed, as_of=self._spec.as_of
        )
        if said is None:
            return
        failed = _culprit(self._spec, said, workspace)
        raise WfError(
            ENVIRONMENT,
            f"cannot install `{failed.shown}` ({failed.file}:{failed.line})",
            hint="its own build failed: try `pip install` of it by hand, or correct it",
            details=said.replace(f"{workspace}{os.sep}", "").replace(str(workspace), "."),
        )

    def _besides(self, environment: Environment, wanted: list[str]) -> tuple[str, ...]:
        """What is needed besides: resolved together with what is there, which is preferred."""
        spec = self._spec
        shared = () if spec.project or spec.locked else self._shared()
        asked = self._written("unmet.txt", [*wanted, *spec.packages])
        pinned = [line for line in environment.lock if "==" in line]
        # uv keeps the versions that stand in the file it writes to, where they will do
        resolved = self._written("resolved.txt", pinned)
        said = self._run.attempt_compile(
            asked, *shared, *option_words(spec), "-o", resolved,
            "--no-header", "--no-annotate", "--emit-index-url", "--emit-find-links",
            as_of=spec.as_of,
        )  # fmt: skip
        if said is None:
            lines = (self._folder / "resolved.txt").read_text(encoding="utf-8").splitlines()
            missing = [line for line in lines if line and line not in pinned]
            listed = self._written("missing.txt", missing)
            said = self._run.attempt_install(
                "--no-deps", *option_words(spec), "-r", listed, as_of=spec.as_of
            )
            if said is None:
                return tuple(line for line in missing if not line.startswith("-"))
        needy = spec.local[0]
        raise WfError(
            ENVIRONMENT,
            f"cannot install what `{needy.shown}` ({needy.file}:{needy.line}) needs",
            hint="correct its dependencies, or try again if the network was at fault",
            details=said,
        )

    def _shared(self) -> list[str]:
        """What the shared environment was made from, so that it still fits."""
        return write_files(self._spec, self._build, self._variables)[1:]

    @property
    def _folder(self) -> Path:
        return self._build.destination.requirements / "on-top"

    def _written(self, name: str, lines: list[str]) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)


def _check(spec: EnvironmentSpec, workspace: Path) -> None:
    for one in spec.local:
        if not os.path.lexists(workspace / one.path):
            raise WfError(
                ENVIRONMENT,
                f"`{one.shown}` ({one.file}:{one.line}) is not in the run's copy of the project",
                hint="a run has what git does not ignore: look at .gitignore",
            )


def _asked(one: LocalRequirement, workspace: Path) -> str:
    path = os.path.normpath(workspace / one.path)
    extras = f"[{','.join(one.extras)}]" if one.extras else ""
    marker = f" ; {one.marker}" if one.marker else ""
    return f"{'-e ' if one.editable else ''}{path}{extras}{marker}"


def _culprit(spec: EnvironmentSpec, said: str, workspace: Path) -> LocalRequirement:
    """The one that uv names by its path; the longest first, as one may lie in another."""
    known = sorted(spec.local, key=lambda one: -len(one.path))
    named = (one for one in known if os.path.normpath(workspace / one.path) in said)
    return next(named, spec.local[0])


@contextmanager
def _without_traces(spec: EnvironmentSpec, workspace: Path) -> Iterator[None]:
    """Remove what a build leaves beside the sources and nobody reads afterwards.

    setuptools writes ``*.egg-info`` there. Other traces (``build``, compiled modules) may be what
    an editable installation leads to, and stay; the workspace is a copy.
    """
    folders = [workspace / one.path for one in spec.local if one.is_folder]
    places = [place for folder in folders for place in (folder, folder / "src")]
    before = {path for place in places for path in _egg_infos(place)}
    try:
        yield
    finally:
        for place in places:
            for path in _egg_infos(place):
                if path not in before:
                    tree.remove(path)


def _egg_infos(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(_EGG_INFO)]
    except OSError:
        return []


def _installed(build: Build, workspace: Path) -> Iterator[_Installed]:
    """The packages of the workspace that are in the environment now."""
    for record in build.destination.venv.glob("lib/*/site-packages/*.dist-info"):
        path = address(record, workspace)
        if path is not None:
            found = PathDistribution(record)
            yield _Installed(package_name(found.name), tuple(found.requires or ()), path)
