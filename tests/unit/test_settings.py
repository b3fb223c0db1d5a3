"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.settings import resolve

USER = {"HOME": "/home/ada"}


@pytest.mark.parametrize(
    ("variables", "home", "cache"),
    [
        ({}, "/home/ada/.local/share/wf", "/home/ada/.cache/wf"),
        (
            {"XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c"},
            "/d/wf",
            "/c/wf",
        ),
        (
            {"XDG_DATA_HOME": "d", "XDG_CACHE_HOME": ""},
            "/home/ada/.local/share/wf",
            "/home/ada/.cache/wf",
        ),
        (
            {"WF_HOME": "/state", "WF_CACHE": "/fast", "XDG_DATA_HOME": "/d"},
            "/state",
            "/fast",
        ),
        ({"WF_HOME": "", "WF_CACHE": ""}, "/home/ada/.local/share/wf", "/home/ada/.cache/wf"),
    ],
)
def test_wfs_own_variables_then_xdg_then_the_home(
    variables: dict[str, str], home: str, cache: str
) -> None:
    settings = resolve({**USER, **variables})
    assert settings.home.root == Path(home)
    assert settings.cache.root == Path(cache)


def test_a_relative_folder_is_read_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = resolve({**USER, "WF_HOME": "state", "WF_CACHE": "./cache", "WF_LOCKS": "locks"})
    assert settings.home.root == tmp_path / "state"
    assert settings.cache.root == tmp_path / "cache"
    assert settings.locks == tmp_path / "locks"


def test_without_a_home_the_users_own_is_asked_for() -> None:
    for variables in ({}, {"HOME": ""}):
        assert resolve(variables).home.root == Path("~/.local/share/wf").expanduser()


def test_all_users_of_a_machine_share_one_lock_folder() -> None:
    ada, bob = (resolve({"HOME": f"/home/{name}"}) for name in ("ada", "bob"))
    assert ada.locks == bob.locks
    assert ada.locks.is_absolute()
    assert ada.locks.is_dir()
    assert resolve({**USER, "WF_LOCKS": "/elsewhere"}).locks == Path("/elsewhere")


def test_locks_lie_where_everybody_may_write_and_nobody_removes_what_others_wrote() -> None:
    """Not in a folder that the first user makes there: it would be that user's."""
    locks = resolve(USER).locks
    assert locks in {Path("/run/lock"), Path("/tmp")}
    assert locks.stat().st_mode & 0o1777 == 0o1777
    assert locks.stat().st_uid == 0
