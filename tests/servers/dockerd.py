"""Daemons that run containers: real ones, started for the tests and ended with them.

``dockerd`` is one daemon for all tests of a session, ``dockerd_alone`` makes further ones that a
test may kill, start again, or have with settings of its own. ``docked`` is a world whose ``wf``
runs containers in the first.

Without a GPU, a daemon takes device requests if it finds a ``nvidia-container-runtime-hook``, and
knows a runtime ``nvidia`` if it is told one: here both are scripts that write down what they are
told (``gpu_requests``, ``runtime_calls``) and give nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from runner.containers.values import HOME_LABEL
from runner.process import tree
from tests.conftest import PATIENCE_SECONDS, program, require, until
from tests.servers import images
from tests.servers.images import BASE, SMALL
from tests.servers.programs import alone, command
from tests.servers.serving import below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.conftest import World

_HOOK = "nvidia-container-runtime-hook"
_RUNTIME = "nvidia-container-runtime"
_ANSWER_SECONDS = 10.0
# further ones are told apart by the number that follows
_NETWORKS = "10.213"


def unavailable() -> str | None:
    """Why no daemon can be started here."""
    if os.geteuid() != 0:
        return "dockerd has to be started by root"
    programs = ("dockerd", "docker-init", "runc", "ip", "iptables")
    return next(filter(None, map(program, programs)), None) or images.unavailable()


class Bridge(NamedTuple):
    """A network of a daemon's own: two daemons cannot share the one that is made by default."""

    name: str
    subnet: str

    def open(self) -> None:
        """Make it, with a way to the rest of the world."""
        command("ip", "link", "add", self.name, "type", "bridge")
        command("ip", "address", "add", f"{self.subnet}.1/24", "dev", self.name)
        command("ip", "link", "set", self.name, "up")
        self._each("-I")

    def close(self) -> None:
        """Remove it."""
        self._each("-D")
        command("ip", "link", "delete", self.name)

    def _each(self, action: str) -> None:
        for table, chain, target, *matching in (
            ("filter", "FORWARD", "ACCEPT", "-i", self.name),
            ("filter", "FORWARD", "ACCEPT", "-o", self.name),
            ("nat", "POSTROUTING", "MASQUERADE", "-s", f"{self.subnet}.0/24", "!", "-o", self.name),
        ):
            command("iptables", "-w", "-t", table, action, chain, *matching, "-j", target)


class Dockerd:
    """A daemon, everything of which lies in one folder."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        bridge: Bridge,
        hook: bool = True,
        runtime: bool = True,
        programs: Sequence[Path] = (),
    ) -> None:
        """Not started yet.

        ``bridge`` is there already: one that is started without any removes ``docker0``, whoever
        uses it. ``hook``: it takes device requests for GPUs; ``runtime``: it knows the runtime
        ``nvidia``. In ``programs`` its own ones are looked for first.
        """
        self.folder = folder
        self.address = f"unix://{folder}/docker.sock"
        self.variables = {"DOCKER_HOST": self.address, "WF_BASE_IMAGE": BASE}
        self._options = [*options, f"--bridge={bridge.name}"]
        self._bridge = bridge
        self._hook, self._runtime = hook, runtime
        self._programs = programs

    @property
    def pid(self) -> int:
        """The id of its process, as long as it runs."""
        return int((self.folder / "pid").read_text())

    @cached_property
    def client(self) -> Any:
        """The SDK's client for it."""
        from docker.api.client import APIClient

        return APIClient(self.address, version="auto", timeout=int(PATIENCE_SECONDS))

    def start(self) -> None:
        """Start it, and wait until it answers; again, after its end."""
        for left in ("pid", "exec/containerd/containerd.pid"):
            # of one that was killed; where nobody collects orphans its containerd seems to run
            with suppress(FileNotFoundError):
                (self.folder / left).unlink()
        argv = [
            *("dockerd", "--host", self.address, "--pidfile", str(self.folder / "pid")),
            *("--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")),
            *("--iptables=false", "--ip6tables=false", *self._options),
        ]
        if self._runtime:
            argv.append(f"--add-runtime=nvidia={self._script(_RUNTIME)}")
        folders = [*self._programs]
        if self._hook:
            folders.insert(0, self._script(_HOOK).parent)
        path = ":".join([*map(str, folders), os.environ["PATH"]])
        with self._log.open("ab") as log:
            # not as a child of ours: which process ends it is not known yet
            subprocess.run(
                ["setsid", "--fork", *argv],
                env={"PATH": path, "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                pytest.fail(f"dockerd does not answer: {said}")
            time.sleep(0.05)

    def kill(self) -> None:
        """It is gone at once; what it has started goes on, containers too."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not tree.alive(pid), "the end of dockerd")

    def freeze(self) -> None:
        """It does not answer any more, but is there."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It answers again."""
        os.kill(self.pid, signal.SIGCONT)

    def give(self, *references: str) -> None:
        """Have it know images of :mod:`tests.servers.images`."""
        for reference in references:
            images.give(self.client, reference)

    def containers(self, home: Path | str = "") -> list[Any]:
        """Its containers as the API lists them, those that have ended too.

        With a ``home``, only those of runs that are kept somewhere below it.
        """
        found = self.client.containers(all=True)
        return [one for one in found if one["Labels"].get(HOME_LABEL, "").startswith(str(home))]

    def sweep(self, home: Path) -> None:
        """Remove them; a removal that somebody else has begun is waited for."""
        from docker.errors import APIError

        def gone() -> bool:
            found = self.containers(home)
            for container in found:
                with suppress(APIError):
                    self.client.remove_container(container["Id"], force=True, v=True)
            return not found

        until(gone, f"the end of the containers of {home}")

    def gpu_requests(self) -> list[str]:
        """What the hook was told: the state of each container with GPUs, as JSON."""
        return _lines(self.folder / f"{_HOOK}.log")

    def runtime_calls(self) -> list[str]:
        """The arguments of each call of the runtime ``nvidia``."""
        return _lines(self.folder / f"{_RUNTIME}.log")

    def close(self) -> None:
        """End it with all of its containers, and remove its folder."""
        self._end()
        if "client" in vars(self):  # to make one, the daemon has to be there
            self.client.close()
        for pid in list(self._helpers()):
            for one in [*below(pid), pid]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        until(lambda: not list(self._helpers()), "the end of what dockerd has started")
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for target in reversed([line.split()[1] for line in mounts]):
            if target.startswith(f"{self.folder}/"):
                command("umount", "--lazy", target)
        self._bridge.close()
        shutil.rmtree(self.folder)

    def _end(self) -> None:
        try:
            pid = self.pid
        except (FileNotFoundError, ValueError):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            if self._answers():
                for container in self.containers():
                    with suppress(Exception):  # it is about to be gone with all the others
                        self.client.remove_container(container["Id"], force=True)
            # its own way out would put things in order that are removed now
            os.kill(pid, signal.SIGKILL)
        until(lambda: not tree.alive(pid), "the end of dockerd")

    def _helpers(self) -> Iterator[int]:
        """containerd and its shims, which outlive a daemon that was killed."""
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes()
                name = os.path.basename(words.partition(b"\0")[0])
                if name.startswith(b"containerd") and os.fsencode(self.folder) in words:
                    yield int(folder.name)

    def _answers(self) -> bool:
        # the SDK leaves a connection open that cannot be made
        with suppress(OSError), socket.socket(socket.AF_UNIX) as way:
            way.settimeout(_ANSWER_SECONDS)
            way.connect(self.address.removeprefix("unix://"))
            way.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in way.recv(100)
        return False

    def _script(self, name: str) -> Path:
        """A stand-in for a part of NVIDIA's container toolkit."""
        script = self.folder / "bin" / name
        script.parent.mkdir(exist_ok=True)
        log = self.folder / f"{name}.log"
        told = (
            f'{{ cat; echo; }} >>"{log}"'
            if name == _HOOK
            else f'echo "$*" >>"{log}"; exec runc "$@"'
        )
        script.write_text(f"#!/bin/sh\n{told}\n")
        script.chmod(0o755)
        return script

    @property
    def _log(self) -> Path:
        return self.folder / "log"


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A daemon with both images, a network and the stand-ins for NVIDIA's parts.

    All processes of a session share it: the first that wants it starts it, the last ends it. So
    there may be containers of other tests in it; ``Dockerd.containers`` tells them apart.
    """
    require("docker", unavailable())
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "dockerd.users").open("w") as users:
        with alone(shared / "dockerd.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            found = _shared(shared / "dockerd.json")
        yield found
        with alone(shared / "dockerd.lock"):
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.client.close()
                return
            (shared / "dockerd.json").unlink()
            found.close()


def _shared(told: Path) -> Dockerd:
    """The daemon that another process has started and told of in this file, else a new one."""
    if told.exists():
        folder, name, subnet = json.loads(told.read_text())
        return Dockerd(Path(folder), bridge=Bridge(name, subnet))
    bridge = _bridge()
    made = Dockerd(_folder(), bridge=bridge)
    made.start()
    made.give(BASE, SMALL)
    told.write_text(json.dumps([str(made.folder), *bridge]))
    return made


def _bridge() -> Bridge:
    """A new one."""
    taken = os.listdir("/sys/class/net")
    number = secrets.choice([one for one in range(256) if f"wft-{one}" not in taken])
    bridge = Bridge(f"wft-{number}", f"{_NETWORKS}.{number}")
    bridge.open()
    return bridge


def _folder() -> Path:
    """Short: the address of a socket has a hundred characters at most."""
    return Path(tempfile.mkdtemp(prefix="wf-dockerd-"))


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def dockerd_alone() -> Iterator[Callable[..., Dockerd]]:
    """Starts a daemon with the options given, and the small image; it ends with the test."""
    require("docker", unavailable())
    made: list[Dockerd] = []

    def start(*options: str, **settings: Any) -> Dockerd:
        one = Dockerd(_folder(), *options, bridge=_bridge(), **settings)
        made.append(one)
        one.start()
        one.give(SMALL)
        return one

    yield start
    for one in made:
        one.close()


@pytest.fixture
def _swept(dockerd: Dockerd) -> Iterator[list[Path]]:
    """Homes whose containers are removed in the end, after the processes of ``wf``."""
    homes: list[Path] = []
    yield homes
    for home in homes:
        dockerd.sweep(home)


@pytest.fixture
def docked(_swept: list[Path], world: World, dockerd: Dockerd) -> World:
    """A world in which containers run."""
    _swept.append(world.home)
    world.variables |= dockerd.variables
    return world
