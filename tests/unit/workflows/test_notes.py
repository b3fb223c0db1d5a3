"""Lines for whoever watches, and for the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from common import notes

if TYPE_CHECKING:
    from pathlib import Path

RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What WF_NOTES names, in the first process of a job."""
    for name in RANKS:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "notes"
    monkeypatch.setenv("WF_NOTES", str(path))
    return path


def test_a_note_is_printed_and_kept(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes.note("data: digits")
    notes.note("data: faces, größer")
    assert capsys.readouterr().out == "data: digits\ndata: faces, größer\n"
    assert file.read_text(encoding="utf-8") == "data: digits\ndata: faces, größer\n"


def test_a_record_is_not_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes.record("phase: fit 1.000 s")
    assert capsys.readouterr().out == ""
    assert file.read_text() == "phase: fit 1.000 s\n"


def test_without_wf_a_note_is_printed_only(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WF_NOTES")
    notes.note("data: digits")
    assert capsys.readouterr().out == "data: digits\n"
    assert not file.exists()


@pytest.mark.parametrize("name", RANKS)
def test_what_all_processes_would_say_the_first_one_says(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "0")
    notes.say("epoch 1")
    monkeypatch.setenv(name, "1")
    notes.say("epoch 1")
    assert capsys.readouterr().out == "epoch 1\n"
