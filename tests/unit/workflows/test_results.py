"""The folder of a training's results, as a run begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from common import results

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WF_RESUMED_FROM", raising=False)


def begin_again(folder: Path, measured: str) -> None:
    """An attempt that measured something comes to its end, and the next one begins."""
    (folder / "metrics.csv").write_text(measured)
    results.set_metrics_aside(folder)


def measured(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_no_attempt_loses_what_one_before_it_has_measured(tmp_path: Path) -> None:
    for text in ("first", "second", "third"):
        begin_again(tmp_path, text)
    assert measured(tmp_path) == {
        "metrics.before.csv": "first",
        "metrics.before.2.csv": "second",
        "metrics.before.3.csv": "third",
    }


def test_nor_what_the_run_has_that_it_goes_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_RESUMED_FROM", "wet-mango-1")
    begin_again(tmp_path, "of the run before")
    begin_again(tmp_path, "of the first attempt")
    assert measured(tmp_path) == {
        "metrics.wet-mango-1.csv": "of the run before",
        "metrics.wet-mango-1.2.csv": "of the first attempt",
    }


def test_an_attempt_that_measured_nothing_changes_nothing(tmp_path: Path) -> None:
    begin_again(tmp_path, "first")
    results.set_metrics_aside(tmp_path)
    assert measured(tmp_path) == {"metrics.before.csv": "first"}


def test_a_run_that_begins_anew_finds_nothing_of_another(tmp_path: Path) -> None:
    begin_again(tmp_path, "first")
    (tmp_path / "metrics.csv").touch()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    for name in ("hparams.yaml", "example.ckpt", "notes.txt"):
        (tmp_path / name).touch()
    results.remove_outputs(tmp_path, "example.ckpt")
    assert set(measured(tmp_path)) == {"notes.txt"}
