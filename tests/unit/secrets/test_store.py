from __future__ import annotations

import json
import multiprocessing
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from runner.errors import ENVIRONMENT, STORAGE, USAGE, WfError
from runner.paths import Safe
from runner.secrets.store import Kept, Secret, Secrets
from runner.secrets.system import KeyringError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NONE_HERE = "there is none"


class FakeKeyring:
    """A keyring in memory, which can be away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.values: dict[tuple[str, str], str] = {}
        self.asked = 0

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise KeyringError(NONE_HERE)

    def put(self, service: str, name: str, value: str) -> None:
        self._answer()
        self.values[service, name] = value

    def get(self, service: str, names: Sequence[str]) -> dict[str, str]:
        self._answer()
        return {n: self.values[service, n] for n in names if (service, n) in self.values}

    def delete(self, service: str, names: Sequence[str]) -> None:
        self._answer()
        for name in names:
            self.values.pop((service, name), None)


class World:
    def __init__(self, folder: Path, *, away: bool) -> None:
        self.keyring = FakeKeyring(away=away)
        self.at = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.folder = folder / "secrets"
        self.secrets = Secrets(Safe(self.folder), self.keyring, self._now)
        self.project = folder / "project"
        self.project.mkdir()

    def _now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def files(self) -> bytes:
        """All that is on the disk."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """No keyring is there."""
    return World(tmp_path, away=True)


@pytest.fixture
def desktop(tmp_path: Path) -> World:
    """A keyring is there."""
    return World(tmp_path, away=False)


def test_a_secret_in_a_file(world: World) -> None:
    assert world.secrets.add(world.project, "B", "value b") == Kept("file", NONE_HERE)
    world.secrets.add(world.project, "A", "value a")
    first, second = "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z"
    assert world.secrets.all(world.project) == [
        Secret("A", second, second, "file"),
        Secret("B", first, first, "file"),
    ]
    assert world.secrets.names(world.project) == ("A", "B")
    assert world.secrets.values(world.project, ["B"]) == {"B": "value b"}
    assert world.keyring.asked == 2  # to keep them; never to read them


def test_a_secret_in_the_keyring(desktop: World) -> None:
    assert desktop.secrets.add(desktop.project, "A", "value a") == Kept("keyring")
    assert b"value a" not in desktop.files()
    assert [secret.kept for secret in desktop.secrets.all(desktop.project)] == ["keyring"]
    assert desktop.secrets.values(desktop.project, ["A"]) == {"A": "value a"}
    desktop.secrets.delete(desktop.project, ["A"])
    assert desktop.keyring.values == {}
    assert desktop.secrets.names(desktop.project) == ()


def test_projects_have_their_own(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    world.secrets.add(world.project, "A", "of one")
    world.secrets.add(other, "A", "of the other")
    assert world.secrets.values(world.project, ["A"]) == {"A": "of one"}
    link = tmp_path / "link"
    link.symlink_to(world.project)
    assert world.secrets.values(link, ["A"]) == {"A": "of one"}


def test_where_there_is_none_nothing_is_made_or_asked(world: World) -> None:
    assert world.secrets.names(world.project) == ()
    assert world.secrets.values(world.project, []) == {}
    assert not world.folder.exists()
    assert world.keyring.asked == 0


def test_a_folder_open_to_others_is_no_matter_of_projects_without_secrets(world: World) -> None:
    world.folder.mkdir(mode=0o755)
    assert world.secrets.names(world.project) == ()
    with pytest.raises(WfError) as caught:
        world.secrets.add(world.project, "A", "value a")
    assert caught.value.kind == STORAGE


def test_update(world: World) -> None:
    world.secrets.add(world.project, "A", "value a")
    world.secrets.update(world.project, "A", "another")
    [secret] = world.secrets.all(world.project)
    assert secret.added_at < secret.updated_at
    assert world.secrets.values(world.project, ["A"]) == {"A": "another"}
    assert b"value a" not in world.files()


def test_a_secret_moves_to_a_keyring_that_has_come(world: World) -> None:
    world.secrets.add(world.project, "A", "value a")
    world.keyring.away = False
    assert world.secrets.update(world.project, "A", "another") == Kept("keyring")
    assert b"value a" not in world.files()
    assert b"another" not in world.files()


def test_one_of_that_name(world: World) -> None:
    world.secrets.add(world.project, "A", "value a")
    with pytest.raises(WfError) as caught:
        world.secrets.check(world.project, "A", new=True)
    assert (caught.value.kind, caught.value.hint) == (USAGE, "wf secrets update A")
    with pytest.raises(WfError, match="there is a secret `A` already"):
        world.secrets.add(world.project, "A", "another")
    assert world.secrets.values(world.project, ["A"]) == {"A": "value a"}


def test_none_of_that_name(world: World) -> None:
    with pytest.raises(WfError, match="no secret `TOKEM`") as caught:
        world.secrets.check(world.project, "TOKEM", new=False)
    assert caught.value.hint == "wf secrets add TOKEM"
    with pytest.raises(WfError, match="no secret `TOKEM`"):
        world.secrets.delete(world.project, ["TOKEM"])
    world.secrets.add(world.project, "TOKEN", "value a")
    with pytest.raises(WfError) as caught:
        world.secrets.delete(world.project, ["TOKEN", "TOKEM"])
    assert caught.value.hint == "did you mean `TOKEN`?"
    assert world.secrets.names(world.project) == ("TOKEN",)


def test_the_last_one_leaves_nothing(world: World) -> None:
    world.secrets.add(world.project, "A", "value a")
    world.secrets.add(world.project, "B", "value b")
    world.secrets.delete(world.project, ["B", "A"])
    assert os.listdir(world.folder) == []


def test_a_keyring_that_is_away_when_it_is_needed(desktop: World) -> None:
    desktop.secrets.add(desktop.project, "A", "value a")
    desktop.keyring.away = True
    assert desktop.secrets.names(desktop.project) == ("A",)
    with pytest.raises(WfError, match="`A` cannot be read: there is none") as caught:
        desktop.secrets.values(desktop.project, ["A"])
    assert caught.value.kind == ENVIRONMENT
    with pytest.raises(WfError) as refused:
        desktop.secrets.delete(desktop.project, ["A"])
    assert refused.value.kind == STORAGE
    assert desktop.secrets.names(desktop.project) == ("A",)


def test_a_value_that_has_gone_from_the_keyring(desktop: World) -> None:
    desktop.secrets.add(desktop.project, "A", "value a")
    desktop.keyring.values.clear()
    with pytest.raises(WfError, match="`A` is no longer there") as caught:
        desktop.secrets.values(desktop.project, ["A"])
    assert caught.value.hint == "wf secrets update A"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"secrets": {"A": {}}}', '{"secrets": []}', '{"secrets": {"A": 1}}']
)
def test_a_damaged_file(world: World, text: str) -> None:
    world.secrets.add(world.project, "A", "value a")
    [path] = world.folder.iterdir()
    path.write_text(text)
    with pytest.raises(WfError, match="is damaged") as caught:
        world.secrets.names(world.project)
    assert caught.value.kind == STORAGE
    assert caught.value.hint == f"remove it and add its secrets again: rm {path}"


def test_the_file_says_whose_it_is(world: World) -> None:
    world.secrets.add(world.project, "A", "value a")
    [path] = world.folder.iterdir()
    assert json.loads(path.read_bytes())["project"] == str(world.project)


def _add_many(folder: str, project: Path, names: list[str]) -> None:
    from pathlib import Path

    secrets = Secrets(
        Safe(Path(folder)), FakeKeyring(away=True), lambda: datetime.now(timezone.utc)
    )
    for name in names:
        secrets.add(project, name, f"value of {name}")


def test_several_writers_at_once(world: World) -> None:
    writers = [
        multiprocessing.get_context("spawn").Process(
            target=_add_many,
            args=(str(world.folder), world.project, [f"N{who}_{i}" for i in range(8)]),
        )
        for who in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    names = world.secrets.names(world.project)
    assert len(names) == 24
    values = world.secrets.values(world.project, names)
    assert values == {name: f"value of {name}" for name in names}
