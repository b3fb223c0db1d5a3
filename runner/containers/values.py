"""Images and containers as values: what is asked of a daemon, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_LABEL = "wf.run"
HOME_LABEL = "wf.home"
"""Which run a container belongs to: its name, and the state folder it is kept in."""


def name_of(run: str) -> str:
    """What the container of a run is called, unless somebody else's is."""
    return f"wf-{run}"


BUILD_LABEL = "wf.build"
"""The folder that a container builds an environment in."""

GpuWay = Literal["device", "runtime", "cdi"]
"""How a daemon puts GPUs into a container: by device requests (API 1.40 and newer), by the
``nvidia`` runtime, which reads variables, or by names of the Container Device Interface."""


class Auth(NamedTuple):
    """Who fetches an image. Not to be shown."""

    username: str
    password: str


class Image(NamedTuple):
    """An image that is there: ``id`` names its content.

    ``variables`` are those it sets; ``user``, ``working_dir``, ``entrypoint`` and ``command`` are
    what a container of it has where nothing else is said.
    """

    reference: str
    id: str
    variables: tuple[tuple[str, str], ...] = ()
    user: str = ""
    working_dir: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


class Mount(NamedTuple):
    """A folder or file of this machine that a container sees at ``target``.

    One that is ``optional`` is left out where it is not there.
    """

    source: str
    target: str
    writable: bool = False
    optional: bool = False


class Gpus(NamedTuple):
    """The GPUs a container sees, by UUID, and how they get there."""

    uuids: tuple[str, ...]
    way: GpuWay = "device"


NO_GPUS = Gpus(())


class PortBinding(NamedTuple):
    """A port of a container that can be reached at ``host`` on this machine's loopback."""

    inside: int
    host: int


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container as a daemon is asked for it.

    ``image`` is the id of one that is there. ``entrypoint`` and ``command`` of ``None`` are the
    image's own. What ``variables`` hold is shown by the daemon to all who may ask it. ``user`` is
    ``UID:GID`` or a name of the image, ``""`` for the image's own. ``cores`` are those it may run
    on (``None``: all), ``quota`` how many of them at a time; ``memory`` and ``shm_size`` are in
    bytes, and so much memory is all it has, as it gets no swap. Of ``mounts`` at one place the last
    that is there counts. ``processes`` is how many it may
    have. ``capabilities`` are those it keeps, as capabilities(7) has them without ``CAP_``, unless
    it is ``privileged``. With ``terminal`` (rows, columns) its output is a pseudo-terminal.
    ``network`` is ``host`` or one of the daemon's, ``None`` its default. ``labels`` are how it is
    found again. One that is ``passing`` is removed by the daemon when it ends. Without a ``name``
    the daemon chooses one.
    """

    name: str
    image: str
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    working_dir: str = ""
    user: str = ""
    mounts: tuple[Mount, ...] = ()
    cores: tuple[int, ...] | None = None
    quota: int | None = None
    memory: int | None = None
    shm_size: int | None = None
    processes: int | None = None
    gpus: Gpus = NO_GPUS
    ports: tuple[PortBinding, ...] = ()
    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    terminal: tuple[int, int] | None = None
    network: str | None = None
    passing: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


# what a daemon says of an end that nobody has told it of
_UNKNOWN = 255


class State(NamedTuple):
    """What a container is at a moment.

    ``pid`` is that of its first process on this machine, 0 where it has none or lies elsewhere.
    ``code`` is how it ended: 128 and more for a signal. ``out_of_memory``: the kernel ended one of
    its processes at its limit. ``error`` is why the daemon could not start it.
    """

    status: Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
    pid: int
    code: int
    out_of_memory: bool
    error: str

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in ("exited", "dead", "removing")

    @property
    def doubtful(self) -> bool:
        """Whether a daemon that was started anew since may not know how it ended.

        Where its containerd was away too, and is 1.7 or newer, that forgets what ended meanwhile
        (``runtime/v2/shim_load.go``), and the daemon says 255 (moby, ``daemon/daemon.go``).
        """
        return self.over and self.code == _UNKNOWN
