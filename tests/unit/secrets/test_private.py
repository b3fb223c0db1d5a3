from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from runner.errors import STORAGE, WfError
from runner.secrets import private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOMEBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "wf" / "secrets"


@pytest.fixture(params=[0o000, 0o022, 0o277, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def write(folder: Path, content: bytes = b"{}") -> Path:
    path = folder / "a.json"
    with private.opened(folder, make=True) as opened:
        assert opened is not None
        private.replace(opened, path, content)
    return path


def read(folder: Path) -> bytes | None:
    with private.opened(folder) as opened:
        return None if opened is None else private.read(opened, folder / "a.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(what: Callable[[], object]) -> str:
    with pytest.raises(WfError) as caught:
        what()
    assert caught.value.kind == STORAGE
    assert caught.value.hint
    return caught.value.message


def test_what_is_written_is_read_again(folder: Path) -> None:
    assert read(folder) is None
    write(folder, b"one")
    write(folder, b"two")
    assert read(folder) == b"two"
    assert os.listdir(folder) == ["a.json"]


def test_modes_do_not_depend_on_the_umask(folder: Path, umask: int) -> None:
    folder.parent.parent.mkdir(mode=0o777)
    folder.parent.parent.chmod(0o755)
    folder.parent.mkdir(mode=0o777)
    folder.parent.chmod(0o755)
    path = write(folder)
    assert umask >= 0
    assert (mode(folder), mode(path)) == (0o700, 0o600)


def test_a_file_is_never_open_to_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even before its modes are set."""
    seen: list[int] = []

    def looking(descriptor: int, wanted: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        assert wanted == 0o600

    monkeypatch.setattr(os, "fchmod", looking)
    before = os.umask(0)
    try:
        write(folder)
    finally:
        os.umask(before)
    assert seen == [0o600]


def test_what_a_killed_command_left_is_not_written_into(folder: Path) -> None:
    write(folder)
    left = folder / "a.json.new"
    left.write_bytes(b"left")
    left.chmod(0o644)
    path = write(folder, b"new")
    assert mode(path) == 0o600
    assert not left.exists()


@pytest.mark.parametrize("loose", [0o750, 0o701, 0o770, 0o777])
def test_a_folder_that_others_can_reach(folder: Path, loose: int) -> None:
    write(folder)
    folder.chmod(loose)
    for what in (lambda: read(folder), lambda: write(folder)):
        message = refusal(what)
        assert str(folder) in message
        assert f"mode {loose:o}" in message


@pytest.mark.parametrize("loose", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read(folder: Path, loose: int) -> None:
    path = write(folder)
    path.chmod(loose)
    message = refusal(lambda: read(folder))
    assert str(path) in message
    assert f"mode {loose:o}" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else(folder: Path) -> None:
    path = write(folder)
    os.chown(path, SOMEBODY, SOMEBODY)
    assert f"belongs to user {SOMEBODY}" in refusal(lambda: read(folder))
    os.chown(path, os.geteuid(), os.getegid())
    os.chown(folder, SOMEBODY, SOMEBODY)
    assert f"belongs to user {SOMEBODY}" in refusal(lambda: write(folder))


def test_links(folder: Path, tmp_path: Path) -> None:
    path = write(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"{}")
    elsewhere.chmod(0o600)
    path.unlink()
    path.symlink_to(elsewhere)
    assert "is a link" in refusal(lambda: read(folder))
    # written over, not through
    write(folder, b"own")
    assert (elsewhere.read_bytes(), read(folder)) == (b"{}", b"own")
    moved = tmp_path / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    for what in (lambda: read(folder), lambda: write(folder)):
        assert "is a link" in refusal(what)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    path = write(folder)
    path.unlink()
    os.mkfifo(path, 0o600)
    assert "is no regular file" in refusal(lambda: read(folder))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(WfError) as caught:
        write(tmp_path / "config" / "wf" / "secrets")
    assert "cannot be made" in caught.value.message
