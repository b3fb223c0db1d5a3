"""What uv is told inside an image, and how."""

from __future__ import annotations

import subprocess

from hypothesis import given as examples
from hypothesis import strategies as st

from runner.environments.inside.told import given, split, written

_CALLER = {
    "PATH": "/home/me/bin",
    "HOME": "/home/me",
    "LD_LIBRARY_PATH": "/opt/cuda",
    "PYTHONPATH": "/home/me/lib",
    "UV_INDEX_URL": "https://mirror.example/simple",
    "UV_CACHE_DIR": "/scratch/uv",
    "UV_PYTHON_INSTALL_DIR": "/scratch/python",
    "UV_LINK_MODE": "symlink",
    "https_proxy": "http://proxy.example:3128",
    "SSL_CERT_FILE": "/etc/ssl/mirror.pem",
    "MIRROR_TOKEN": "sesame",
    "WF_RUN": "wet-mango-1",
}


def test_where_packages_come_from_is_told_and_nothing_of_this_machine() -> None:
    assert given(_CALLER, ["MIRROR_TOKEN"]).keys() == {
        "UV_INDEX_URL", "https_proxy", "SSL_CERT_FILE", "MIRROR_TOKEN", "WF_RUN",
    }  # fmt: skip
    assert "MIRROR_TOKEN" not in given(_CALLER, [])


def test_what_may_hold_a_password_is_hidden() -> None:
    told = {
        "UV_INDEX_URL": "https://me:sesame@mirror.example/simple",
        "UV_EXTRA_INDEX_URL": "https://mirror.example/simple",
        "UV_FIND_LINKS": "/opt/wheels",
        "HTTPS_PROXY": "http://me@proxy.example",
        "UV_INDEX_TEAM_PASSWORD": "sesame",
        "MIRROR_TOKEN": "sesame",
        "WHOM": "anybody",
    }
    shown, hidden = split(told, ["WHOM"])
    assert shown.keys() == {"UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"}
    assert {**shown, **hidden} == told


@examples(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
def test_a_shell_reads_every_value_as_it_is(value: str) -> None:
    script = written({"VALUE": value}) + b'printf %s. "$VALUE"'
    said = subprocess.run(["sh"], input=script, capture_output=True, check=True)
    assert said.stdout == f"{value}.".encode()
