"""Images from a registry, and daemons that cannot be used: real ones, on this machine."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from runner.containers.pulling import Pull
from tests.conftest import program, require, until
from tests.servers.images import SMALL
from tests.servers.serving import Server, free_port
from tests.unit.containers.test_address import context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

BYTES = re.compile(r"· \d of 2 layers · .* MB")
USER = "robot"
PASSWORD = "open-sesame-7"
# `htpasswd -B` of them
_ENTRY = f"{USER}:$2y$05$vTaAsr2fMY0Z54HX2HwBAOz/tCYp3SHnTT/HJVqbZRqB20d7UFTii\n"


class Registry(NamedTuple):
    """One that has the small image, which the daemon does not know any more."""

    image: str
    host: str


def registry(folder: Path, dockerd: Dockerd, *, private: bool) -> Iterator[Registry]:
    require("docker", program("docker-registry"))
    folder.mkdir()
    (folder / "users").write_text(_ENTRY)
    port = free_port()
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if private:
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "users")}}
    (folder / "settings.yml").write_text(json.dumps(settings))
    argv = ["docker-registry", "serve", str(folder / "settings.yml")]
    server = Server(argv, port, folder / "log", {"PATH": os.environ["PATH"]})
    try:
        host = f"localhost:{port}"
        name = f"{host}/team/small"
        dockerd.client.tag(SMALL, name, "1")
        login = {"username": USER, "password": PASSWORD}
        said = dockerd.client.push(name, "1", auth_config=login if private else None)
        assert "errorDetail" not in said, said
        dockerd.client.remove_image(f"{name}:1")
        yield Registry(f"{name}:1", host)
        for kept in dockerd.client.images(name):
            dockerd.client.remove_image(kept["RepoTags"][0])
    finally:
        server.kill()


@pytest.fixture
def public(tmp_path: Path, dockerd: Dockerd) -> Iterator[Registry]:
    """It gives its image to everybody."""
    yield from registry(tmp_path / "public", dockerd, private=False)


@pytest.fixture
def private(tmp_path: Path, dockerd: Dockerd) -> Iterator[Registry]:
    """It gives its image to one user."""
    yield from registry(tmp_path / "private", dockerd, private=True)


def workflow(image: str, *, login: str = "") -> str:
    auth = f"  registry_auth: {login}\n" if login else ""
    return (
        f"workflows:\n- name: say\n  provider: docker\n  image: {image}\n{auth}"
        "  commands: [echo from the registry]\n"
    )


def test_an_image_is_fetched_and_named_on_the_record(
    docked: World, dockerd: Dockerd, public: Registry
) -> None:
    docked.workflows(workflow(public.image))
    done = docked.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err
    assert public.image in done.err
    identity = dockerd.client.inspect_image(public.image)["Id"]
    assert docked.record()["container"]["image"] == public.image
    assert docked.record()["container"]["image_id"] == identity
    assert docked.wf("run", "say").code == 0


def _archive(folder: Path) -> bytes:
    """A file of 2 MB that cannot be made smaller, packed."""
    file, packed = folder / secrets.token_hex(4), io.BytesIO()
    file.write_bytes(secrets.token_bytes(2_000_000))
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(file, file.name)
    return packed.getvalue()


def test_layers_and_bytes_are_those_that_come(
    dockerd: Dockerd, public: Registry, tmp_path: Path
) -> None:
    name = f"{public.host}/team/large"
    dockerd.client.import_image_from_data(_archive(tmp_path), repository=name, tag="1")
    made = dockerd.client.create_container(f"{name}:1", ["none"])["Id"]
    dockerd.client.put_archive(made, "/", _archive(tmp_path))
    dockerd.client.commit(made, name, "1")
    dockerd.client.remove_container(made)
    assert "errorDetail" not in dockerd.client.push(name, "1")
    dockerd.client.remove_image(f"{name}:1")
    # who listens late is told the latest only, and may not hear of the bytes of a quick pull
    until(lambda: any(BYTES.search(text) for text in _pulled(dockerd, f"{name}:1")), "bytes")


def _pulled(dockerd: Dockerd, image: str) -> list[str]:
    """What is told while an image comes, all of whose two layers do; it is not kept."""
    pull, told = Pull(image, 0.0), []
    for report in dockerd.client.pull(image, stream=True, decode=True):
        pull.take(report)
        told.append(pull.text(0.0))
    dockerd.client.remove_image(image)
    assert told[-1].startswith(f"pulling {image} · 2 of 2 layers"), told
    return told


def test_an_image_that_is_there_takes_no_registry(docked: World, dockerd: Dockerd) -> None:
    name = f"localhost:{free_port()}/team/small"
    dockerd.client.tag(SMALL, name, "1")
    docked.workflows(workflow(f"{name}:1"))
    done = docked.wf("run", "say")
    dockerd.client.remove_image(f"{name}:1")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("{host}/team/small:2", "error: there is no image {host}/team/small:2"),
        ("{host}/team/none", "error: there is no image {host}/team/none"),
        ("localhost:1/a:1", "error: the image localhost:1/a:1 cannot be fetched: localhost:1 can"),
        ("-v/:/h", "error: `-v/:/h` is no name of an image"),
        ("{host}/team/Small:1", "error: `{host}/team/Small:1` is no name of an image"),
    ],
)
def test_an_image_that_cannot_be_had(
    docked: World, public: Registry, image: str, message: str
) -> None:
    docked.workflows(workflow(image.format(host=public.host)))
    done = docked.wf("run", "say")
    assert done.code == 69
    assert message.format(host=public.host) in done.err
    assert "hint: " in done.err


def test_a_private_image_is_fetched_with_a_secret(docked: World, private: Registry) -> None:
    login = "{username: robot, password: '${{ secrets.REGISTRY }}'}"
    docked.workflows(workflow(private.image, login=login))
    docked.wf("secrets", "add", "REGISTRY", given="not-the-password\n")
    denied = docked.wf("run", "say")
    assert denied.code == 69
    assert "takes a login" in denied.err
    assert "registry_auth" in denied.err
    docked.wf("secrets", "update", "REGISTRY", given=f"{PASSWORD}\n")
    done = docked.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err
    kept = b"".join(path.read_bytes() for path in docked.folder("last").parent.rglob("*.json"))
    assert PASSWORD.encode() not in kept


def test_a_private_image_is_fetched_with_the_users_own_login(
    docked: World, private: Registry
) -> None:
    docked.workflows(workflow(private.image))
    denied = docked.wf("run", "say")
    assert (denied.code, f"`docker login {private.host}`" in denied.err) == (69, True), denied.err
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = docked.home / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {private.host: {"auth": login}}}))
    done = docked.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err


def test_who_keeps_a_login_is_not_taken_from_the_project(
    docked: World, private: Registry, tmp_path: Path
) -> None:
    docked.workflows(workflow(private.image))
    config = docked.home / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credHelpers": {private.host: "own"}}))
    name, login = "docker-credential-own", json.dumps({"Username": USER, "Secret": PASSWORD})
    keeper = f"#!/bin/sh\necho >> {tmp_path}/$0.asked\necho '{login}'\n"
    docked.write(name, keeper.replace("$0", "theirs")).chmod(0o755)
    docked.variables["PATH"] = f".::bin:{docked.variables['PATH']}"
    denied = docked.wf("run", "say")
    assert (denied.code, f"{name}, which has your login" in denied.err) == (69, True), denied.err
    own = tmp_path / "bin" / name
    own.parent.mkdir()
    own.write_text(keeper.replace("$0", "mine"))
    own.chmod(0o755)
    docked.variables["PATH"] += f":{own.parent}"
    done = docked.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err
    assert (tmp_path / "mine.asked").exists()
    assert not (tmp_path / "theirs.asked").exists()


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("echo the keyring is locked; exit 3", "exited with 3: the keyring is locked"),
        ("echo hello", "said something that is no login"),
    ],
)
def test_who_keeps_a_login_and_fails_is_named(
    docked: World, private: Registry, tmp_path: Path, script: str, how: str
) -> None:
    docked.workflows(workflow(private.image))
    config = docked.home / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credHelpers": {private.host: "own"}}))
    keeper = tmp_path / "bin" / "docker-credential-own"
    keeper.parent.mkdir()
    keeper.write_text(f"#!/bin/sh\n{script}\n")
    keeper.chmod(0o755)
    docked.variables["PATH"] += f":{keeper.parent}"
    done = docked.wf("run", "say")
    assert done.code == 69
    assert f"docker-credential-own, which has your login for it, {how}" in done.err
    assert "does not answer" not in done.err


def test_the_daemon_of_the_current_context_is_used(docked: World, dockerd: Dockerd) -> None:
    docked.workflows(workflow(SMALL))
    del docked.variables["DOCKER_HOST"]
    context(docked.home / ".docker", "own", dockerd.address)
    done = docked.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err


def test_a_daemon_that_does_not_answer_is_told(
    world: World, dockerd_alone: Callable[..., Dockerd]
) -> None:
    server = dockerd_alone()
    world.variables |= server.variables
    world.workflows(workflow(SMALL))
    server.freeze()
    # it is told within five seconds; the SDK by itself would wait for sixty
    done = world.wf("run", "say", timeout=20)
    server.thaw()
    assert done.code == 69
    assert "does not answer" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can be somebody else")
def test_a_socket_that_may_not_be_opened_is_told(dockerd: Dockerd) -> None:
    source = (
        "import os\n"
        "from runner.containers import reaching\n"
        "from runner.containers.daemon import Daemon\n"
        "from runner.errors import WfError\n"
        # the interpreter may lie where only root can read
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        f"    Daemon({{'DOCKER_HOST': {dockerd.address!r}, 'HOME': '/'}}).check()\n"
        "except WfError as error:\n"
        "    print(error.kind, error.message, error.hint)\n"
    )
    dockerd.folder.chmod(0o755)
    said = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("69 no container can be started: you may not use the daemon at ")
    assert "usermod -aG docker" in said


def test_the_machines_daemon_is_shown(docked: World, dockerd: Dockerd) -> None:
    version = dockerd.client.version()["Version"].partition("+")[0]
    assert f"  Docker   {version}\n" in docked.wf("runners").out
    assert docked.wf("runners", "--json").json()["containers"] == f"Docker {version}"
    elsewhere = docked.wf("runners", "--json", DOCKER_HOST="tcp://10.0.0.1:2375").json()
    assert elsewhere["containers"] is None


def test_a_daemon_that_is_spoken_to_in_secret(
    world: World, dockerd_encrypted: Callable[..., Dockerd]
) -> None:
    server = dockerd_encrypted()
    world.workflows(workflow(SMALL))
    world.variables |= server.variables
    done = world.wf("run", "say")
    assert (done.code, done.out) == (0, "from the registry\n"), done.err
    assert server.containers(world.home) == []
    del world.variables["DOCKER_CERT_PATH"]
    assert world.wf("run", "say").code == 69
