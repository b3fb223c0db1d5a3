"""`load-faces` on a copy of the checkout: what it measures and draws."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trained import python, rows, said, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

SMALL = ("--workers", "1", "--passes", "2", "--images", "24", "--side", "32")


@pytest.fixture(scope="module")
def record(checkout: World) -> Any:
    """The document of ``wf run load-faces``; with it went what it depends on."""
    return train(checkout, "load-faces", *SMALL)


@pytest.fixture(scope="module")
def results(checkout: World, record: Any) -> Path:
    """Where the artifact lies."""
    return checkout.folder(record["name"]) / "artifacts" / "results"


def passes(results: Path) -> list[dict[str, str]]:
    """The rows of the table."""
    return rows(results / "passes.csv")


def test_every_pass_is_in_the_table(results: Path) -> None:
    table = passes(results)
    assert [(row["step"], row["workers"], row["pass"]) for row in table] == [
        ("1", "0", "0"),
        ("2", "0", "1"),
        ("3", "0", "2"),
        ("4", "1", "0"),
        ("5", "1", "1"),
        ("6", "1", "2"),
    ]
    for row in table:
        assert float(row["images_per_s"]) == pytest.approx(24 / float(row["seconds"]), rel=0.01)


def test_what_is_printed_is_what_was_measured(checkout: World, record: Any, results: Path) -> None:
    told = said(checkout, record)
    table = passes(results)
    for workers in (0, 1):
        mean = sum(float(row["seconds"]) for row in table[workers * 3 + 1 : workers * 3 + 3]) / 2
        (line,) = re.findall(rf"^ +{workers} +(.+)$", told, re.MULTILINE)
        assert f"{mean:.2f} s" in line


def test_wf_reads_what_it_left(checkout: World, record: Any) -> None:
    shown = checkout.wf("artifacts", "show", record["name"], "--json").json()["files"]
    files = {file["path"]: file for file in shown}
    assert set(files) == {"results/faces.jpg", "results/passes.csv", "results/workers.png"}
    assert files["results/passes.csv"]["metrics"]["seconds"]["count"] == 6
    plot, faces = (files[f"results/{name}"] for name in ("workers.png", "faces.jpg"))
    assert plot["width"] > 600
    assert plot["height"] > 300
    # 2 rows of 8, with margins of 4
    assert (faces["width"], faces["height"]) == (8 * 36 + 4, 2 * 36 + 4)
    assert {"seconds", "images_per_s"} <= set(record["metrics"])


def test_the_photographs_are_fetched_by_a_run_of_their_own(checkout: World, record: Any) -> None:
    prepared = next(run for run in checkout.runs() if run != record["name"])
    document = checkout.record(prepared)
    assert document["workflow"] == "prepare-faces"
    assert [artifact["path"] for artifact in document["artifacts"]] == ["data"]
    told = said(checkout, document)
    notes = [line for line in document["notes"] if line.startswith("data:")]
    if "data: Labeled Faces in the Wild, 13,233 photographs" in told:
        assert notes == []
        return
    (note,) = notes
    assert "Labeled Faces in the Wild could not be downloaded" in note
    assert "400 JPEG files" in note
    # who looks at the times sees as well what was loaded
    assert any("in the place of Labeled Faces in the Wild" in line for line in record["notes"])


def test_the_photographs_are_fetched_once(checkout: World, record: Any) -> None:
    script = checkout.project / "workflows" / "faces" / "load.py"
    before = script.read_text(encoding="utf-8")
    script.write_text(before + "# changed\n", encoding="utf-8")
    planned = checkout.wf("plan", "load-faces").out
    script.write_text(before, encoding="utf-8")
    assert record["status"] == "succeeded"
    assert "reuse prepare-faces" in planned
    assert "run load-faces" in planned


def test_what_is_downloaded_is_read_and_makes_the_same_faces(
    checkout: World, record: Any, results: Path, tmp_path: Path
) -> None:
    """`lfw_home/lfw_funneled/NAME/NAME_0001.jpg` (sklearn/datasets/_lfw.py, 1.7)."""
    prepared = next(run for run in checkout.runs() if run != record["name"])
    data = checkout.folder(prepared) / "artifacts" / "data"
    photographs = next(data.rglob("*.jpg")).parents[1]
    shutil.copytree(photographs, tmp_path / "data" / "lfw_home" / "lfw_funneled")
    (tmp_path / "data" / "lfw_home" / "lfw_funneled" / "pairs_01.txt").write_text("not one")
    script = checkout.project / "workflows" / "faces" / "load.py"
    told = python(checkout, record, tmp_path, script, *SMALL, WF_NOTES=str(tmp_path / "notes"))
    count = len(list(photographs.rglob("*.jpg")))
    assert f"data: Labeled Faces in the Wild, {count:,} photographs\n" in told
    again = tmp_path / "results"
    assert len(passes(again)) == len(passes(results))
    # the same files and the same seed
    assert (again / "faces.jpg").read_bytes() == (results / "faces.jpg").read_bytes()
    phases = (tmp_path / "notes").read_text(encoding="utf-8").splitlines()
    assert [line.split()[1] for line in phases] == ["import", "data", "picture", "load", "plot"]
    assert phases[3].endswith(f" s, {24 * len(passes(again))} samples")
