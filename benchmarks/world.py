"""The place where things are measured: a home, a project and variables that nobody else uses.

Nothing of the real home is read or written but the download cache of uv, which is the checkout's
own, so that only the first run ever downloads anything.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import runner
from benchmarks.measure import Command, FailedError, NotMeasuredError
from runner import tree
from runner.cached import Cache

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PYTHON = sys.executable
_INSIDE = Path(__file__).with_name("inside.py")
_BIN = Path(PYTHON).parent
_PATIENCE_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 0.05
# with PIP_ and UV_ in front: where packages come from
_KEPT = frozenset({"PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "TMPDIR"})


def remove(folder: Path) -> None:
    """Remove a folder, with the read-only ones in it; nothing happens if it is not there."""
    with suppress(FileNotFoundError):
        tree.remove(folder)


def compile_bytecode() -> None:
    """Bytecode for wf itself, as every user has it who has started it once."""
    for module in (runner.__file__, __file__):
        if not module or not compileall.compile_dir(Path(module).parent, quiet=2):
            raise NotMeasuredError(f"{module} cannot be compiled")


@dataclass(frozen=True, slots=True)
class World:
    """A project, the variables that wf is started with in it, and the folder of all of it."""

    folder: Path
    project: Path
    variables: dict[str, str]

    @classmethod
    def make(cls, name: str) -> Self:
        """An empty one in a folder of its own, on the disk that uv's cache lies on."""
        CACHE.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-", dir=CACHE))
        project = folder / "project"
        for made in (project, folder / "home"):
            made.mkdir()
        # neither PYTHONDONTWRITEBYTECODE nor any other of the interpreter's variables: what is
        # measured is what somebody has who sets none
        kept = {
            key: value
            for key, value in os.environ.items()
            if key in _KEPT or key.startswith(("PIP_", "UV_"))
        }
        variables = {
            "LANG": "C.UTF-8",
            **kept,
            "TERM": "dumb",
            "HOME": str(folder / "home"),
            "WF_HOME": str(folder / "state"),
            "WF_CACHE": str(folder / "cache"),
            "WF_LOCKS": str(folder / "locks"),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or str(CACHE / "uv"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        return cls(folder, project, variables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.settle()
        remove(self.folder)

    def settle(self) -> None:
        """Wait until wf has nothing to do in the background, which would disturb what comes next.

        Raises:
            FailedError: that takes too long.
        """
        environments = Cache(Path(self.variables["WF_CACHE"])).environments
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for ready in environments.glob("*/ready.json"):
            while ready.exists() and not ready.with_name("finished.json").exists():
                if time.monotonic() > deadline:
                    raise FailedError(f"{ready.parent} is not finished")
                time.sleep(_LOOK_AGAIN_SECONDS)

    def layers(self) -> list[Path]:
        """What ``pip install`` in jobs has left in the cache: named after two environments."""
        return list(Cache(Path(self.variables["WF_CACHE"])).environments.glob("*-*/"))

    def with_variables(self, **changed: str) -> World:
        """The same with other variables."""
        return replace(self, variables={**self.variables, **changed})

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project."""
        whole = self.project / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8")
        return whole

    def workflow(
        self, name: str, script: str, *, requirements: str | None = None, cores: int | None = 1
    ) -> None:
        """A workflow file with one workflow that runs ``script``; on all cores with ``None``."""
        self.write(f"{name}.py", script)
        text = f"workflows:\n  - name: {name}\n    provider: python\n    script: {name}.py\n"
        if cores is not None:
            text += f"    resources:\n      cpu: {cores}\n"
        if requirements is not None:
            self.write("requirements.txt", requirements)
            text += "    requirements: requirements.txt\n"
        self.write(".dstack/workflows.yaml", text)

    def commit(self) -> None:
        """Make the project a git repository with everything committed, as projects are."""
        if shutil.which("git") is None:
            return
        me = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
        for words in (["init", "-q"], ["add", "-A"], [*me, "commit", "-q", "-m", "all"]):
            self.command("git", *words).run()

    def command(self, *argv: str | Path, output: Path | None = None) -> Command:
        """A command in the project."""
        return Command(argv, self.variables, self.project, output)

    def wf(self, *words: str) -> Command:
        """``wf WORDS`` in the project, its output to nowhere."""
        script = _BIN / "wf"
        start = [script] if script.exists() else [PYTHON, "-m", "runner"]
        return self.command(*start, *words)

    def json(self, *words: str) -> Any:  # noqa: ANN401 - whatever it says
        """What ``wf WORDS`` writes to stdout."""
        return self._answer(self.wf(*words))

    def inside(self, what: str, *words: str | Path) -> Any:  # noqa: ANN401
        """What a function of ``inside.py`` answers, in a process of its own."""
        return self._answer(self.command(PYTHON, _INSIDE, what, *words))

    def _answer(self, command: Command) -> Any:  # noqa: ANN401
        answer = self.folder / "answer"
        replace(command, output=answer).run()
        return json.loads(answer.read_bytes())

    def python_of_last_run(self) -> Path:
        """The interpreter that the last run had."""
        document = self.json("show", "last", "--json")
        cache = Cache(Path(self.variables["WF_CACHE"]))
        return cache.environment(document["environment"]["fingerprint"]).python


def uv() -> Path:
    """The uv that wf uses.

    Raises:
        NotMeasuredError: there is none.
    """
    found = shutil.which("uv", path=os.pathsep.join([str(_BIN), os.environ.get("PATH", "")]))
    if found is None:
        raise NotMeasuredError("uv is not installed")
    return Path(found)


def base_python() -> str:
    """The interpreter that environments are made from."""
    return str(getattr(sys, "_base_executable", sys.executable) or sys.executable)
