"""A real Podman, started for the tests that want one, and ended with them.

It is root's, answers as Docker does, and keeps all it has in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_SECONDS, program, require, until
from tests.servers import images
from tests.servers.images import SMALL
from tests.servers.programs import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import World

# it gives containers more open files than a machine that is a container itself may allow
_SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


def unavailable() -> str | None:
    """Why it cannot be started here."""
    if os.geteuid() != 0:
        return "podman is started by root here"
    programs = ("podman", "catatonit", "conmon")
    return next(filter(None, map(program, programs)), None) or images.unavailable()


class Podman:
    """One that serves, with the small image."""

    def __init__(self, folder: Path) -> None:
        """``folder`` has a short path: the address of a socket has a hundred characters at most."""
        self._folder = folder
        self._socket = folder / "podman.sock"
        self.variables = {"DOCKER_HOST": f"unix://{self._socket}"}
        settings = folder / "containers.conf"
        settings.write_text(_SETTINGS)
        places = (("root", "data"), ("runroot", "run"), ("tmpdir", "tmp"))
        options = [f"--{name}={folder / place}" for name, place in places]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *("podman", *options, "--cgroup-manager=cgroupfs", "--events-backend=file"),
                    *("system", "service", "--time=0", self.variables["DOCKER_HOST"]),
                ],
                env={"PATH": os.environ["PATH"], "CONTAINERS_CONF": str(settings)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> None:
        """Wait until it listens, and give it the small image."""
        until(lambda: self._socket.exists() or self._process.poll() is not None, "a podman")
        if self._process.poll() is not None:
            pytest.fail(f"podman has ended: {(self._folder / 'log').read_text()[-2000:]}")
        images.give(self.client, SMALL)
        repository, _, tag = SMALL.partition(":")
        # where it comes as an archive, 4.3 does not listen to the tag
        if not self.client.images(SMALL):
            self.client.tag(f"{repository}:latest", repository, tag)

    @cached_property
    def client(self) -> Any:
        """The SDK's client for it."""
        from docker.api.client import APIClient

        return APIClient(
            self.variables["DOCKER_HOST"], version="auto", timeout=int(PATIENCE_SECONDS)
        )

    def containers(self) -> list[Any]:
        """Those it has, whether they run or not."""
        return list(self.client.containers(all=True))

    def sweep(self) -> None:
        """Remove its containers; what looks after each of them goes with it."""
        for container in self.containers():
            with suppress(Exception):  # what removes them besides may have been faster
                self.client.remove_container(container["Id"], force=True, v=True)

    def close(self) -> None:
        """End it, and remove its folder."""
        if self._process.poll() is None and self._socket.exists():
            self.sweep()
            self.client.close()
        self._process.kill()
        self._process.wait()
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for target in reversed([line.split()[1] for line in mounts]):
            if target.startswith(f"{self._folder}/"):
                command("umount", "--lazy", target)
        shutil.rmtree(self._folder)


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """One for all tests of a process."""
    require("podman", unavailable())
    made = Podman(Path(tempfile.mkdtemp(prefix="wf-podman-")))
    try:
        made.ready()
        yield made
    finally:
        made.close()


@pytest.fixture
def _swept_podman(podman: Podman) -> Iterator[None]:
    """Its containers are removed in the end, after the processes of ``wf``."""
    yield
    podman.sweep()


@pytest.fixture
def in_podman(_swept_podman: None, world: World, podman: Podman) -> World:
    """A world in which containers run in it."""
    world.variables |= podman.variables
    return world
