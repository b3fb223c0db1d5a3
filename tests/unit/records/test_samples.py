"""The series of a run in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.records.samples import Samples, SamplesFile, columns, read, written

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_are_added_and_all_replaced(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    file = SamplesFile(path, columns(1))
    assert not path.exists()
    file.append([(1.0, 0.5, 1e9, None, 2e9)])
    file.append([(2.0, 0.25, 1e9, 0.125, 2e9), (3.0, 1 / 3, None, 1.0, None)])
    assert path.read_text() == (
        "seconds,cpu,memory,gpu0_utilisation,gpu0_memory\n"
        "1,0.5,1000000000,,2000000000\n"
        "2,0.25,1000000000,0.125,2000000000\n"
        "3,0.333,,1,\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    file.replace([(2.0, 1.0, 1.0, 1.0, 1.0)])
    file.append([(4.0, 0.0, 0.0, 0.0, 0.0)])
    file.close()
    found = read(path)
    assert found is not None
    assert found.column("seconds") == (2.0, 4.0)
    assert found.column("gpu7_memory") == ()
    assert found.documents()[1] == dict.fromkeys(columns(1), 0.0) | {"seconds": 4.0}
    assert [entry.name for entry in tmp_path.iterdir()] == ["samples.csv"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("seconds,cpu\n1,2\n3,", ((1.0, 2.0),)),  # the last line is being written
        ("seconds,cpu\n1,2\nx,y\n1\n1,2,3\nnan,1\n1,inf\n3,4\n", ((1.0, 2.0), (3.0, 4.0))),
        ("seconds,cpu\n", ()),
        ("", None),
        ("time,cpu\n1,2\n", None),
        ("sec\xe9", None),
    ],
)
def test_what_is_damaged_is_left_out(
    tmp_path: Path, text: str, rows: tuple[tuple[float, ...], ...] | None
) -> None:
    path = tmp_path / "samples.csv"
    path.write_text(text, encoding="latin-1")
    found = read(path)
    assert (None if found is None else found.rows) == rows


def test_a_run_without_a_series(tmp_path: Path) -> None:
    assert read(tmp_path / "samples.csv") is None


_VALUES = st.one_of(st.none(), st.integers(0, 10**13).map(lambda n: n / 1000))


@given(st.lists(st.tuples(_VALUES, _VALUES, _VALUES), max_size=20))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float | None, ...]]
) -> None:
    path = tmp_path_factory.mktemp("run") / "samples.csv"
    samples = Samples(columns(0), tuple(rows))
    path.write_text(written(samples))
    found = read(path)
    assert found is not None
    for before, after in zip(samples.rows, found.rows, strict=True):
        assert after == pytest.approx(before, abs=1e-3)
