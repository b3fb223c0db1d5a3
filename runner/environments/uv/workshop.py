"""Where uv works: on this machine, or inside the image that a job is to run in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from runner.process import helpers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.errors import WfError
    from runner.process.helpers import Completed
    from runner.terminal import WindowSize


class Workshop(Protocol):
    """A place with interpreters, in which uv is started."""

    @property
    def venv_words(self) -> Sequence[str]:
        """How virtual environments are made there."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        build: Build,
        on_output: Callable[[bytes], None],
        terminal: WindowSize,
    ) -> int:
        """Run a long command on the environment of ``build``; its exit code.

        What it says to a terminal of that size is handed over as it comes. It does not outlive the
        call, however that ends.
        """
        ...

    def capture(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float | None
    ) -> Completed | None:
        """Run a short one in the folder ``cwd``; ``None`` as for :func:`helpers.capture`."""
        ...

    def interpreter(self, version: str) -> str:
        """What uv is told to find a Python of this version."""
        ...

    def having(self, version: str) -> str:
        """What to do to have that very version, for people."""
        ...

    def base(self, python: Path) -> str:
        """The interpreter that a virtual environment was made with, by the one in it."""
        ...

    def searching(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        """The variables for a uv that is to find an interpreter."""
        ...

    def no_venv(
        self, version: str, uv: Path, variables: Mapping[str, str], said: str, log: Path
    ) -> WfError:
        """The error for a bare environment that could not be made; ``said`` are uv's last words."""
        ...


class Here:
    """This machine."""

    venv_words: Sequence[str] = ()

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        build: Build,
        on_output: Callable[[bytes], None],
        terminal: WindowSize,
    ) -> int:
        """A process of our own, which holds the lock of the build."""
        return helpers.stream(
            argv,
            env=env,
            # not in the project's folder: a uv.toml there must not turn the index
            cwd=build.destination.root,
            inherit=(build.lock,),
            on_output=on_output,
            terminal=terminal,
        )

    def capture(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float | None
    ) -> Completed | None:
        """The same."""
        return helpers.capture(argv, env=env, cwd=cwd, timeout=timeout)

    def interpreter(self, version: str) -> str:
        """The one of wf itself where it fits: it is here, and need not be looked for."""
        from runner.environments.uv.find import interpreter

        return interpreter(version)

    def having(self, version: str) -> str:
        """Uv has all of them."""
        return f"install it: uv python install {version}"

    def base(self, python: Path) -> str:
        """Behind all links."""
        return os.path.realpath(python)

    def searching(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        """What version managers have, without their shims."""
        from runner.environments.uv.search import searching

        return searching(variables)

    def no_venv(
        self, version: str, uv: Path, variables: Mapping[str, str], said: str, log: Path
    ) -> WfError:
        """What there is instead."""
        from runner.environments.uv.failures import no_venv
        from runner.environments.uv.search import search

        return no_venv(version, search(uv, variables), said, log)
