"""The workflow ``multi-node``: ranks on two nodes, trained for real on a copy of the checkout.

PyTorch takes seconds to import, in each rank and in what starts them: one training is stopped on
two nodes and goes on there, and one on a single node comes to the same.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trained import (
    beside,
    inputs,
    model,
    resume,
    rows,
    said,
    stopped,
    train,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

# steps enough in an epoch that it does not end before it is stopped
SMALL = ("--batch-size", "16")
Row = dict[str, float]


@pytest.fixture(scope="module")
def cut_short(checkout: World) -> Any:
    """The document of a run on two nodes that was stopped."""
    train(checkout, "prepare-mnist")  # else that would be the one that runs first
    words = ("multi-node", *SMALL, "--epochs", "500")
    return checkout.record(stopped(checkout, *words, saved="checkpoints/last.ckpt"))


@pytest.fixture(scope="module")
def kept(checkout: World, cut_short: Any) -> list[Row]:
    """The metrics that it left."""
    return metrics(model(checkout, cut_short))


@pytest.fixture(scope="module")
def epochs(kept: list[Row]) -> int:
    """How many there are to be: more than were trained."""
    return int(kept[-1]["epoch"]) + 2


@pytest.fixture(scope="module")
def record(checkout: World, cut_short: Any, epochs: int) -> Any:
    """The document of the run that went on from it, on two nodes as well."""
    return resume(checkout, cut_short["name"], *SMALL, "--epochs", str(epochs))


@pytest.fixture(scope="module")
def alone(checkout: World, record: Any, epochs: int) -> Any:
    """The document of the same with one node, and in one go."""
    assert record["status"] == "succeeded"
    return train(checkout, "multi-node", "--nodes", "1", *SMALL, "--epochs", str(epochs))


def metrics(folder: Path) -> list[Row]:
    """The rows of a metrics file, without what is empty."""
    return [
        {name: float(text) for name, text in row.items() if text}
        for row in rows(folder / "metrics.csv")
    ]


def told(folder: Path) -> list[dict[str, Any]]:
    """What the ranks tell of themselves."""
    ranks: list[dict[str, Any]] = json.loads((folder / "ranks.json").read_text())
    return ranks


def test_both_nodes_took_part(checkout: World, record: Any) -> None:
    ranks = told(model(checkout, record))
    assert [(each["rank"], each["node"]) for each in ranks] == [(0, 0), (1, 1)]
    assert len({each["process"] for each in ranks}) == 2
    for each in ranks:
        line = f"rank {each['rank']} of 2 is on node {each['node']} of 2, trains on cpu"
        assert any(note.startswith(line) for note in record["notes"])


def test_all_ranks_end_with_the_same_weights(checkout: World, record: Any) -> None:
    ranks = told(model(checkout, record))
    assert len({each["weights"] for each in ranks}) == 1
    assert "2 ranks on 2 nodes have the same weights" in said(checkout, record)


def test_rank_0_alone_saves(checkout: World, record: Any) -> None:
    folder = model(checkout, record)
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["autoencoder.pt", "checkpoints/last.ckpt", "metrics.csv", "ranks.json"]
    assert [each["path"] for each in record["artifacts"]] == ["model"]
    shown = checkout.wf("artifacts", "show", f"{record['name']}:model/autoencoder.pt", "--json")
    (read,) = shown.json()["files"]
    assert {tuple(one["shape"]) for one in read["tensors"]} >= {(64, 784), (3, 64), (784, 64)}


def test_it_learns(checkout: World, record: Any, epochs: int) -> None:
    losses = [row["val_loss"] for row in metrics(model(checkout, record)) if "val_loss" in row]
    assert len(losses) == epochs + 1  # before it begins, and after each epoch
    assert losses[2] < losses[1] < losses[0]
    assert record["metrics"]["val_loss"]["last"] == pytest.approx(losses[-1])


def test_the_images_come_from_prepare_mnist(cut_short: Any, record: Any) -> None:
    for each in (cut_short, record):
        assert [one["workflow"] for one in each["dependencies"]] == ["prepare-mnist"]


def test_a_run_that_was_stopped_goes_on_after_its_last_epoch(
    checkout: World, record: Any, kept: list[Row], epochs: int
) -> None:
    printed = said(checkout, record)
    at = re.search(r"^resumed after epoch (\d+), on 2 ranks$", printed, re.MULTILINE)
    assert at is not None
    # what was trained is not trained again, and all of it was trained
    first = int(at[1])
    found = metrics(model(checkout, record))
    assert [row for row in found if row["epoch"] < first] == [
        row for row in kept if row["epoch"] < first
    ]
    assert {row["epoch"] for row in found} == set(range(epochs))
    assert f"epoch {first} of" not in printed


def test_as_many_nodes_as_one_likes_come_to_the_same(
    checkout: World, record: Any, alone: Any
) -> None:
    """The batches are the same images: only the order in which they are added up is another one."""
    two, one = (metrics(model(checkout, each)) for each in (record, alone))
    assert len(told(model(checkout, alone))) == 1
    assert len(two) == len(one) > 2
    for row, other in zip(two, one, strict=True):
        assert row == pytest.approx(other, rel=1e-4)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what threads are called")
def test_a_rank_that_has_left_has_no_threads_that_could_abort_it(
    checkout: World, cut_short: Any, tmp_path: Path
) -> None:
    """They would, where they still had something to give back when Python ends."""
    told = beside(checkout, cut_short, "multi_node", inputs(checkout, cut_short), tmp_path)
    assert "1 ranks on 1 nodes have the same weights" in told["said"]
    assert told["left"] == []
