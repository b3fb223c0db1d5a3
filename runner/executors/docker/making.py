"""How a job's container comes to be: with what it needs on this machine, in the way its daemon has.

What follows it to its end is loaded while the daemon makes it.

A daemon does not tell how it puts GPUs into containers before one is to start. So the ways are
tried one after the other: device requests (API 1.40, Docker 19.03), the ``nvidia`` runtime, which
older installations have, and names of the Container Device Interface (Docker 25).
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from runner.containers.faults import Gone, Refused, Unreachable
from runner.errors import UNSATISFIABLE, WfError
from runner.executors.docker.handing import hand_over, take_back
from runner.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.containers.container import Container
    from runner.containers.daemon import Daemon
    from runner.containers.values import ContainerSpec, GpuWay
    from runner.executors.docker.command import JobContainer, PrivateFile

_WAYS: tuple[GpuWay, ...] = ("device", "runtime", "cdi")
# what daemons say of a way they do not have: moby's `daemon/devices.go`, `daemon/runtime_unix.go`
# ("Unknown runtime specified" until 20.10) and `daemon/cdi.go`; Podman's of a missing CDI file
_NO_SUCH_WAY = (
    "could not select device driver",
    "unknown runtime specified",
    "unknown or invalid runtime name",
    "unresolvable cdi devices",
    "cdi device injection failed",
)
_INSTALL = (
    "install nvidia-container-toolkit, then: nvidia-ctk runtime configure --runtime=docker "
    "&& systemctl restart docker"
)
# older toolkits of NVIDIA name them by number alone if not told otherwise, and take the last of
# two such words
_NAME = (
    "`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml --device-name-strategy=index "
    "--device-name-strategy=uuid` does"
)
_SHELLS = ("/bin/sh", "/usr/bin/sh")


class Follower(Protocol):
    """Who follows a container from its start."""

    def begin(self, container: Container, spec: ContainerSpec, /) -> None:
        """Start it; ``spec`` is how it was asked for in the end.

        Raises:
            Refused, Unreachable, Gone: as what is asked of the daemon raises.
        """
        ...


F = TypeVar("F", bound=Follower)


def begun(daemon: Daemon, command: JobContainer, follower: Callable[[], F]) -> F:
    """Make the container of a job, and have it begun; nothing is left of one that cannot.

    ``follower`` says by whom. It is called while the daemon is at it, and once for each way that
    is tried.

    Raises:
        OSError: the daemon will not, or does not answer; or the file of its variables cannot be
            written.
        WfError: kind ``UNSATISFIABLE`` when the daemon cannot put GPUs into containers.
    """
    if command.private is not None:
        _write(command.private)
    try:
        return _handed_over(daemon, command, follower)
    except (Refused, Unreachable, Gone) as error:
        raise OSError(errno.EIO, str(error), "docker") from error
    finally:
        # a container that runs has it in hand, and needs no name for it
        if command.private is not None:
            with suppress(OSError):
                command.private.path.unlink()


def _handed_over(daemon: Daemon, command: JobContainer, follower: Callable[[], F]) -> F:
    """Whoever follows a container takes back what was given to its job; here, if nobody does."""
    try:
        hand_over(daemon, command)
        return _in_some_way(daemon, command, follower)
    except BaseException:
        take_back(daemon, command)
        raise


def _in_some_way(daemon: Daemon, command: JobContainer, follower: Callable[[], F]) -> F:
    refused = []
    for spec in _ways(command.spec):
        try:
            return _in_this_way(daemon, replace(command, spec=spec), follower)
        except Refused as error:
            if not spec.gpus.uuids or not _has_no_such_way(error):
                raise
            refused.append(f"{spec.gpus.way}: {error}")
    raise _no_way(daemon, refused)


def _in_this_way(daemon: Daemon, command: JobContainer, follower: Callable[[], F]) -> F:
    spec = command.spec
    container, following = _made(daemon, spec, follower)
    try:
        reach("container-made")
        bare = command.shell_less
        if bare is not None and not any(map(container.has, _SHELLS)):
            container.remove()
            spec = replace(bare, gpus=spec.gpus)
            container = daemon.create(spec)
        if command.inside is not None:
            from runner.containers.filling import fill

            fill(container, command.inside, spec.user)
        following.begin(container, spec)
    except BaseException:
        with suppress(Refused, Unreachable, Gone):
            container.remove()
        raise
    return following


def _made(daemon: Daemon, spec: ContainerSpec, follower: Callable[[], F]) -> tuple[Container, F]:
    """A container that is not started, and who is to follow it."""
    asked = daemon.creating(spec)
    reach("container-asked-for")
    try:
        following = follower()
    except BaseException:
        with suppress(Refused, Unreachable, Gone):
            asked().remove()
        raise
    return asked(), following


def _ways(spec: ContainerSpec) -> Iterator[ContainerSpec]:
    if not spec.gpus.uuids:
        yield spec
        return
    for way in _WAYS:
        yield replace(spec, gpus=spec.gpus._replace(way=way))


def _no_way(daemon: Daemon, refused: Sequence[str]) -> WfError:
    said, hint = f"the daemon at {daemon.address} cannot put GPUs into containers", _INSTALL
    if daemon.facts.cdi:
        said, hint = f"{said}: its CDI specification does not name them by UUID", _NAME
    return WfError(UNSATISFIABLE, said, hint=hint, details="\n".join(refused))


def _has_no_such_way(error: Refused) -> bool:
    said = str(error).lower()
    return any(sign in said for sign in _NO_SUCH_WAY)


def _write(private: PrivateFile) -> None:
    with suppress(FileNotFoundError):
        private.path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(private.path, "wb", opener=lambda path, _: os.open(path, flags, 0o600)) as file:
        file.write(private.text)
        os.fchmod(file.fileno(), private.mode)
