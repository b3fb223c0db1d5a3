from __future__ import annotations

import json
import socket
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from runner.containers.address import DEFAULT, Endpoint, Tls, endpoint, is_there
from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from pathlib import Path


def context(folder: Path, name: str, host: str, *, skip: bool = False, tls: bool = False) -> str:
    """Docker's folder with a context that is the current one."""
    own = sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / own
    meta.mkdir(parents=True)
    known = {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}}
    (meta / "meta.json").write_text(json.dumps(known))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    certificates = folder / "contexts" / "tls" / own / "docker"
    if tls:
        certificates.mkdir(parents=True)
    return str(certificates)


def test_where_nothing_is_said_it_is_the_usual_socket(tmp_path: Path) -> None:
    assert endpoint({"HOME": str(tmp_path)}) == Endpoint(DEFAULT)
    assert endpoint({"HOME": str(tmp_path)}).socket == "/var/run/docker.sock"


@pytest.mark.parametrize(
    ("written", "address", "here"),
    [
        ("unix:///run/user/7/docker.sock", "unix:///run/user/7/docker.sock", True),
        ("/run/docker.sock", "unix:///run/docker.sock", True),
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375", True),
        ("localhost:2375", "tcp://localhost:2375", True),
        ("tcp://[::1]:2375", "tcp://[::1]:2375", True),
        ("tcp://10.0.0.7:2375", "tcp://10.0.0.7:2375", False),
        ("ssh://me@localhost", "ssh://me@localhost", False),
    ],
)
def test_the_variable_names_a_daemon_of_this_machine_or_another(
    tmp_path: Path, written: str, address: str, *, here: bool
) -> None:
    found = endpoint({"HOME": str(tmp_path), "DOCKER_HOST": written})
    assert (found.address, found.is_here) == (address, here)


def test_the_current_context_names_it(tmp_path: Path) -> None:
    context(tmp_path / ".docker", "rootless", "unix:///run/user/7/docker.sock")
    found = endpoint({"HOME": str(tmp_path)})
    assert found.address == "unix:///run/user/7/docker.sock"
    assert "rootless" in found.said_by


def test_the_variable_comes_before_the_context(tmp_path: Path) -> None:
    context(tmp_path, "other", "tcp://10.0.0.7:2375")
    variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "unix:///a.sock"}
    assert endpoint(variables).address == "unix:///a.sock"
    assert endpoint({**variables, "DOCKER_HOST": ""}).address == "tcp://10.0.0.7:2375"


def test_a_context_can_be_chosen_for_one_command(tmp_path: Path) -> None:
    context(tmp_path, "other", "tcp://10.0.0.7:2375")
    variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "default"}
    assert endpoint(variables).address == DEFAULT


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nowhere"}
    with pytest.raises(WfError, match="no Docker context `nowhere`") as caught:
        endpoint(variables)
    assert caught.value.kind == UNSATISFIABLE
    assert not is_there(variables)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"currentContext": ""}'])
def test_a_configuration_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert endpoint({"DOCKER_CONFIG": str(tmp_path)}).address == DEFAULT


def test_certificates_come_from_the_variables(tmp_path: Path) -> None:
    variables = {
        "DOCKER_HOST": "tcp://127.0.0.1:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": "/certificates",
        "HOME": str(tmp_path),
    }
    assert endpoint(variables).tls == Tls(
        "/certificates/ca.pem", "/certificates/cert.pem", "/certificates/key.pem"
    )


def test_certificates_come_from_the_context(tmp_path: Path) -> None:
    folder = context(tmp_path, "own", "tcp://127.0.0.1:2376", skip=True, tls=True)
    found = endpoint({"DOCKER_CONFIG": str(tmp_path)}).tls
    assert found == Tls(f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem", verify=False)


def test_a_socket_that_is_not_there_is_no_daemon(tmp_path: Path) -> None:
    path = tmp_path / "s"
    variables = {"DOCKER_HOST": f"unix://{path}"}
    assert not is_there(variables)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        assert is_there(variables)


def test_the_daemon_of_another_machine_is_none_of_this_one(tmp_path: Path) -> None:
    assert not is_there({"HOME": str(tmp_path), "DOCKER_HOST": "tcp://10.0.0.7:2375"})


@pytest.mark.parametrize("verify", ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "PLAIN"])
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:2376", "https://localhost:1", "unix:///s"])
def test_another_process_finds_the_same_one(verify: str, address: str) -> None:
    found = endpoint({"DOCKER_HOST": address, verify: "1", "DOCKER_CERT_PATH": "certificates"})
    assert endpoint(found.variables) == found
    assert endpoint({**found.variables, "HOME": "/elsewhere", "DOCKER_CONTEXT": "other"}) == found


def test_another_process_finds_that_of_a_context(tmp_path: Path) -> None:
    context(tmp_path, "own", "tcp://127.0.0.1:2376", skip=True, tls=True)
    found = endpoint({"DOCKER_CONFIG": str(tmp_path)})
    assert endpoint(found.variables)[::2] == found[::2]


def test_certificates_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS": "1", "DOCKER_CERT_PATH": "keys"}
    found = endpoint(variables).tls
    assert found is not None
    assert found.key == f"{tmp_path}/keys/key.pem"
