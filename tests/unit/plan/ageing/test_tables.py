"""The tables say what they say in the form that is needed."""

from __future__ import annotations

from datetime import date

from packaging.version import Version

from runner.plan.ageing.catalogue import canonical, catalogue, packages


def test_releases_have_a_version_and_a_day() -> None:
    for row in catalogue().rows:
        release = row.release
        assert date.fromisoformat(release.day).isoformat() == release.day
        assert Version(release.python) <= Version("3.14")
        assert Version(row.back or "99") > Version(release.version)
        assert all(Version(version) for _, version in release.needs)


def test_a_release_has_one_day() -> None:
    days: dict[tuple[str, str], set[str]] = {}
    for row in catalogue().rows:
        days.setdefault((row.release.package, row.release.version), set()).add(row.release.day)
    assert {known: found for known, found in days.items() if len(found) > 1} == {}


def test_nothing_is_removed_twice() -> None:
    keys = [(row.kind, row.name, row.part, row.values) for row in catalogue().rows]
    assert len(keys) == len(set(keys))


def test_names_are_those_they_are_found_by() -> None:
    for row in catalogue().rows:
        if row.kind != "name":
            assert canonical(row.name) == row.name


def test_python_is_no_package() -> None:
    assert "python" not in packages()
    assert {"numpy", "pytorch-lightning", "torch"} <= packages()


def test_one_thing_has_one_name() -> None:
    assert canonical("lightning.Trainer") == "pytorch_lightning.Trainer"
    assert canonical("lightning.pytorch.Trainer") == "pytorch_lightning.Trainer"
    assert canonical("pytorch_lightning.trainer.Trainer.tune") == "pytorch_lightning.Trainer.tune"
    assert canonical("torchmetrics.classification.Accuracy") == "torchmetrics.Accuracy"
    assert canonical("lightning_utilities.Trainer") == "lightning_utilities.Trainer"
