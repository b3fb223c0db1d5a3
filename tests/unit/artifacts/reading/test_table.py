from __future__ import annotations

import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.artifacts.reading import recognise
from runner.artifacts.reading.values import Metrics, Point, Series

# as Lightning's CSVLogger has it
SPARSE = """epoch,step,train_loss,val_loss
0,1,3.5,
0,3,5.25,
0,3,,3.5
1,5,2.5,
1,5,,2.25
"""


def metrics(text: str, name: str = "metrics.csv") -> dict[str, Series]:
    found = recognise.read(io.BytesIO(text.encode()), name)
    assert isinstance(found, Metrics)
    return {one.name: one for one in found.series}


def test_sparse_rows_make_a_series_for_each_metric() -> None:
    found = metrics(SPARSE)
    assert found["train_loss"].points == (
        Point(1, 0, None, 3.5),
        Point(3, 0, None, 5.25),
        Point(5, 1, None, 2.5),
    )
    val = found["val_loss"]
    assert (val.last, val.minimum, val.maximum) == (Point(5, 1, None, 2.25), 2.25, 3.5)


def test_epochs_are_the_steps_where_nothing_else_counts() -> None:
    assert metrics("Epoch;loss\n1;0.5\n2;0.25\n")["loss"].last == Point(2, 2, None, 0.25)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1700000000.5", 1700000000.5),
        ("1700000000500", 1700000000.5),
        ("2023-11-14T22:13:20Z", 1700000000.0),
        ("2023-11-14 22:13:20", 1700000000.0),
        ("2023-11-14T23:13:20+01:00", 1700000000.0),
        ("12.5", 12.5),
        ("soon", None),
    ],
)
def test_times_are_kept(written: str, seconds: float | None) -> None:
    found = metrics(f"step,timestamp,loss\n1,{written},0.5\n")
    assert found["loss"].last.seconds == seconds
    assert set(found) == {"loss"}


def test_what_is_no_finite_number_is_counted_and_left_out_of_the_range() -> None:
    loss = metrics("step,loss\n1,2.0\n2,inf\n3,nan\n")["loss"]
    assert (loss.count, loss.strange, loss.minimum, loss.maximum) == (3, 2, 2.0, 2.0)
    assert math.isnan(loss.last.value)
    assert loss.document()["last"] is None


@pytest.mark.parametrize("text", ["name,size\na,1\n", "", "step\n1\n", "step,word\n1,a\n"])
def test_other_tables_are_no_metrics(text: str) -> None:
    assert not isinstance(recognise.read(io.BytesIO(text.encode()), "a.csv"), Metrics)


def test_a_row_that_is_being_written_hurts_nothing() -> None:
    assert metrics("step,a,b\n1,2,3\n2,4")["a"].count == 2
    assert metrics("step,a,b\n1,2,3\n2,4")["b"].count == 1


@settings(max_examples=25)
@given(st.integers(1, 5000), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_long_series_keeps_its_facts_and_the_course_of_its_curve(
    length: int, some: list[float]
) -> None:
    values = [some[at % len(some)] for at in range(length)]
    rows = "".join(f"{at},{value!r}\n" for at, value in enumerate(values))
    found = metrics(f"step,x\n{rows}")["x"]
    assert (found.count, found.last.value) == (len(values), values[-1])
    assert (found.minimum, found.maximum) == (min(values), max(values))
    assert len(found.points) <= 1024
    steps = [point.step for point in found.points]
    assert steps == sorted(set(steps))  # type: ignore[type-var]
    assert found.points[-1].step == len(values) - 1
    assert all(min(values) - 1e-6 <= point.value <= max(values) + 1e-6 for point in found.points)


def test_more_metrics_than_people_look_at_are_left_out_and_said() -> None:
    names = ",".join(f"m{at}" for at in range(1200))
    values = ",".join(["1"] * 1200)
    found = recognise.read(io.BytesIO(f"step,{names}\n1,{values}\n".encode()), "a.csv")
    assert isinstance(found, Metrics)
    assert len(found.series) == 1000
    assert "more than 1,000 metrics" in found.notes[0]
