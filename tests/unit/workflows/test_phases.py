"""How long the parts of a script take, as `wf` reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from common import phases

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What WF_NOTES names, in the first process of a job."""
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "notes"
    monkeypatch.setenv("WF_NOTES", str(path))
    return path


def test_a_phase_tells_its_seconds_and_samples(file: Path) -> None:
    with phases.phase("data"):
        pass
    with phases.phase("fit") as measured:
        measured.samples = 27500
    first, second = file.read_text().splitlines()
    assert re.fullmatch(r"phase: data \d+\.\d{3} s", first)
    assert re.fullmatch(r"phase: fit \d+\.\d{3} s, 27500 samples", second)


def test_a_phase_that_fails_is_measured_as_well(file: Path) -> None:
    def failing() -> None:
        with phases.phase("fit") as measured:
            measured.samples = 32
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert re.fullmatch(r"phase: fit \d+\.\d{3} s, 32 samples\n", file.read_text())


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK"])
def test_other_processes_than_the_first_report_nothing(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with phases.phase("fit") as measured:
        measured.samples = 5
    phases.imported()
    phases.report("test", 2.0)
    assert not file.exists()


def test_importing_began_with_the_process(file: Path) -> None:
    """Which is some time ago: pytest has been imported since."""
    phases.imported()
    told = re.fullmatch(r"phase: import (\d+\.\d{3}) s\n", file.read_text())
    assert told is not None
    assert float(told[1]) > 0
