"""Tables, as they are printed and as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import tables

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_numbers_stand_below_each_other_and_words_at_the_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [["single", "1 CPU", "2.5"], ["mirrored", "2 CPUs", "10.0"]]
    tables.show(["training", "devices", "s"], rows, 2)
    assert capsys.readouterr().out == (
        "training  devices     s\nsingle    1 CPU     2.5\nmirrored  2 CPUs   10.0\n"
    )


def test_without_words_all_of_it_stands_at_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show(["batch", "rate"], [["8", "100"], ["64", "1,000"]])
    assert capsys.readouterr().out == "batch   rate\n    8    100\n   64  1,000\n"


def test_a_table_is_kept_as_it_is(tmp_path: Path) -> None:
    tables.save(tmp_path / "results" / "table.csv", ["name", "s"], [["a", 1.5], ["b, c", 2]])
    assert (tmp_path / "results" / "table.csv").read_bytes() == b'name,s\na,1.5\n"b, c",2\n'


def test_steps_are_counted_from_one(tmp_path: Path) -> None:
    tables.save_steps(tmp_path / "steps.csv", ["s"], [[0.5], [0.25]])
    assert (tmp_path / "steps.csv").read_bytes() == b"step,s\n1,0.5\n2,0.25\n"
