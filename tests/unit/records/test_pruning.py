"""Which runs nobody needs any more, and what is left when they are removed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner import tree
from runner.paths import Home
from runner.records import folder, removing, transit
from runner.records.pruning import Rules, choose, remove
from tests.unit.records.made import NOW, asked, make, records_of

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records.pruning import Chosen
    from runner.records.store import Records

MONTH = Rules(over_for=30 * 86400)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def chosen(home: Home, rules: Rules = MONTH) -> Chosen:
    return choose(records_of(home), rules, NOW)


def gone(home: Home, rules: Rules = MONTH) -> list[str]:
    return [row.name for row in chosen(home, rules).gone]


def carry_out(records: Records, decided: Chosen) -> list[str]:
    return [one.row.name for one in remove(records, decided) if one.error is None]


def test_what_is_old_goes_the_youngest_first(home: Home) -> None:
    for number, days in enumerate((50, 40, 31, 29, 1)):
        make(home, f"run-{number}", days=days)
    assert gone(home) == ["run-2", "run-1", "run-0"]


def test_the_age_is_that_of_its_end(home: Home) -> None:
    make(home, "old-1", days=30)  # and four seconds less since its end
    make(home, "new-1")
    assert gone(home) == []
    assert gone(home, Rules(over_for=30 * 86400 - 5)) == ["old-1"]


def test_the_newest_success_of_a_workflow_stays_in_each_project(home: Home) -> None:
    make(home, "here-1", days=60)
    make(home, "here-2", days=50)
    make(home, "here-3", days=40, status="failed")
    make(home, "there-1", days=60, project="/there")
    make(home, "other-1", days=60, workflow="prepare")
    found = chosen(home)
    assert [row.name for row in found.gone] == ["here-3", "here-1"]
    assert {(kept.run, kept.reason) for kept in found.kept} == {
        ("here-2", "it is the newest of train that succeeded"),
        ("there-1", "it is the newest of train that succeeded"),
        ("other-1", "it is the newest of prepare that succeeded"),
    }


def test_what_carries_a_tag_stays(home: Home) -> None:
    make(home, "old-1", days=60, status="failed")
    records_of(home).tags.give("best", "old-1")
    found = chosen(home)
    assert found.gone == ()
    assert [kept.reason for kept in found.kept] == ["it carries a tag"]


def test_what_a_run_that_stays_was_made_from_stays_and_no_longer(home: Home) -> None:
    make(home, "data-1", days=90, workflow="data")
    make(home, "data-2", days=1, workflow="data")
    make(home, "model-1", days=80, workflow="model", inputs=("data-1",))
    make(home, "model-2", days=1, workflow="model")
    make(home, "report-1", days=70, workflow="report", inputs=("model-1",))
    make(home, "report-2", days=1, workflow="report")
    records = records_of(home)
    assert [row.name for row in choose(records, MONTH, NOW).gone] == [
        "report-1",
        "model-1",
        "data-1",
    ]
    records.tags.give("paper", "report-1")
    found = choose(records, MONTH, NOW)
    assert found.gone == ()
    assert {kept.run: kept.reason for kept in found.kept} == {
        "report-1": "it carries a tag",
        "model-1": "report-1 was made from it",
        "data-1": "model-1 was made from it",
    }


def test_the_newest_of_each_workflow_can_be_kept(home: Home) -> None:
    for number in range(4):
        make(home, f"train-{number}", days=number + 1, status="failed")
        make(home, f"there-{number}", days=number + 1, status="failed", project="/there")
    assert sorted(gone(home, Rules(keep=3))) == ["there-3", "train-3"]
    assert sorted(gone(home, Rules(over_for=2.5 * 86400, keep=1))) == [
        "there-2", "there-3", "train-2", "train-3",
    ]  # fmt: skip
    assert gone(home, Rules(keep=4)) == []


def test_only_what_ended_so(home: Home) -> None:
    make(home, "good-1", days=60)
    make(home, "good-2", days=59)
    make(home, "bad-1", days=58, status="failed")
    make(home, "lost-1", days=57, status="lost")
    only = frozenset({"failed", "lost"})
    assert gone(home, MONTH._replace(statuses=only)) == ["lost-1", "bad-1"]


def test_what_is_not_over_stays_however_old(home: Home) -> None:
    make(home, "now-1", days=400, status="pending")
    assert chosen(home, Rules()) == ((), ())


def test_they_are_removed_with_all_they_left_behind(home: Home) -> None:
    make(home, "old-1", days=60, status="failed")
    make(home, "new-1")
    records = records_of(home)
    assert carry_out(records, choose(records, MONTH, NOW)) == ["old-1"]
    assert os.listdir(home.runs) == ["new-1"]
    assert os.listdir(home.removed) == []
    assert [row.name for row in records_of(home).index().newest()] == ["new-1"]


def test_what_came_to_be_needed_meanwhile_stays(home: Home) -> None:
    for name in ("tagged-1", "used-1", "held-1", "old-1"):
        make(home, name, days=60, status="failed")
    records = records_of(home)
    decided = choose(records, MONTH, NOW)
    records.tags.give("best", "tagged-1")
    records.create(asked(inputs=("used-1",)), lambda words: words[0])
    lock = folder.hold(home.run("held-1"))
    assert carry_out(records, decided) == ["old-1"]
    os.close(lock)


def test_two_at_once_remove_each_run_once(home: Home) -> None:
    make(home, "old-1", days=60, status="failed")
    one, other = records_of(home), records_of(home)
    decided = [choose(records, MONTH, NOW) for records in (one, other)]
    assert carry_out(one, decided[0]) == ["old-1"]
    carry_out(other, decided[1])
    assert list(other.index().newest()) == []


def test_a_kill_in_between_leaves_no_half_of_a_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def killed(_root: object) -> None:
        raise KilledError

    make(home, "old-1", days=60, status="failed")
    records = records_of(home)
    decided = choose(records, MONTH, NOW)
    with monkeypatch.context() as patched:
        patched.setattr(tree, "remove", killed)
        with pytest.raises(KilledError):
            carry_out(records, decided)
    assert os.listdir(home.runs) == []
    assert list(records_of(home).index().newest()) == []
    assert len(os.listdir(home.removed)) == 1
    transit.sweep(home.removed)
    assert os.listdir(home.removed) == []


def test_who_is_removing_is_not_disturbed(home: Home) -> None:
    make(home, "old-1", days=60, status="failed")
    with removing.out_of_sight(home, "old-1") as aside:
        transit.sweep(home.removed)
        assert aside.is_dir()
    transit.sweep(home.removed)
    assert not aside.exists()


def test_what_cannot_be_removed_is_said_and_the_others_go(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(home, "old-1", days=60, status="failed")
    make(home, "old-2", days=61, status="failed")
    really = tree.remove

    def stuck(root: Path) -> None:
        if root.name.startswith("old-1"):
            raise PermissionError(1, "Operation not permitted", str(root))
        really(root)

    monkeypatch.setattr(tree, "remove", stuck)
    records = records_of(home)
    ends = {one.row.name: one.error for one in remove(records, choose(records, MONTH, NOW))}
    assert "old-1 cannot be removed" in str(ends["old-1"])
    assert ends["old-2"] is None
