"""uv at work on one environment: what it is started with, its log and what it says."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from runner.environments.credentials import masked
from runner.environments.installed import inside_lock, plain_lock
from runner.environments.lock import outside
from runner.environments.pip_settings import uv_options
from runner.environments.uv.origins import origins
from runner.environments.uv.progress import Progress
from runner.environments.uv.transcript import Transcript
from runner.environments.uv.written import option_words, write_files
from runner.errors import ENVIRONMENT, WfError
from runner.events import PhaseProgress
from runner.process.helpers import capture, stream
from runner.terminal import WindowSize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.plan.environment import EnvironmentSpec

# uv says how much of a download is there on a terminal alone; wide enough for a long line, and
# high enough for a bar for each of its downloads
_TERMINAL = WindowSize(rows=100, columns=500)
_DRAWING = {"TERM": "xterm", "NO_COLOR": "1", "UV_NO_PROGRESS": "0", "UV_NO_WRAP": "1"}
_TELL_SECONDS = 0.1
# docs.python.org, "What's New In Python 3.12": venv no longer installs setuptools
_LAST_WITH_SETUPTOOLS = 11


class Uv:
    """uv at work on the environment of one build."""

    def __init__(self, uv: Path, variables: Mapping[str, str], build: Build) -> None:
        self._uv = uv
        self._variables = {**variables, **_DRAWING}
        self._build = build
        self._said: Collection[str] = ()

    def venv(self, interpreter: str, version: str) -> None:
        """Make the bare environment."""
        self._build.observer.notify(PhaseProgress("env", f"python {version}: creating"))
        code = self._run("venv", "--no-project", "-q", "--python", interpreter,
                         str(self._build.destination.venv))  # fmt: skip
        if code:
            from runner.environments.uv.failures import no_venv

            raise no_venv(version, self._details(), self._build.log)

    def install_pip(self) -> None:
        """What ``python -m venv`` installs: until 3.11, setuptools as well."""
        minor = int([*self.version().split("."), "0"][1])
        tools = ["pip"] if minor > _LAST_WITH_SETUPTOOLS else ["pip", "setuptools"]
        if self._pip_install(*tools):
            from runner.environments.uv.failures import no_pip

            raise no_pip(self._details())

    def _pip_install(self, *words: str) -> int:
        return self._pip("install", *words)

    def _pip(self, verb: str, *words: str) -> int:
        own = ["--python", str(self._build.destination.python), *uv_options(self._variables)]
        return self._run("pip", verb, *own, *words)

    def install(self, spec: EnvironmentSpec) -> None:
        """Install what the first file and the provider ask for."""
        self._write(origins(spec, self._variables))
        words = [*spec.packages, *option_words(spec)]
        words += write_files(spec, self._build, self._variables)
        if self._pip_install(*words):
            from runner.environments.uv.failures import not_installed

            raise not_installed(spec, self._details(), self._build.log)

    def _write(self, lines: Iterable[str]) -> None:
        with open(self._build.log, "a", opener=_private, encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in lines)

    def attempt(self, *words: str) -> str | None:
        """Run uv with these words; its last words where it fails."""
        return self._details() if self._run(*words) else None

    def attempt_install(self, *words: str) -> str | None:
        """``uv pip install`` with these words; uv's last words where it fails."""
        return self._details() if self._pip_install(*words) else None

    def attempt_compile(self, *words: str) -> str | None:
        """``uv pip compile`` with these words; uv's last words where it fails."""
        return self._details() if self._pip("compile", "-q", *words) else None

    def forget(self, packages: tuple[str, ...]) -> None:
        """Remove what uv has kept of these packages; others that are at work are waited for."""
        if self._run("cache", "clean", *packages):
            raise WfError(
                ENVIRONMENT,
                f"uv could not remove what it has kept of {', '.join(packages)}",
                hint="its cache may not be writable: set UV_CACHE_DIR to another folder",
                details=self._details(),
            )

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
        listed = tuple(done.stdout.decode().split("\n")[:-1])
        project = self._build.project
        if project is None:
            return listed
        inside = inside_lock(self._build.destination.venv, project)
        return tuple(sorted((*outside(listed, project), *inside)))

    def version(self) -> str:
        """The interpreter's full version, from the environment's own description (PEP 405)."""
        described = (self._build.destination.venv / "pyvenv.cfg").read_text(encoding="utf-8")
        found = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", described, re.MULTILINE)
        return found[1] if found else "unknown"

    def _run(self, *words: str) -> int:
        """Run uv, with what it says on the log and what it does shown as progress."""
        with open(self._build.log, "ab", opener=_private) as log:
            transcript = Transcript(log, _TERMINAL.columns)
            self._said = transcript.said
            progress, told, shown = Progress(), 0.0, ""

            def take(chunk: bytes) -> None:
                nonlocal told, shown
                transcript.feed(chunk)
                lines, now = transcript.settle(), time.monotonic()
                if now - told < _TELL_SECONDS:
                    return
                told = now
                text = masked(progress.told(lines, now))
                if text and text != shown:
                    shown = text
                    self._build.observer.notify(PhaseProgress("env", text))

            try:
                # not in the project's folder: a uv.toml there must not turn the index
                return stream(
                    [str(self._uv), *words],
                    env=self._variables,
                    cwd=self._build.destination.root,
                    inherit=(self._build.lock,),
                    on_output=take,
                    terminal=_TERMINAL,
                )
            finally:
                transcript.end()

    def _details(self) -> str:
        """What it said, with the files named as the user does."""
        root = str(self._build.destination.requirements) + os.sep
        lines = (line.replace(root, "") for line in self._said)
        return "\n".join(line for line in lines if not line.startswith("Using Python"))


def _private(path: str, flags: int) -> int:
    """What an installer says may hold addresses with passwords."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
