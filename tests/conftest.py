"""What all tests share: a world of their own, and parts that are present or say why not.

No test touches the real home: wf's folders, the home folder and the lock folder are temporary.
uv's download cache is kept in the checkout's ``.cache`` between runs, so that only the first run
downloads anything.
"""

from __future__ import annotations

import gc
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from runner.process import tree
from tests.servers.ready import COMMAND, ready, suits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = [
    "tests.servers.dockerd",
    "tests.servers.network",
    "tests.servers.podman",
]

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# parts that must be there (a comma-separated list): then a test that would skip fails instead
REQUIRED = frozenset(filter(None, os.environ.get("WF_REQUIRE", "").split(",")))
# how long a condition is waited for before the test fails; reached only when something is broken
PATIENCE_SECONDS = 60.0
# the same for what stands back behind all else that the machine does
FINISHING_SECONDS = 300.0
# how long a run that is asked to end is left to it before it is killed
_WAY_OUT_SECONDS = 5.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` rewrites the expected files; read the difference before committing."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden")


def pytest_configure() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C, and every child inherits that.

    So does ``nohup`` for the end of a terminal.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """What all tests are made of stays; to look for garbage in it takes time again and again."""
    gc.collect()
    gc.freeze()


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


def until(
    condition: Callable[[], T | None],
    what: str = "the condition",
    seconds: float = PATIENCE_SECONDS,
) -> T:
    """Wait for ``condition`` to hold, and return what it answered."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {seconds:.0f} seconds")
        time.sleep(0.01)


def hear(process: subprocess.Popen[bytes], text: bytes) -> None:
    """Wait until a started command has said ``text`` on stderr."""
    assert process.stderr is not None
    heard = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while text not in heard:
        left = deadline - time.monotonic()
        ready = select.select([process.stderr], [], [], max(left, 0))[0]
        chunk = os.read(process.stderr.fileno(), 1 << 16) if ready else b""
        if not chunk:
            pytest.fail(f"{text!r} was not said, but {heard!r}")
        heard += chunk


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
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

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
        return [*COMMAND, *words]

    def wf(self, *words: str, timeout: float = 120, given: str = "", **variables: str) -> Result:
        """Run ``wf WORDS`` in the project, with ``given`` on its stdin."""
        argv, env, said = self.argv(*words), {**self.variables, **variables}, given.encode()
        if suits(argv, env):
            done = ready().run(argv, cwd=self.project, env=env, given=said, timeout=timeout)
        else:
            done = subprocess.run(
                argv,
                cwd=self.project,
                env=env,
                input=said,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return Result(done.returncode, out, err)

    def start(
        self, *words: str, out: int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.Popen[bytes]:
        """Start ``wf WORDS`` in the project and leave it running; it is ended with the test.

        ``out`` is where its stdout goes.
        """
        process = subprocess.Popen(
            self.argv(*words),
            cwd=self.project,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def running(self) -> str:
        """Wait for the job of a run to be started, and return the run's name."""
        return until(self._running, "a running job")

    def _running(self) -> str | None:
        listed = self.wf("ps", "--json").json()
        return next((run["name"] for run in listed if run["status"] == "running"), None)

    def record(self, run: str = "last") -> Any:
        """The run's document."""
        return self.wf("show", run, "--json").json()

    def folder(self, run: str) -> Path:
        """Where the run is kept."""
        return Path(self.variables["WF_HOME"]) / "runs" / run

    def runs(self) -> list[str]:
        """The names of all runs on disk."""
        folder = Path(self.variables["WF_HOME"]) / "runs"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def beginning(self, run: str) -> str:
        """As much of a run's name as no other run's begins with."""
        runs = self.runs()
        cuts = (run[:length] for length in range(1, len(run)))
        return next((cut for cut in cuts if sum(one.startswith(cut) for one in runs) == 1), run)

    def git(self) -> None:
        """Make the project a git repository with everything committed."""
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(["git", *words], cwd=self.project, env=self.variables, check=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty project in an empty home."""
    made = make_world(tmp_path)
    yield made
    for process in made.started:
        _end(process)
    end_carriers(made.home)
    end_finishers(made.home)


def finishers(home: Path) -> list[int]:
    """The ids of the processes that finish environments of the world in this folder."""
    return [
        pid
        for pid, said in commands()
        if b"runner.finisher" in said and any(os.fsencode(home) in word for word in said)
    ]


def carriers(home: Path) -> list[int]:
    """The ids of the processes of wf, of the world in this folder, that outlived their command."""
    found = []
    for pid, said in commands():
        with suppress(OSError):
            if b"runner" in said:
                ours = os.fsencode(home) in Path(f"/proc/{pid}/environ").read_bytes()
            else:
                ours = b"tests.servers.ready" in said and _holds(pid, home)
            if ours:
                found.append(pid)
    return found


def _holds(pid: int, home: Path) -> bool:
    """Whether a process has a file of a home open, as each has that carries a run out."""
    return any(link.readlink().is_relative_to(home) for link in Path(f"/proc/{pid}/fd").iterdir())


def end_carriers(home: Path) -> None:
    """End runs that go on in the background, by their own way out if they find it."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        left = carriers(home)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + _WAY_OUT_SECONDS
        while left and time.monotonic() < deadline:
            time.sleep(0.01)
            left = carriers(home)


def children(pid: int) -> list[int]:
    """The ids of a process's children: for a command that shows a run, of what carries it out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            _, _, said = (folder / "stat").read_text(errors="replace").rpartition(")")
            if int(said.split()[1]) == pid:
                found.append(int(folder.name))
    return found


def kill(wf: subprocess.Popen[bytes]) -> None:
    """Kill a command that shows runs, and what carries them out."""
    carrying = children(wf.pid)
    wf.kill()
    wf.wait()
    for pid in carrying:
        with suppress(ProcessLookupError):  # it had ended already, or does not outlive a command
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(tree.alive, carrying)), "the end of what carried them out")


def commands() -> Iterator[tuple[int, list[bytes]]]:
    """Every process, with the words of its command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")


def end_finishers(home: Path) -> None:
    """End what wf leaves in the background; it can be ended at any moment."""
    for pid in finishers(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not finishers(home), "the end of the finishers")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End wf by its own way out, so that its job goes with it."""
    for ask in (process.terminate, process.terminate, process.kill):
        if process.poll() is None:
            ask()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                continue
    process.communicate()


def make_world(tmp_path: Path) -> World:
    """The same for a fixture that lives longer than one test."""
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
        "WF_ETC": str(home / "etc"),
        "UV_CACHE_DIR": str(CACHE / "uv"),
        # no daemon but those that the tests start
        "DOCKER_HOST": f"unix://{home}/docker.sock",
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return World(home, project, variables)
