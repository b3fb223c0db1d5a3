"""Where uv is let look for interpreters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.environments.uv.search import downloads_off, searching

if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, *versions: str) -> None:
    """Versions of a manager, with nothing behind them."""
    for version in versions:
        (folder / version / "bin").mkdir(parents=True)
        (folder / version / "bin" / "python3").touch()


def path(variables: dict[str, str], home: Path) -> list[str]:
    """The folders, the home folder cut off."""
    found = searching({"HOME": str(home), **variables})["PATH"]
    return [part.replace(f"{home}/", "~/") for part in found.split(":")]


def test_shims_make_way_for_the_versions_behind_them(tmp_path: Path) -> None:
    install(tmp_path / ".pyenv" / "versions", "3.9.18", "3.10.2", "3.10.13")
    variables = {"PATH": f"/before:{tmp_path}/.pyenv/shims:/usr/bin:/other/shims"}
    assert path(variables, tmp_path) == [
        "/before",
        "~/.pyenv/versions/3.10.13/bin",
        "~/.pyenv/versions/3.10.2/bin",
        "~/.pyenv/versions/3.9.18/bin",
        "/usr/bin",
    ]


@pytest.mark.parametrize("below", ["versions", "installs/python"])
def test_versions_lie_beside_their_shims_whatever_the_variables_say(
    tmp_path: Path, below: str
) -> None:
    install(tmp_path / "opt" / below, "3.10.13")
    variables = {"PATH": f"{tmp_path}/opt/shims:/usr/bin"}
    assert path(variables, tmp_path) == [f"~/opt/{below}/3.10.13/bin", "/usr/bin"]


def test_without_shims_versions_come_last(tmp_path: Path) -> None:
    install(tmp_path / ".pyenv" / "versions", "3.9.18")
    variables = {"PATH": "/usr/bin:/bin"}
    assert path(variables, tmp_path) == ["/usr/bin", "/bin", "~/.pyenv/versions/3.9.18/bin"]


def test_what_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / ".pyenv" / "versions"
    install(folder, "2.7.18", "pypy3.10-7.3.12", "my-environment", "3.13.0t", "3.12.1")
    (folder / "3.8.1").mkdir()
    assert path({"PATH": "/usr/bin"}, tmp_path) == ["/usr/bin", "~/.pyenv/versions/3.12.1/bin"]


@pytest.mark.parametrize(
    ("variable", "below", "usual"),
    [
        ("PYENV_ROOT", "versions", ".pyenv"),
        ("ASDF_DATA_DIR", "installs/python", ".asdf"),
        ("MISE_DATA_DIR", "installs/python", ".local/share/mise"),
    ],
)
def test_every_manager_has_its_place(tmp_path: Path, variable: str, below: str, usual: str) -> None:
    install(tmp_path / usual / below, "3.9.1")
    assert path({"PATH": "/bin"}, tmp_path) == ["/bin", f"~/{usual}/{below}/3.9.1/bin"]
    install(tmp_path / "apart" / below, "3.9.2")
    variables = {"PATH": "/bin", variable: f"{tmp_path}/apart"}
    assert path(variables, tmp_path) == ["/bin", f"~/apart/{below}/3.9.2/bin"]


def test_folders_that_depend_on_where_one_stands_are_not_searched(tmp_path: Path) -> None:
    assert path({"PATH": ".:bin::/usr/bin"}, tmp_path) == ["/usr/bin"]


def test_the_other_variables_stay(tmp_path: Path) -> None:
    assert searching({"HOME": str(tmp_path), "UV_OFFLINE": "1"})["UV_OFFLINE"] == "1"


@pytest.mark.parametrize(
    ("word", "off"), [(None, None), ("automatic", None), ("never", "never"), ("manual", "manual")]
)
def test_whether_uv_may_fetch_one(word: str | None, off: str | None) -> None:
    assert downloads_off({} if word is None else {"UV_PYTHON_DOWNLOADS": word}) == off
