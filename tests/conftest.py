"""What all tests share: a world of their own, and parts that are present or say why not.

No test touches the real home: wf's folders, the home folder and the lock folder are temporary.
uv's download cache is kept in the checkout's ``.cache`` between runs, so that only the first run
downloads anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# parts that must be there (a comma-separated list): then a test that would skip fails instead
REQUIRED = frozenset(filter(None, os.environ.get("WF_REQUIRE", "").split(",")))


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` rewrites the expected files; read the difference before committing."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden")


def require(part: str, reason: str | None) -> None:
    """Skip with the reason why a part is absent, or fail if it must be there."""
    if reason is None:
        return
    if part in REQUIRED:
        pytest.fail(f"{part} is required here, but: {reason}")
    pytest.skip(f"{part}: {reason}")


def program(name: str) -> str | None:
    """Why the program cannot be used, or ``None``."""
    return None if shutil.which(name) else f"`{name}` is not on PATH"


@dataclass
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its stdout as JSON."""
        import json

        return json.loads(self.out)


@dataclass
class World:
    """A home, a project and the ``wf`` command in them."""

    home: Path
    project: Path
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project."""
        whole = self.project / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8")
        return whole

    def workflows(self, text: str) -> Path:
        """Write the project's workflow file."""
        return self.write(".dstack/workflows.yaml", text)

    def argv(self, *words: str) -> list[str]:
        """The command line for ``wf WORDS``."""
        return [sys.executable, "-m", "runner", *words]

    def wf(self, *words: str, timeout: float = 120, **variables: str) -> Result:
        """Run ``wf WORDS`` in the project."""
        done = subprocess.run(
            self.argv(*words),
            cwd=self.project,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return Result(done.returncode, out, err)

    def runs(self) -> list[str]:
        """The names of all runs on disk."""
        folder = Path(self.variables["WF_HOME"]) / "runs"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def git(self) -> None:
        """Make the project a git repository with everything committed."""
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(["git", *words], cwd=self.project, env=self.variables, check=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty project in an empty home."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "TMPDIR"}
        or name.startswith(("PIP_", "UV_"))
    }
    variables = {
        **kept,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "HOME": str(home),
        "WF_HOME": str(home / "state"),
        "WF_CACHE": str(home / "cache"),
        "WF_LOCKS": str(home / "locks"),
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return World(home, project, variables)
