"""A container that nobody follows any more, behind daemons and for callers of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.allocation.lease import FileLeases
from tests.conftest import until
from tests.integration.test_docker_life import adrift, began, go, whole, workflow
from tests.servers.images import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]


def begun(world: World, server: Dockerd, **variables: str) -> str:
    """A run in that daemon, of which nobody is left but its container."""
    world.variables |= server.variables
    world.workflows(workflow(SMALL, **variables))
    run = began(world, "--detach")
    adrift(world, run)
    return run


def ends(world: World, server: Dockerd, run: str) -> None:
    """Have its job come to its end."""
    go(world, run)
    until(lambda: server.containers(world.home)[0]["State"] == "exited", "the end of it")


def holders(world: World) -> list[str]:
    """Who holds devices, as any user of the machine sees it."""
    leases = FileLeases(Path(world.variables["WF_LOCKS"]))
    return [one.run for one in leases.standing().holders]


def test_a_daemon_by_an_encrypted_port_is_asked_how_it_ended(
    world: World, dockerd_encrypted: Callable[..., Dockerd]
) -> None:
    server = dockerd_encrypted("--live-restore")
    run = begun(world, server, CODE="7")
    ends(world, server, run)
    # who looks need not be who began it
    for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        del world.variables[name]
    record = world.record(run)
    assert (record["status"], record["exit_code"]) == ("failed", 7), record
    assert record["artifacts"][0]["files"] == 1
    assert whole(world.folder(run) / "log")
    assert server.containers(world.home) == []


def test_a_daemon_that_may_have_been_started_anew_has_nothing_to_tell(
    world: World, dockerd_encrypted: Callable[..., Dockerd]
) -> None:
    server = dockerd_encrypted()
    run = begun(world, server)
    ends(world, server, run)
    record = world.record(run)
    assert (record["status"], record["exit_code"]) == ("lost", None), record
    assert record["artifacts"][0]["files"] == 1
    assert server.containers(world.home) == []


def test_devices_are_held_as_long_as_the_container_runs(
    world: World, dockerd_encrypted: Callable[..., Dockerd]
) -> None:
    server = dockerd_encrypted()
    run = begun(world, server)
    assert holders(world) == [run]
    assert world.wf("stop", run).code == 0
    assert world.record(run)["status"] == "lost"
    assert server.containers(world.home) == []
    assert holders(world) == []


def test_a_daemon_whose_socket_is_gone_is_waited_for(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    """It takes it along when it is stopped, and so does a machine that is restarted."""
    server = dockerd_alone("--live-restore")
    run = begun(world, server, CODE="7")
    ends(world, server, run)
    server.kill()
    Path(server.address.removeprefix("unix://")).unlink()
    done = world.wf("ps", "--json")
    assert done.json()[0]["status"] == "running"
    assert f"the daemon at {server.address} does not answer" in done.err
    assert f"`wf rm {run}` gives the run up" in done.err
    server.start()
    record = world.record(run)
    assert (record["status"], record["exit_code"]) == ("failed", 7), record
    assert record["artifacts"][0]["files"] == 1
    assert server.containers(world.home) == []


def test_a_run_whose_daemon_never_comes_back_can_be_given_up(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    server = dockerd_alone("--live-restore")
    run = begun(world, server)
    server.kill()
    Path(server.address.removeprefix("unix://")).unlink()
    done = world.wf("stop", run)
    assert done.code == 75, "it has not ended"
    assert f"{run} is still running" in done.err
    assert world.wf("rm", run).code == 0
    assert world.runs() == []
    done = world.wf("ps")
    assert "cannot be brought to its end" not in done.err
