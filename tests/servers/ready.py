"""wf, imported once and forked for each command.

Most of what a short command costs is importing modules, and most of what the tests cost are short
commands. Here one process imports all of ``runner`` and forks for each command, which finds itself
as if it had been started: its own words, folder, variables, streams, mask and cores. What Python
itself reads of the variables when it starts cannot be had like this (``suits``), and ``/proc`` has
the same command line and variables for all.

``python -m tests.servers.ready FD`` is that process, for :func:`ready`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMMAND = (sys.executable, "-m", "runner")
"""How wf is started; whatever says it in another way is not forked."""

_ROOT = Path(__file__).resolve().parent.parent.parent
# of one command's words and variables
_MOST_BYTES = 1 << 18
_READ_BY_PYTHON = ("PYTHON", "LC_", "LANG")
_STREAMS = 3


def _mounts() -> Path:
    """What tells one view of what is mounted from another (mount_namespaces(7))."""
    return Path("/proc/self/ns/mnt").readlink()


# before any test has one of its own
_MOUNTS = _mounts()


@dataclass(frozen=True)
class Ready:
    """The process that is forked, seen from the tests."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        given: bytes,
        timeout: float,
    ) -> subprocess.CompletedProcess[bytes]:
        """What ``subprocess.run`` would return; the timeout is in seconds."""
        answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pipes = [os.pipe() for _ in range(_STREAMS)]
        (stdin, feed), (out, stdout), (err, stderr) = pipes
        asked = {
            "words": argv[len(COMMAND) :],
            "cwd": str(cwd),
            "env": dict(env),
            "umask": _umask(),
            "cores": sorted(os.sched_getaffinity(0)),
        }
        sent = [stdin, stdout, stderr, theirs.fileno()]
        socket.send_fds(self.control, [json.dumps(asked).encode()], sent)
        theirs.close()
        for number in (stdin, stdout, stderr):
            os.close(number)
        with answer:
            pid = int(answer.recv(64))
            said = _talk(feed, given, (out, err), pid, time.monotonic() + timeout)
            status = os.waitstatus_to_exitcode(int(answer.recv(64)))
        if said is None:
            raise subprocess.TimeoutExpired(argv, timeout)
        return subprocess.CompletedProcess(argv, status, *said)

    def close(self) -> None:
        """Let it end."""
        self.control.close()
        self.process.wait()


def suits(argv: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a fork of :func:`ready` is what would have been started."""
    plain = tuple(argv[: len(COMMAND)]) == COMMAND
    same = _read_by_python(env) == _read_by_python(_variables())
    return plain and same and _mounts() == _MOUNTS


@cache
def ready() -> Ready:
    """The one of this process, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        made = Ready(
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=_ROOT,
                env=_variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            ),
            ours,
        )
    atexit.register(made.close)
    return made


def _variables() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LC_ALL") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8"}


def _read_by_python(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in variables.items() if name.startswith(_READ_BY_PYTHON)}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _talk(
    feed: int, given: bytes, ends: tuple[int, int], pid: int, deadline: float
) -> tuple[bytes, bytes] | None:
    """What a command said on both streams until it closed them; ``None`` if that took too long."""
    said = {number: bytearray() for number in ends}
    late = False
    with selectors.DefaultSelector() as waiting:
        for number in ends:
            waiting.register(number, selectors.EVENT_READ)
        if given:
            waiting.register(feed, selectors.EVENT_WRITE)
        else:
            os.close(feed)
        while waiting.get_map():
            for key, _ in waiting.select(max(deadline - time.monotonic(), 0)):
                if key.fd == feed:
                    given = _fed(feed, given)
                    over = not given
                else:
                    chunk = os.read(key.fd, 1 << 16)
                    said[key.fd] += chunk
                    over = not chunk
                if over:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
            if time.monotonic() > deadline:
                late = True
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                for key in list(waiting.get_map().values()):
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    return None if late else (bytes(said[ends[0]]), bytes(said[ends[1]]))


def _fed(feed: int, given: bytes) -> bytes:
    """What is left to be written; nothing if nobody reads it."""
    try:
        return given[os.write(feed, given[: 1 << 12]) :]
    except BrokenPipeError:
        return b""


def main() -> None:
    """Fork for each command, tell its process and then its end, until nobody asks any more."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    entry = _everything()
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not control:
                    _tell(waiting, key)
                    continue
                text, numbers, _, _ = socket.recv_fds(control, _MOST_BYTES, _STREAMS + 1)
                if not text:
                    return
                *streams, answer = numbers
                pid = os.fork()
                if not pid:
                    _become(json.loads(text), streams, entry)
                for number in streams:
                    os.close(number)
                reply = socket.socket(fileno=answer)
                reply.send(str(pid).encode())
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, reply))


def _everything() -> Callable[[], NoReturn]:
    """Import all of wf, and what it imports late."""
    import runner
    from runner.cli.main import entry

    for module in pkgutil.walk_packages(runner.__path__, "runner."):
        if not module.name.endswith((".__main__", ".sitecustomize")):
            import_module(module.name)
    return entry


def _tell(waiting: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Say how a command ended."""
    pid, reply = key.data
    _, status = os.waitpid(pid, 0)
    waiting.unregister(key.fd)
    os.close(key.fd)
    with reply, suppress(BrokenPipeError):
        reply.send(str(status).encode())


def _become(asked: dict[str, Any], streams: list[int], entry: Callable[[], NoReturn]) -> NoReturn:
    """Be the command that was asked for."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) >= _STREAMS:
            with suppress(OSError):
                os.close(int(name))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(asked["umask"])
    os.sched_setaffinity(0, asked["cores"])
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    sys.path[0] = asked["cwd"]
    sys.argv = [str(_ROOT / "runner" / "__main__.py"), *asked["words"]]
    gc.unfreeze()
    entry()


if __name__ == "__main__":
    main()
