"""What of this machine is shown to a build inside an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.containers.values import Mount
from runner.environments.inside.sights import Caches, mounts, uv_cache


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HOME": "/home/me"}, "/home/me/.cache/uv"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/scratch"}, "/scratch/uv"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/x", "UV_CACHE_DIR": "/fast/uv"}, "/fast/uv"),
    ],
)
def test_where_uv_keeps_things(variables: dict[str, str], folder: str) -> None:
    assert uv_cache(variables) == Path(folder)


def test_caches_side_by_side_are_one_mount(tmp_path: Path) -> None:
    """Else uv could not link files of one into the other."""
    uv, built = tmp_path / "cache/uv", tmp_path / "cache/wf/environments/name"
    for folder in (uv, built):
        folder.mkdir(parents=True)
    shared = tmp_path / "cache"
    assert mounts(Caches(uv, built), [], []) == (Mount(str(shared), str(shared), writable=True),)


def test_no_more_than_caches_is_shown_for_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    uv, built = tmp_path / "uv", tmp_path / "wf"
    for folder in (uv, built):
        folder.mkdir()
    shown = {Mount(str(one), str(one), writable=True) for one in (uv, built)}
    assert set(mounts(Caches(uv, built), [], [])) == shown


def test_what_is_read_is_not_shown_twice(tmp_path: Path) -> None:
    caches = Caches(tmp_path / "a/uv", tmp_path / "b/name")
    wheels = Path("/opt/wheels")
    read = [wheels / "one.whl", wheels, tmp_path / "b/name/requirements", wheels]
    assert [one for one in mounts(caches, [], read) if not one.writable] == [
        Mount(str(wheels), str(wheels))
    ]
