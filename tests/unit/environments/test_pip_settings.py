"""What pip is told, said to uv."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.environments.pip_settings import uv_options, uv_variables

if TYPE_CHECKING:
    from collections.abc import Callable

INDEX = "https://user:p%40ss@mirror.example/simple"
EXTRA = "https://extra.example/simple"


@pytest.fixture(autouse=True)
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of somebody on a machine whose files all lie below one folder."""
    read_text = Path.read_text

    def redirected(path: Path, *words: Any, **named: Any) -> str:
        inside = path if path.is_relative_to(tmp_path) else tmp_path / path.relative_to("/")
        return read_text(inside, *words, **named)

    monkeypatch.setattr(Path, "read_text", redirected)
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "machine"),
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Write a file below that folder; its path."""

    def written(path: str, text: str) -> str:
        whole = tmp_path / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8")
        return str(whole)

    return written


def said(caller: dict[str, str], **more: str) -> dict[str, str]:
    """What is added for uv."""
    return uv_variables({**caller, **more})


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PIP_INDEX_URL", INDEX, {"UV_DEFAULT_INDEX": INDEX}),
        ("PIP_FIND_LINKS", "/bin https://x.example/w", {"UV_FIND_LINKS": "/bin,https://x.example/w"}),
        ("PIP_FIND_LINKS", "/no/such/folder", {}),
        ("PIP_FIND_LINKS", "file:///wheels", {"UV_FIND_LINKS": "file:///wheels"}),
        ("PIP_NO_INDEX", "1", {"UV_NO_INDEX": "1"}),
        ("PIP_NO_INDEX", "false", {}),
        ("PIP_CERT", "/etc/ca.pem", {"SSL_CERT_FILE": "/etc/ca.pem"}),
        ("PIP_TRUSTED_HOST", "a.example b.example", {"UV_INSECURE_HOST": "a.example b.example"}),
        ("PIP_PRE", "yes", {"UV_PRERELEASE": "allow"}),
        ("PIP_PRE", "0", {}),
        ("PIP_INDEX_URL", "", {}),
        ("PIP_TIMEOUT", "60", {"UV_HTTP_TIMEOUT": "60"}),
        ("PIP_DEFAULT_TIMEOUT", "1.5", {"UV_HTTP_TIMEOUT": "2"}),
        ("PIP_TIMEOUT", "soon", {}),
        ("PIP_TIMEOUT", "inf", {}),
        ("PIP_RETRIES", "0", {"UV_HTTP_RETRIES": "0"}),
        ("PIP_CLIENT_CERT", "/etc/me.pem", {"SSL_CLIENT_CERT": "/etc/me.pem"}),
        ("PIP_PROXY", "http://u:p@proxy.example:3128", {"ALL_PROXY": "http://u:p@proxy.example:3128"}),
        ("PIP_KEYRING_PROVIDER", "subprocess", {"UV_KEYRING_PROVIDER": "subprocess"}),
        ("PIP_KEYRING_PROVIDER", "auto", {}),
        ("PIP_CONSTRAINT", "/a.txt https://x.example/c.txt",
         {"UV_CONSTRAINT": "/a.txt https://x.example/c.txt"}),
        ("PIP_NO_BINARY", ":all:", {"PIP_NO_BINARY": ":all:"}),
        ("PIP_ONLY_BINARY", "a,b", {"PIP_ONLY_BINARY": "a,b"}),
        ("PIP_PREFER_BINARY", "1", {}),
    ],
)  # fmt: skip
def test_an_option_in_a_variable(
    caller: dict[str, str], variable: str, value: str, expected: dict[str, str]
) -> None:
    assert said(caller, **{variable: value}) == expected


def test_several_indexes_are_searched_as_pip_does(caller: dict[str, str]) -> None:
    found = said(caller, PIP_EXTRA_INDEX_URL=f"{EXTRA}  {EXTRA} {INDEX}")
    assert found == {
        "UV_EXTRA_INDEX_URL": f"{EXTRA} {INDEX}",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_what_uv_has_been_told_stays(caller: dict[str, str], name: str) -> None:
    found = said(caller, PIP_INDEX_URL=INDEX, PIP_EXTRA_INDEX_URL=EXTRA, **{name: "https://mine"})
    assert "UV_DEFAULT_INDEX" not in found
    assert found["UV_EXTRA_INDEX_URL"] == EXTRA


@pytest.mark.parametrize("name", ["UV_EXTRA_INDEX_URL", "UV_INDEX"])
def test_no_strategy_is_chosen_for_the_users_own_indexes(caller: dict[str, str], name: str) -> None:
    assert said(caller, PIP_EXTRA_INDEX_URL=EXTRA, **{name: "https://mine"}) == {}


def test_the_users_own_strategy_stays(caller: dict[str, str]) -> None:
    found = said(caller, PIP_EXTRA_INDEX_URL=EXTRA, UV_INDEX_STRATEGY="first-index")
    assert found == {"UV_EXTRA_INDEX_URL": EXTRA}


def test_nothing_said_adds_nothing(caller: dict[str, str]) -> None:
    assert said(caller) == {}


# --- files ----------------------------------------------------------------------------------------

# in pip's order; the interpreter's own file lies in its prefix
MACHINE, SYSTEM, LEGACY, USER, INTERPRETER = FILES = (
    "machine/pip/pip.conf",
    "etc/pip.conf",
    "home/.pip/pip.conf",
    "config/pip/pip.conf",
    f"{sys.prefix[1:]}/pip.conf",
)


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_found_where_pip_looks(
    caller: dict[str, str], write: Callable[[str, str], str], path: str
) -> None:
    write(path, f"[global]\nindex-url = {INDEX}\n")
    assert said(caller) == {"UV_DEFAULT_INDEX": INDEX}


def test_the_later_file_wins_option_by_option(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    write(MACHINE, "[global]\ncert = /ca.pem\nindex-url = https://0\n")
    for number, path in enumerate(FILES[1:], 1):
        write(path, f"[global]\nindex-url = https://{number}\n")
        expected = {"UV_DEFAULT_INDEX": f"https://{number}", "SSL_CERT_FILE": "/ca.pem"}
        assert said(caller) == expected
    named = write("named.conf", "[global]\nindex-url = https://named\n")
    assert said(caller, PIP_CONFIG_FILE=named)["UV_DEFAULT_INDEX"] == "https://named"
    found = said(caller, PIP_CONFIG_FILE=named, PIP_INDEX_URL="https://variable")
    assert found["UV_DEFAULT_INDEX"] == "https://variable"


def test_a_named_file_stands_in_place_of_the_users(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    # pip loads no per-user file then (its configuration.py, iter_config_files)
    write(MACHINE, "[global]\ncert = /machine.pem\n")
    write(LEGACY, "[global]\nfind-links = /wheels\n")
    write(USER, f"[global]\nextra-index-url = {EXTRA}\n")
    named = write("named.conf", f"[global]\nindex-url = {INDEX}\n")
    expected = {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": "/machine.pem"}
    assert said(caller, PIP_CONFIG_FILE=named) == expected


def test_the_users_files_are_read_when_the_named_one_is_not_there(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    named = write(USER, f"[global]\nindex-url = {INDEX}\n") + ".gone"
    assert said(caller, PIP_CONFIG_FILE=named) == {"UV_DEFAULT_INDEX": INDEX}


def test_without_xdg_variables_the_usual_folders_are_looked_in(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    home = {"HOME": caller["HOME"]}
    write("etc/xdg/pip/pip.conf", "[global]\ncert = /ca.pem\n")
    write("home/.config/pip/pip.conf", f"[global]\nindex-url = {INDEX}\n")
    assert said(home) == {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": "/ca.pem"}


def test_no_file_is_read_when_the_null_device_is_named(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    for path in FILES:
        write(path, f"[global]\nindex-url = {INDEX}\n")
    assert said(caller, PIP_CONFIG_FILE="/dev/null") == {}
    found = said(caller, PIP_CONFIG_FILE="/dev/null", PIP_CERT="/ca.pem")
    assert found == {"SSL_CERT_FILE": "/ca.pem"}


def test_the_install_section_wins_over_the_global_one(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    text = f"[install]\nindex-url = {INDEX}\n[global]\nindex-url = https://x\ncert = /ca\n"
    write(USER, text + "[download]\nindex-url = https://no\n")
    assert said(caller) == {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": "/ca"}


def test_options_in_any_spelling_and_lists_over_several_lines(
    caller: dict[str, str], write: Callable[[str, str], str]
) -> None:
    text = f"[global]\nIndex_URL: {INDEX}\nfind-links =\n    /\n    /bin\nprefer-binary = 1\n"
    write(USER, text)
    assert said(caller) == {"UV_DEFAULT_INDEX": INDEX, "UV_FIND_LINKS": "/,/bin"}


@pytest.mark.parametrize(
    "text", ["index-url = x\n", "[global\n", "\0\xff", "[global]\na\n[global]\n", ""]
)
def test_a_broken_file_says_nothing(
    caller: dict[str, str], write: Callable[[str, str], str], text: str
) -> None:
    write(USER, text)
    assert said(caller) == {}


def test_a_folder_in_place_of_the_file_says_nothing(caller: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / USER).mkdir(parents=True)
    assert said(caller) == {}


def test_paths_are_those_of_the_folder_that_wf_is_called_in(
    caller: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wheels").mkdir()
    monkeypatch.chdir(tmp_path)
    found = said(
        caller | {"HOME": str(tmp_path)},
        PIP_FIND_LINKS="wheels wheels",
        PIP_CERT="ca.pem",
        UV_CONSTRAINT="limits.txt",
    )
    assert found == {
        "UV_FIND_LINKS": f"{tmp_path}/wheels",
        "SSL_CERT_FILE": f"{tmp_path}/ca.pem",
        "UV_CONSTRAINT": f"{tmp_path}/limits.txt",
    }


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_everybody_uses_stays(caller: dict[str, str], name: str) -> None:
    assert said(caller, PIP_PROXY="http://other:1", **{name: "http://proxy:1"}) == {}


def test_what_uv_has_no_variable_for_is_an_option() -> None:
    found = uv_options({"UV_NO_INDEX": "1", "PIP_NO_BINARY": "a,b", "PIP_ONLY_BINARY": ":all:"})
    assert found == ["--no-index", "--no-binary", "a", "--no-binary", "b", "--only-binary", ":all:"]
    assert uv_options({}) == []
