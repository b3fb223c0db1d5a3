"""uv at work on one environment: what it is started with, its log and what it says."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

from runner.environments.credentials import masked
from runner.environments.packages.installed import inside_lock, plain_lock
from runner.environments.packages.lists import merged, outside
from runner.environments.pip_settings import uv_options
from runner.environments.uv import then
from runner.environments.uv.accelerator import HOST, at_fault
from runner.environments.uv.origins import origins
from runner.environments.uv.progress import Progress
from runner.environments.uv.transcript import Transcript
from runner.environments.uv.workshop import Here
from runner.environments.uv.written import option_words, write_files
from runner.errors import ENVIRONMENT, SIGNAL_BASE, WfError
from runner.events import PhaseProgress, Warned
from runner.terminal import WindowSize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.environments.uv.accelerator import Backend
    from runner.environments.uv.workshop import Workshop
    from runner.plan.environment import EnvironmentSpec

# uv says how much of a download is there on a terminal alone; wide enough for a long line, and
# high enough for a bar for each of its downloads
_TERMINAL = WindowSize(rows=100, columns=500)
_DRAWING = {"TERM": "xterm", "NO_COLOR": "1", "UV_NO_PROGRESS": "0", "UV_NO_WRAP": "1"}
_TELL_SECONDS = 0.1


class Uv:
    """uv at work on the environment of one build."""

    def __init__(
        self,
        uv: Path,
        variables: Mapping[str, str],
        build: Build,
        workshop: Workshop | None = None,
    ) -> None:
        """``workshop`` is where it works: on this machine where nothing is said."""
        self.program = uv
        self.workshop = workshop or Here()
        self._variables = {**variables, **_DRAWING, **dict(build.marks)}
        self._build = build
        self._said: Collection[str] = ()

    def told(self, variables: Mapping[str, str]) -> Uv:
        """The same uv, started with other variables."""
        return Uv(self.program, variables, self._build, self.workshop)

    def venv(self, interpreter: str, version: str, *, seeded: bool = False) -> None:
        """Make the bare environment; ``seeded``: with pip in it, if that can be had."""
        self._build.observer.notify(PhaseProgress("env", f"python {version}: creating"))
        # one that is known need not be looked for; for another uv tells what it downloads
        known = ("-q",) if os.path.isabs(interpreter) else ()
        words = ["venv", "--no-project", *known, *self.workshop.venv_words]
        words += ["--python", interpreter, str(self._build.destination.venv)]
        variables = self.workshop.searching(self._variables)
        if seeded and not self._run(*words, "--seed", variables=variables):
            return
        if self._run(*words, "--clear", variables=variables):
            raise self.workshop.no_venv(
                version, self.program, self._variables, self._details(), self._build.log
            )

    def install_setuptools(self, bundled: Path | None, as_of: str | None) -> None:
        """The setuptools of a folder, or what the index has."""
        words = ["--no-deps", str(bundled)] if bundled else ["setuptools"]
        if self._pip_install(*words, as_of=as_of):
            from runner.environments.uv.failures import no_setuptools

            raise no_setuptools(self._details())

    def _pip_install(self, *words: str, as_of: str | None = None) -> int:
        return self._pip("install", *words, as_of=as_of)

    def _pip(self, verb: str, *words: str, as_of: str | None = None) -> int:
        own = ["--python", str(self._build.destination.python), *uv_options(self._variables)]
        own += then.options(as_of)
        variables = then.dated(self._variables, as_of)
        return self._run("pip", verb, *own, *words, variables=variables)

    def install(self, spec: EnvironmentSpec, backend: Backend | None = None) -> None:
        """Install what the first file and the provider ask for."""
        self._write(origins(spec, self._variables))
        words = [*spec.packages, *option_words(spec)]
        words += write_files(spec, self._build, self._variables)
        undated = then.left_out(self._variables, spec.as_of)
        if undated is not None:
            self._build.observer.notify(Warned(masked(undated)))
        code = self._install_for(backend, words) if backend and backend.name else None
        if code is None:
            code = self._pip_install(*words, as_of=spec.as_of)
        if code:
            from runner.environments.uv.failures import not_installed

            raise not_installed(spec, self._details(), self._build.log)

    def _install_for(self, backend: Backend, words: list[str]) -> int | None:
        """Install with PyTorch's builds; ``None`` where it takes to do without them."""
        self._write([str(backend)])
        code = self._pip_install("--torch-backend", str(backend.name), *words)
        if not code or not at_fault(self._details()):
            return code
        if HOST in self._details():
            backend.remember(answers=False)
        self._write(["", "once more with the registry's builds"])
        return None

    def _write(self, lines: Iterable[str]) -> None:
        with open(self._build.log, "a", opener=_private, encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in lines)

    def attempt(self, *words: str) -> str | None:
        """Run uv with these words; its last words where it fails."""
        return self._details() if self._run(*words) else None

    def attempt_install(self, *words: str, as_of: str | None = None) -> str | None:
        """``uv pip install`` with these words; uv's last words where it fails."""
        return self._details() if self._pip_install(*words, as_of=as_of) else None

    def attempt_compile(self, *words: str, as_of: str | None = None) -> str | None:
        """``uv pip compile`` with these words; uv's last words where it fails."""
        return self._details() if self._pip("compile", "-q", *words, as_of=as_of) else None

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

        done = self.workshop.capture(
            [str(self.program), "pip", "freeze", "--python", str(self._build.destination.python)],
            env=self._variables,
            cwd=self._build.destination.root,
            timeout=None,
        )
        if done is None or done.code:
            raise WfError(ENVIRONMENT, "uv could not list what it has installed")
        listed = tuple(done.stdout.decode().split("\n")[:-1])
        project = self._build.project
        if project is None:
            return listed
        inside = inside_lock(self._build.destination.venv, project)
        return merged(outside(listed, project), inside)

    def version(self) -> str:
        """The interpreter's full version, from the environment's own description (PEP 405)."""
        described = (self._build.destination.venv / "pyvenv.cfg").read_text(encoding="utf-8")
        found = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", described, re.MULTILINE)
        return found[1] if found else "unknown"

    def _run(self, *words: str, variables: Mapping[str, str] | None = None) -> int:
        """Run uv, with what it says on the log and what it does shown as progress.

        Raises:
            WfError: kind ``ENVIRONMENT`` when it was killed: what it wanted says nothing then.
        """
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
                code = self.workshop.run(
                    [str(self.program), *words],
                    env=variables or self._variables,
                    build=self._build,
                    on_output=take,
                    terminal=_TERMINAL,
                )
            finally:
                transcript.end()
        # in a container the code of what a signal has ended is that of a shell
        number = -code if code < 0 else code - SIGNAL_BASE
        if 0 < number < signal.NSIG:
            from runner.environments.uv.failures import killed

            raise killed(number, self._details(), self._build.log)
        return code

    def _details(self) -> str:
        """What it said, with the files named as the user does."""
        root = str(self._build.destination.requirements) + os.sep
        lines = (line.replace(root, "") for line in self._said)
        return "\n".join(line for line in lines if not line.startswith("Using Python"))


def _private(path: str, flags: int) -> int:
    """What an installer says may hold addresses with passwords."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
