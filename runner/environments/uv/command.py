"""uv at work on one environment: what it is started with, its log and what it says."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from runner.environments.installed import plain_lock
from runner.environments.pip_settings import NO_INDEX
from runner.environments.uv.failures import no_interpreter, no_pip, not_installed
from runner.environments.uv.progress import plain, progress
from runner.environments.uv.written import option_words, write_files
from runner.errors import ENVIRONMENT, WfError
from runner.events import PhaseProgress
from runner.process.helpers import capture, stream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.plan.environment import EnvironmentSpec

_DETAIL_LINES = 25
# docs.python.org, "What's New In Python 3.12": venv no longer installs setuptools
_LAST_WITH_SETUPTOOLS = 11


class Uv:
    """uv at work on the environment of one build."""

    def __init__(self, uv: Path, variables: Mapping[str, str], build: Build) -> None:
        self._uv = uv
        self._variables = {**variables, "NO_COLOR": "1", "UV_NO_PROGRESS": "0"}
        self._build = build
        self._said = b""

    def venv(self, interpreter: str, version: str) -> None:
        """Make the bare environment."""
        self._build.observer.notify(PhaseProgress("env", f"python {version}: creating"))
        code = self._run("venv", "--no-project", "-q", "--python", interpreter,
                         str(self._build.destination.venv))  # fmt: skip
        if code:
            raise no_interpreter(version, self._details())

    def install_pip(self) -> None:
        """What ``python -m venv`` installs: until 3.11, setuptools as well."""
        minor = int([*self.version().split("."), "0"][1])
        tools = ["pip"] if minor > _LAST_WITH_SETUPTOOLS else ["pip", "setuptools"]
        if self._pip_install(*tools):
            raise no_pip(self._details())

    def _pip_install(self, *words: str) -> int:
        return self._pip("install", *words)

    def _pip(self, verb: str, *words: str) -> int:
        own = ["--python", str(self._build.destination.python)]
        if self._variables.get(NO_INDEX):
            own.append("--no-index")  # uv knows no variable for it
        return self._run("pip", verb, *own, *words)

    def install(self, spec: EnvironmentSpec) -> None:
        """Install what the first file and the provider ask for."""
        words = [*spec.packages, *option_words(spec)]
        words += write_files(spec, self._build, self._variables)
        if self._pip_install(*words):
            raise not_installed(spec, self._details())

    def attempt(self, *words: str) -> str | None:
        """Run uv with these words; its last words where it fails."""
        return self._details() if self._run(*words) else None

    def attempt_install(self, *words: str) -> str | None:
        """``uv pip install`` with these words; uv's last words where it fails."""
        return self._details() if self._pip_install(*words) else None

    def attempt_compile(self, *words: str) -> str | None:
        """``uv pip compile`` with these words; uv's last words where it fails."""
        return self._details() if self._pip("compile", "-q", *words) else None

    def lock(self) -> tuple[str, ...]:
        """Every package with its version; uv is asked only for what it takes uv to tell."""
        found = plain_lock(self._build.destination.venv, self._build.project)
        if found is not None:
            return found
        done = capture(
            [str(self._uv), "pip", "freeze", "--python", str(self._build.destination.python)],
            env=self._variables,
            cwd=self._build.destination.root,
        )
        if done is None or done.code:
            raise WfError(ENVIRONMENT, "uv could not list what it has installed")
        return tuple(done.stdout.decode().split("\n")[:-1])

    def version(self) -> str:
        """The interpreter's full version, from the environment's own description (PEP 405)."""
        described = (self._build.destination.venv / "pyvenv.cfg").read_text(encoding="utf-8")
        found = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", described, re.MULTILINE)
        return found[1] if found else "unknown"

    def _run(self, *words: str) -> int:
        """Run uv with its output on the log and its last line shown as progress."""
        self._said = b""
        with open(self._build.log, "ab", opener=_private) as log:

            def take(chunk: bytes) -> None:
                log.write(chunk)
                self._said += chunk
                text = progress(self._said.decode(errors="replace"))
                if text:
                    self._build.observer.notify(PhaseProgress("env", text))

            # not in the project's folder: a uv.toml there must not turn the index
            return stream(
                [str(self._uv), *words],
                env=self._variables,
                cwd=self._build.destination.root,
                inherit=(self._build.lock,),
                on_output=take,
            )

    def _details(self) -> str:
        root = str(self._build.destination.requirements) + os.sep
        lines = plain(self._said).replace(root, "").splitlines()
        told = [line for line in lines if line.strip() and not line.startswith("Using Python")]
        return "\n".join(told[-_DETAIL_LINES:])


def _private(path: str, flags: int) -> int:
    """What an installer says may hold addresses with passwords."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
