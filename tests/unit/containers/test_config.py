"""The settings of the ``docker`` program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from docker.api.client import APIClient

from runner.containers.config import proxies

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "unix:///a.sock"
BOTH = {
    "default": {"httpProxy": "http://p:1", "noProxy": "localhost"},
    ADDRESS: {"httpsProxy": "http://q:2"},
}


@pytest.mark.parametrize("address", [ADDRESS, "unix:///b.sock"])
@pytest.mark.parametrize("known", [BOTH, {"default": BOTH["default"]}, {}])
def test_containers_get_the_proxies_that_the_sdk_gives_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: dict[str, Any], address: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"proxies": known}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    client = APIClient(address, version="1.40")
    assert (
        proxies({"DOCKER_CONFIG": str(tmp_path)}, address)
        == client._proxy_configs.get_environment()
    )


@pytest.mark.parametrize("text", ["", "[]", '{"proxies": []}', '{"proxies": {"default": 1}}'])
def test_what_is_no_setting(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert proxies({"DOCKER_CONFIG": str(tmp_path)}, ADDRESS) == {}
