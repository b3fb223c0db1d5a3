"""What a run says of daemons that cannot run its container, before anything is done for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.containers.test_address import context

if TYPE_CHECKING:
    from tests.conftest import World

TEXT = """\
workflows:
  - name: say
    provider: docker
    image: debian:12
    commands: [echo hello]
"""


@pytest.fixture
def project(world: World) -> World:
    """A project with a job for a container."""
    world.workflows(TEXT)
    return world


def test_where_there_is_no_daemon_nothing_is_copied(project: World) -> None:
    done = project.wf("run", "say")
    assert done.code == 69
    assert "no daemon listens at" in done.err
    assert "code  " not in done.err


def test_a_daemon_elsewhere_cannot_see_the_project(project: World) -> None:
    done = project.wf("run", "say", DOCKER_HOST="tcp://192.0.2.7:2375")
    assert done.code == 69
    assert "tcp://192.0.2.7:2375 (DOCKER_HOST) is another machine" in done.err


def test_the_context_is_named(project: World) -> None:
    del project.variables["DOCKER_HOST"]
    context(project.home / ".docker", "cluster", "ssh://me@192.0.2.7")
    done = project.wf("run", "say")
    assert done.code == 69
    assert "(the Docker context `cluster`) is another machine" in done.err


def test_nobody_asks_a_daemon_for_what_needs_none(project: World) -> None:
    done = project.wf("run", "say", "--executor", "local")
    assert (done.code, done.out) == (0, "hello\n"), done.err


def test_a_machine_without_a_daemon_shows_none(project: World) -> None:
    told = json.loads(project.wf("runners", "--json").out)
    assert (told["containers"], told["no_containers"]) == (None, None)
