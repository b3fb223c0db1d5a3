from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runner.containers import reaching
from runner.containers.address import Endpoint
from runner.containers.faults import Unreachable
from runner.containers.reaching import Greeting, greet, no_daemon
from runner.errors import UNSATISFIABLE
from tests.fakes.listener import listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.containers.faults import Why


@contextmanager
def listening(path: Path, answer: bytes | None) -> Iterator[Endpoint]:
    """Somebody who takes one question, and says this; ``None``: nothing, until the end."""
    over = threading.Event()

    def speak(way: socket.socket) -> None:
        way.recv(4096)
        if answer is None:
            over.wait()
        else:
            way.sendall(answer)

    with listener(path, speak) as endpoint:
        try:
            yield endpoint
        finally:
            over.set()


def said(*headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 2", "", "OK"]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("headers", "greeting"),
    [
        (["Api-Version: 1.40"], Greeting("1.40", podman=False)),
        (["Api-Version: 1.41"], Greeting("1.41", podman=False)),
        # Docker 29 speaks nothing older than 1.44
        (["Api-Version: 1.52"], Greeting("1.44", podman=False)),
        (["Api-Version: 1.41", "Libpod-API-Version: 5.4.2"], Greeting("1.41", podman=True)),
    ],
)
def test_a_daemon_says_who_it_is(tmp_path: Path, headers: list[str], greeting: Greeting) -> None:
    with listening(tmp_path / "s", said(*headers)) as endpoint:
        assert greet(endpoint) == greeting


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said("Api-Version: 1.39"), "old"),
        (said(), "old"),
        (said("Api-Version: 1.41", status="500 No"), "unknown"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "unknown"),
        (b"", "unknown"),
    ],
)
def test_what_is_no_daemon_for_wf(tmp_path: Path, answer: bytes, why: Why) -> None:
    with (
        listening(tmp_path / "s", answer) as endpoint,
        pytest.raises(Unreachable) as caught,
    ):
        greet(endpoint)
    assert caught.value.why == why


def test_who_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "AT_ONCE_SECONDS", 0.05)
    with listening(tmp_path / "s", None) as endpoint, pytest.raises(Unreachable) as caught:
        greet(endpoint)
    assert caught.value.why == "silent"


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        greet(Endpoint(f"unix://{tmp_path}/s"))
    assert caught.value.why == "absent"


def test_a_socket_at_which_nobody_listens(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    with pytest.raises(Unreachable) as caught:
        greet(Endpoint(f"unix://{tmp_path}/s"))
    assert caught.value.why == "closed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_of_somebody_else(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen(1)
        (tmp_path / "s").chmod(0)
        with pytest.raises(Unreachable) as caught:
            greet(Endpoint(f"unix://{tmp_path}/s"))
    assert caught.value.why == "denied"


def test_another_machine_is_not_asked() -> None:
    with pytest.raises(Unreachable) as caught:
        greet(Endpoint("ssh://me@there"))
    assert caught.value.why == "elsewhere"


@pytest.mark.parametrize(
    ("endpoint", "why", "message", "hint"),
    [
        (
            Endpoint("unix:///var/run/docker.sock"),
            "denied",
            "you may not use the daemon at /var/run/docker.sock",
            "sudo usermod -aG docker $USER",
        ),
        (
            Endpoint("unix:///var/run/docker.sock"),
            "closed",
            "the daemon at /var/run/docker.sock is not running",
            "sudo systemctl start docker",
        ),
        (
            Endpoint("tcp://10.0.0.7:2375", "DOCKER_HOST"),
            "elsewhere",
            "tcp://10.0.0.7:2375 (DOCKER_HOST) is another machine",
            "unset DOCKER_HOST",
        ),
        (
            Endpoint("ssh://me@there", "the Docker context `there`"),
            "elsewhere",
            "(the Docker context `there`) is another machine",
            "docker context use default",
        ),
        (Endpoint("unix:///s"), "old", "is too old", "Docker 19.03"),
        (Endpoint("unix:///s"), "silent", "does not answer", "docker info"),
    ],
)
def test_each_reason_has_its_sentence(
    endpoint: Endpoint, why: Why, message: str, hint: str
) -> None:
    told = no_daemon(endpoint, Unreachable("said", why), {})
    assert told.kind == UNSATISFIABLE
    assert message in told.message
    assert hint in (told.hint or "")
    assert "--executor local" in (told.hint or "")


def test_a_daemon_that_is_here_and_that_nothing_names_is_proposed(tmp_path: Path) -> None:
    (tmp_path / "podman").mkdir()
    own = tmp_path / "podman" / "podman.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(own))
        variables = {"XDG_RUNTIME_DIR": str(tmp_path)}
        endpoint = Endpoint("unix:///nowhere", "DOCKER_HOST")
        told = no_daemon(endpoint, Unreachable("said", "absent"), variables)
    # a Docker of this machine would come first
    assert "export DOCKER_HOST=unix://" in (told.hint or "")
