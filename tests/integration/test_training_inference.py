"""`parallel-inference` on a copy of the checkout: what it measures, compares and draws."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trained import PATIENCE, rows, said, train

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

SMALL = ("--batch-sizes", "1,3,4", "--repeats", "2", "--side", "32")


@pytest.fixture(scope="module")
def record(checkout: World) -> Any:
    """``wf run parallel-inference`` with simulated GPUs, once for all tests."""
    return train(checkout, "parallel-inference", *SMALL, "--gpus", "3", "--simulate-gpus")


@pytest.fixture(scope="module")
def table(checkout: World, record: Any) -> list[dict[str, float]]:
    """The table that it left."""
    path = checkout.folder(record["name"]) / "artifacts" / "results" / "throughput.csv"
    return [{name: float(cell) for name, cell in row.items()} for row in rows(path)]


def test_every_batch_size_is_in_the_table(table: list[dict[str, float]]) -> None:
    assert [row["batch_size"] for row in table] == [1, 3, 4]
    for row in table:
        for form in ("alone", "together"):
            low, median, high = (row[f"{form}_{part}"] for part in ("low", "median", "high"))
            assert 0 < low <= median <= high
        assert row["speed_up"] == pytest.approx(row["together_median"] / row["alone_median"])


def test_the_outputs_are_equal_and_that_is_said(
    checkout: World, record: Any, table: list[dict[str, float]]
) -> None:
    assert all(row["difference"] <= 1e-4 for row in table)
    assert "outputs: equal, to within" in said(checkout, record)


def test_as_many_replicas_stand_in_as_gpus_are_simulated(checkout: World, record: Any) -> None:
    (note,) = (line for line in record["notes"] if line.startswith("devices:"))
    assert "no GPU" in note
    assert "3 replicas side by side" in note
    told = said(checkout, record)
    assert re.search(r"^batch +1 network, .*3 replicas, .* each +speed-up", told, re.MULTILINE)


def test_wf_reads_what_it_left(checkout: World, record: Any) -> None:
    shown = checkout.wf("artifacts", "show", record["name"], "--json").json()["files"]
    files = {file["path"]: file for file in shown}
    assert set(files) == {"results/throughput.csv", "results/throughput.png"}
    assert files["results/throughput.csv"]["metrics"]["speed_up"]["count"] == 3
    assert files["results/throughput.png"]["width"] > 600
    assert files["results/throughput.png"]["height"] > 300


def test_outputs_that_differ_fail_the_run(checkout: World, record: Any) -> None:
    """A network whose outputs depend on what else is in the batch cannot be cut."""
    assert record["status"] == "succeeded"
    script = checkout.project / "workflows" / "inference" / "infer.py"
    text = script.read_text(encoding="utf-8")
    assert ".eval()" in text
    script.write_text(text.replace(".eval()", ".train()"), encoding="utf-8")
    words = ("--batch-sizes", "4", "--repeats", "1", "--side", "64", "--replicas", "2")
    done = checkout.wf("run", "parallel-inference", *words, timeout=PATIENCE)
    assert done.code == 1
    assert "2 replicas side by side" in done.out
    assert "outputs: they differ by up to" in done.out
