"""Which environments go."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.environments.shelf.pruning import Rules, unwanted
from runner.environments.shelf.room import Room
from runner.environments.shelf.shelf import Kept

DAY = 86400.0


def kept(name: str, days: float, *, size: int = 10, used: bool = False, ready: bool = True) -> Kept:
    """An environment that was last used so many days ago."""
    inode = (0, hash(name))
    room = Room({inode: size}, {inode: 1}, {inode: 1})  # type: ignore[dict-item, arg-type]
    return Kept(name, Path(name), ready=ready, in_use=used, used_at=-days * DAY, room=room)


SHELF = [kept("new", 0), kept("week", 7), kept("old", 40), kept("oldest", 90)]


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        (Rules(), []),
        (Rules(unused_for=30 * DAY), ["oldest", "old"]),
        (Rules(unused_for=7 * DAY), ["oldest", "old", "week"]),
        (Rules(everything=True), ["oldest", "old", "week", "new"]),
        (Rules(size=40), []),
        (Rules(size=39), ["oldest"]),
        (Rules(size=15), ["oldest", "old", "week"]),
        (Rules(size=0), ["oldest", "old", "week", "new"]),
        (Rules(unused_for=80 * DAY, size=20), ["oldest", "old"]),
    ],
)
def test_what_the_rules_say_goes_oldest_first(rules: Rules, gone: list[str]) -> None:
    assert [one.fingerprint for one in unwanted(SHELF, rules, now=0.0)] == gone


def test_what_is_in_use_makes_no_room() -> None:
    shelf = [kept("used", 9, used=True), kept("free", 1), kept("newer", 0)]
    assert [one.fingerprint for one in unwanted(shelf, Rules(size=20), now=0.0)] == ["free"]


def test_half_built_ones_always_go() -> None:
    shelf = [kept("whole", 0), kept("half", 0, ready=False)]
    assert [one.fingerprint for one in unwanted(shelf, Rules(), now=0.0)] == ["half"]
