"""How a container comes to be, whatever its daemon can do with GPUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runner.containers.facts import facts
from runner.containers.faults import Refused, Unreachable
from runner.errors import UNSATISFIABLE, WfError
from runner.executors.docker.command import PrivateFile
from runner.executors.docker.making import begun
from tests.fakes.containers import SHARED, commands, translated, with_gpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.containers.container import Container
    from runner.containers.values import ContainerSpec
    from runner.executors.docker.command import JobContainer

# what dockerd 20.10, dockerd 28 and Podman say where they have no such way
NO_DRIVER = 'could not select device driver "" with capabilities: [[gpu compute utility]]'
NO_CDI = 'could not select device driver "cdi" with capabilities: []'
NO_SUCH_NAME = "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-1"
NO_RUNTIME = ["Unknown runtime specified nvidia", "unknown or invalid runtime name: nvidia"]
BROKEN = "nvidia-container-cli: device error: GPU-1: unknown device"


class OneContainer:
    """One that a daemon has made."""

    def __init__(self, spec: ContainerSpec, *, shell: bool) -> None:
        self.spec = spec
        self.removed = False
        self._shell = shell

    def has(self, path: str) -> bool:
        return self._shell and path == "/bin/sh"

    def remove(self) -> None:
        self.removed = True


class OneDaemon:
    """A daemon that refuses to start, or to make, what has GPUs in some ways."""

    address = "unix:///docker.sock"

    def __init__(
        self,
        refusals: Mapping[str, str] | None = None,
        *,
        shell: bool = True,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        self.made: list[OneContainer] = []
        self.facts = facts(said or {}, podman=False)
        self._refusals = refusals or {}
        self._shell = shell

    def create(self, spec: ContainerSpec) -> OneContainer:
        return self.creating(spec)()

    def creating(self, spec: ContainerSpec) -> Callable[[], OneContainer]:
        if spec.gpus.way != "runtime" or "runtime" not in self._refusals:
            self.made.append(OneContainer(spec, shell=self._shell))
            return lambda: self.made[-1]

        def refuse() -> OneContainer:
            raise Refused(self._refusals["runtime"])

        return refuse

    def start(self, container: Any) -> None:
        way = container.spec.gpus.way
        if container.spec.gpus.uuids and way in self._refusals:
            raise Refused(self._refusals[way])

    def left(self) -> list[str]:
        return [one.spec.gpus.way for one in self.made if not one.removed]


class OneFollower:
    """Who has a container started, and remembers how it was asked for."""

    def __init__(self, start: Callable[[Any], None]) -> None:
        self._start = start

    def begin(self, container: Container, spec: ContainerSpec) -> None:
        self._start(container)
        self.spec = spec


def made(
    daemon: OneDaemon, command: JobContainer, begin: Callable[[Any], None] | None = None
) -> ContainerSpec:
    fake: Any = daemon
    return begun(fake, command, lambda: OneFollower(begin or daemon.start)).spec


def test_nothing_is_left_where_nobody_can_follow_it() -> None:
    def nobody() -> OneFollower:
        raise OSError("no space left")

    daemon: Any = OneDaemon()
    with pytest.raises(OSError, match="no space"):
        begun(daemon, translated(commands("true"), SHARED), nobody)
    assert len(daemon.made) == 1
    assert daemon.left() == []


@pytest.mark.parametrize("no_runtime", NO_RUNTIME)
def test_gpus_come_in_the_first_way_there_is(no_runtime: str) -> None:
    command = translated(commands("true"), with_gpus(1))
    without: list[tuple[dict[str, str], str]] = [
        ({}, "device"),
        ({"device": NO_DRIVER}, "runtime"),
        ({"device": NO_DRIVER, "runtime": no_runtime}, "cdi"),
    ]
    for refusals, way in without:
        daemon = OneDaemon(refusals)
        assert made(daemon, command).gpus.way == way
        assert daemon.left() == [way]


def test_without_any_way_it_says_what_helps() -> None:
    daemon = OneDaemon({"device": NO_DRIVER, "runtime": NO_RUNTIME[0], "cdi": NO_CDI})
    with pytest.raises(WfError) as caught:
        made(daemon, translated(commands("true"), with_gpus(1)))
    assert caught.value.kind == UNSATISFIABLE
    assert "nvidia-ctk" in (caught.value.hint or "")
    assert NO_DRIVER in (caught.value.details or "")
    assert daemon.left() == []


def test_where_some_other_names_are_known_it_says_how_to_make_these(tmp_path: Path) -> None:
    (tmp_path / "nvidia.yaml").write_text("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    refusals = {"device": NO_DRIVER, "runtime": NO_RUNTIME[1], "cdi": NO_SUCH_NAME}
    daemon = OneDaemon(refusals, said={"CDISpecDirs": [str(tmp_path)]})
    with pytest.raises(WfError) as caught:
        made(daemon, translated(commands("true"), with_gpus(1)))
    assert caught.value.kind == UNSATISFIABLE
    assert "--device-name-strategy=uuid" in (caught.value.hint or "")
    assert NO_SUCH_NAME in (caught.value.details or "")


def test_what_goes_wrong_otherwise_is_told_as_it_is() -> None:
    daemon = OneDaemon({"device": BROKEN})
    with pytest.raises(OSError, match="unknown device"):
        made(daemon, translated(commands("true"), with_gpus(1)))
    assert daemon.left() == []


def test_no_other_way_is_tried_for_who_wants_no_gpu() -> None:
    def refuse(_: Any) -> None:
        raise Refused(NO_DRIVER)

    daemon = OneDaemon()
    with pytest.raises(OSError, match="could not select"):
        made(daemon, translated(commands("true"), SHARED), refuse)
    assert len(daemon.made) == 1


def with_secret(path: Path, *words: str) -> JobContainer:
    """A container that is to read a secret."""
    job = commands("true") if not words else commands(entrypoint=words)
    return translated(job, secrets={"TOKEN": "sesame"}, private=path)


def test_what_the_daemon_is_not_to_know_is_there_for_the_start_alone(tmp_path: Path) -> None:
    path = tmp_path / "variables"
    seen: list[tuple[bytes, int]] = []
    path.write_text("left behind")

    def start(_: Any) -> None:
        seen.append((path.read_bytes(), path.stat().st_mode & 0o777))

    made(OneDaemon(), with_secret(path), start)
    assert seen == [(b"export TOKEN=sesame\n", 0o600)]
    assert not path.exists()


def test_it_is_gone_too_where_nothing_has_started(tmp_path: Path) -> None:
    def refuse(_: Any) -> None:
        raise Refused("no")

    path = tmp_path / "variables"
    with pytest.raises(OSError, match="no"):
        made(OneDaemon(), with_secret(path), refuse)
    assert not path.exists()


def test_an_image_without_a_shell_is_asked_for_otherwise(tmp_path: Path) -> None:
    command = with_secret(tmp_path / "variables", "/serve")
    daemon = OneDaemon(shell=False)
    assert made(daemon, command) == command.shell_less
    assert [one.removed for one in daemon.made] == [True, False]
    assert made(OneDaemon(shell=True), command).entrypoint == ("sh",)


def test_nothing_is_left_of_one_whose_shell_cannot_be_looked_for(tmp_path: Path) -> None:
    class Silent(OneDaemon):
        def creating(self, spec: ContainerSpec) -> Callable[[], OneContainer]:
            self.made.append(SilentContainer(spec, shell=True))
            return lambda: self.made[-1]

    class SilentContainer(OneContainer):
        def has(self, path: str) -> bool:
            raise Unreachable(path)

    daemon = Silent()
    with pytest.raises(OSError, match="/bin/sh"):
        made(daemon, with_secret(tmp_path / "variables", "/serve"))
    assert (len(daemon.made), daemon.left()) == (1, [])


def test_a_private_file_does_not_show_its_text() -> None:
    command = translated(commands("true"), secrets={"TOKEN": "sesame"})
    assert isinstance(command.private, PrivateFile)
    assert "sesame" not in repr(replace(command, notice=True))
