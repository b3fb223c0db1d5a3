"""Daemons that are reached by the network, encrypted: which process listens cannot be told."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import program, require
from tests.servers.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.dockerd import Dockerd


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with an authority, and what it has signed for a daemon of this machine and a user.

    All of it is one certificate, which has signed itself.
    """
    require("openssl", program("openssl"))
    folder = tmp_path / "certificates"
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def dockerd_encrypted(
    dockerd_alone: Callable[..., Dockerd], certificates: Path
) -> Callable[..., Dockerd]:
    """Starts a daemon with the options given, whose ``variables`` name it by its encrypted port."""

    def start(*options: str) -> Dockerd:
        address = f"tcp://127.0.0.1:{free_port()}"
        made = dockerd_alone(
            *options,
            f"--host={address}",
            "--tlsverify",
            f"--tlscacert={certificates}/ca.pem",
            f"--tlscert={certificates}/cert.pem",
            f"--tlskey={certificates}/key.pem",
        )
        made.variables |= {
            "DOCKER_HOST": address,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(certificates),
        }
        return made

    return start
