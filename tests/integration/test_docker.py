"""``wf run --executor docker`` against a real daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.containers.daemon import Daemon
from runner.containers.values import ContainerSpec
from runner.process import tree
from tests.servers.images import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]


def test_commands_run_in_a_container(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(
        "workflows:\n- name: say\n  provider: bash\n  commands: [cat /etc/hostname; hostname]\n"
    )
    done = docked.wf("run", "say", "--executor", "docker")
    assert (done.code, dockerd.containers(docked.home)) == (0, []), done.err
    assert docked.record()["executor"] == "docker"


def test_another_users_run_may_have_the_name_of_its_container(
    dockerd: Dockerd,
) -> None:
    daemon = Daemon(dockerd.variables)
    image = daemon.image(SMALL)
    assert image is not None
    spec = ContainerSpec("wf-wet-mango-1", image.id, entrypoint=("true",), command=())
    made = [daemon.create(spec), daemon.create(spec)]
    try:
        assert made[0].id != made[1].id
    finally:
        for container in made:
            container.remove()
        daemon.forget()


def test_a_container_outlives_its_daemon(dockerd_alone: Callable[..., Dockerd]) -> None:
    """What tests with daemons that end rely on."""
    server = dockerd_alone("--live-restore")
    made = server.client.create_container(SMALL, ["sleep", "1000"])["Id"]
    server.client.start(made)
    before = server.client.inspect_container(made)["State"]["Pid"]
    server.kill()
    assert tree.alive(before)
    server.start()
    assert server.client.inspect_container(made)["State"]["Pid"] == before
