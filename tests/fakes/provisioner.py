"""A provisioner that installs nothing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.environments.interface import Build, Compiled, Provisioned
from runner.errors import ENVIRONMENT, WfError
from runner.plan.requirements import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.cached import EnvironmentPaths
    from runner.environments.interface import Environment
    from runner.plan.environment import EnvironmentSpec

# a requirement of this name cannot be installed
REFUSED = "no-such-package"


class FakeProvisioner:
    """Writes an interpreter that is an empty file, and takes the requirements for the lock.

    ``during`` is called in the middle of every build. ``builds`` counts those begun. ``discarded``
    are the files that were not to be taken again.
    """

    kind = "fake"

    def __init__(
        self, during: Callable[[Build], None] = lambda _: None, *, reason: str | None = None
    ) -> None:
        """``reason``: why it is unavailable."""
        self._during = during
        self._reason = reason
        self.builds = 0
        self.discarded: tuple[str, ...] = ()

    def unavailable(self) -> str | None:
        """As the test wants it."""
        return self._reason

    def interpreters(self) -> tuple[str, ...]:
        """One that is old, one that is new."""
        return ("3.11.0", "3.9.0")

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """Of what the requirements say, without comments and blank lines."""
        said = [spec.python, str(spec.as_of), str(spec.going_on), *self._lock(spec)]
        said.append(str(spec.locked and spec.locked.pylock))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:20]

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """Leaves a log as installers do, and half an environment where it fails."""
        self.builds += 1
        build.destination.bin.mkdir(parents=True)
        with build.log.open("a", encoding="utf-8") as log:
            log.write("installing\n")
        self._during(build)
        for requirement in self._lock(spec):
            if requirement.startswith(REFUSED):
                raise WfError(ENVIRONMENT, f"cannot install {requirement}", details="not found")
        build.destination.python.touch()
        (build.destination.venv / "code.py").write_text("code\n", encoding="utf-8")
        python = spec.python if spec.locked else f"{spec.python}.0"
        return Provisioned(python, self._lock(spec))

    def own(
        self, spec: EnvironmentSpec, shared: Environment, build: Build, cache: Path
    ) -> Environment:
        """Another interpreter that is an empty file."""
        del spec, cache
        build.destination.bin.mkdir(parents=True)
        build.destination.python.touch()
        paths = build.destination
        return replace(shared, root=paths.venv, bin=paths.bin, executable=paths.python)

    def add_local(
        self, spec: EnvironmentSpec, environment: Environment, build: Build
    ) -> Environment:
        """What lies there is in the lock; nothing is built."""
        root = build.project or build.destination.root
        missing = [one.path for one in spec.local if not (root / one.path).exists()]
        if missing:
            raise WfError(ENVIRONMENT, f"cannot install {missing[0]}")
        added = tuple(f"{one.path} @ file:{one.path}" for one in spec.local)
        return replace(environment, lock=(*environment.lock, *added))

    def installed(self, shared: Environment, build: Build) -> tuple[str, ...]:
        """What is shared, and what a test wrote into ``installed``."""
        listed = build.destination.root / "installed"
        return (*shared.lock, *(listed.read_text().splitlines() if listed.exists() else ()))

    def compile(
        self,
        built: Environment,
        paths: EnvironmentPaths,
        variables: Mapping[str, str],
        held: tuple[int, ...],
    ) -> Compiled:
        """There is nothing that an interpreter would read."""
        del built, paths, variables, held
        return Compiled(0, 0)

    def discard(self, changed: tuple[str, ...], build: Build) -> None:
        """There is nothing that a build takes files from."""
        assert build.destination.venv.is_dir()
        self.discarded += changed

    def health(self, paths: EnvironmentPaths) -> str | None:
        """Whether the interpreter is there."""
        return None if paths.python.exists() else "its interpreter is gone"

    def pylock(self, built: Environment, spec: EnvironmentSpec, destination: Path) -> str | None:
        """Names and versions, and no files; none of what cannot be had."""
        refused = [line for line in built.lock if line.startswith(REFUSED)]
        if refused:
            return f"{refused[0]} cannot be had for python {spec.python}"
        pairs = (line.partition("==") for line in built.lock)
        packages = (f'[[packages]]\nname = "{n}"\nversion = "{v}"\n' for n, _, v in pairs)
        destination.write_text("".join(['lock-version = "1.0"\n', *packages]), encoding="utf-8")
        return None

    def _lock(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        if spec.locked is not None:
            return spec.locked.lock
        if spec.project is not None:
            found = re.findall(
                r'name = "(.+)"\nversion = "(.+)"\nsource = { reg', spec.project.lock
            )
            return tuple(f"{name}=={version}" for name, version in found)
        named = tuple(line.text for file in spec.requirements for line in lines(file.text))
        return (*named, *spec.packages)
