"""``wf artifacts show``, and metrics in ``wf show`` and ``wf artifacts diff``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

FILES = ROOT / "tests" / "unit" / "artifacts" / "reading" / "files"
WORKFLOW = """\
workflows:
  - name: train
    provider: bash
    commands:
      - cp -r files/. out/
    artifacts: [out]
"""
CSV = "epoch,step,loss,acc\n0,1,3.0,\n0,2,2.0,\n0,2,,0.5\n1,3,1.5,\n1,3,,0.75\n"


@pytest.fixture
def files(world: World) -> Path:
    """A folder that a run of ``train`` leaves behind."""
    world.workflows(WORKFLOW)
    found = world.project / "files"
    found.mkdir()
    return found


def train(world: World) -> None:
    done = world.wf("run", "train")
    assert done.code == 0, done.err


def test_a_checkpoint_with_its_tensors(world: World, files: Path) -> None:
    shutil.copy(FILES / "lightning.ckpt", files / "last.ckpt")
    train(world)
    done = world.wf("artifacts", "show", "last:out/last.ckpt")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "out/last.ckpt   Lightning checkpoint · 6.5 kB"
    assert "  at           epoch 2, step 16" in lines
    assert "  model        2 tensors, 10 parameters, 40 B of float32" in lines
    assert "  parameter    lr = 0.001" in lines
    assert "    net.weight   2 x 4   float32   8" in lines
    # of a whole run there are too many tensors
    assert "net.weight" not in world.wf("artifacts", "show", "last").out


def test_every_file_that_is_known_and_no_other(world: World, files: Path) -> None:
    for name in ("image.png", "model.safetensors", "module.pt"):
        shutil.copy(FILES / name, files)
    for path in FILES.glob("events.*"):
        (files / "tb").mkdir(exist_ok=True)
        shutil.copy(path, files / "tb")
    (files / "notes.txt").write_text("hello")
    (files / "metrics.csv").write_text(CSV)
    (files / "data.csv").write_text("name,size\na,1\n")
    (files / "hparams.yaml").write_text("lr: 0.1\n")
    train(world)
    found = world.wf("artifacts", "show", "last", "--json").json()
    assert found["path"] is None
    assert {file["path"]: file["kind"] for file in found["files"]} == {
        "out/hparams.yaml": "hyper_parameters",
        "out/image.png": "image",
        "out/metrics.csv": "metrics",
        "out/model.safetensors": "tensors",
        "out/module.pt": "checkpoint",
        "out/tb": "metrics",
    }
    assert found["files"][2]["metrics"]["acc"]["points"][1] == {
        "step": 3, "epoch": 1, "seconds": None, "value": 0.75,
    }  # fmt: skip
    part = world.wf("artifacts", "show", "last:out/tb", "--json").json()
    assert [file["path"] for file in part["files"]] == ["out/tb"]


def test_a_file_of_another_kind_is_no_failure(world: World, files: Path) -> None:
    (files / "notes.txt").write_text("hello")
    train(world)
    named = world.wf("artifacts", "show", "last:out/notes.txt")
    assert named.out == "out/notes.txt   no kind of file that wf looks into · 5 B\n"
    whole = world.wf("artifacts", "show", "last")
    assert (whole.code, whole.out) == (0, "")
    assert "keeps no files that wf can look into" in whole.err


def test_damage_is_said_beside_what_is_whole(world: World, files: Path) -> None:
    (files / "a.ckpt").write_bytes((FILES / "lightning.ckpt").read_bytes()[:3000])
    shutil.copy(FILES / "image.png", files)
    train(world)
    done = world.wf("artifacts", "show", "last")
    assert done.code == 0
    assert "unreadable   its list of contents is missing: it was cut off" in done.out
    assert "37 x 21 pixels" in done.out


def test_a_kept_file_that_is_gone_is_said(world: World, files: Path) -> None:
    shutil.copy(FILES / "image.png", files)
    train(world)
    (world.folder(world.runs()[0]) / "artifacts" / "out" / "image.png").unlink()
    done = world.wf("artifacts", "show", "last")
    assert done.code == 0
    assert "cannot be opened: no such file" in done.out


def test_names_and_contents_cannot_act_on_a_terminal(world: World, files: Path) -> None:
    (files / "a\n\x1b[31m.csv").write_text("step,lo\x1b[2Jss\n1,2\n")
    train(world)
    done = world.wf("artifacts", "show", "last")
    assert "\x1b" not in done.out
    assert len(done.out.splitlines()) == 2


def test_the_record_has_the_last_values(world: World, files: Path) -> None:
    (files / "metrics.csv").write_text(CSV)
    train(world)
    shown = world.wf("show", "last")
    assert "  metric      loss   1.5  █▃▁  1.5 to 3 · step 3\n" in shown.out
    metrics = world.wf("show", "last", "--json").json()["metrics"]
    assert metrics["acc"] == {
        "last": 0.75, "min": 0.5, "max": 0.75, "step": 3, "epoch": 1, "count": 2,
        "not_finite": 0, "path": "out/metrics.csv",
    }  # fmt: skip
    assert world.wf("run", "train", "--json").json()["metrics"] == metrics
    assert world.wf("wait", "last", "--json").json()[0]["metrics"] == metrics


def test_of_two_files_with_a_metric_the_newer_counts(world: World, files: Path) -> None:
    script = (
        "import os\nos.makedirs('out/v1')\n"
        "for at, name in enumerate(('out/v1/metrics.csv', 'out/metrics.csv')):\n"
        "    open(name, 'w').write(f'step,loss\\n1,{at}\\n')\n"
        "    os.utime(name, (2000 - at, 2000 - at))\n"
    )
    (files / "x.py").write_text(script)
    world.workflows(WORKFLOW.replace("cp -r files/. out/", "python files/x.py"))
    train(world)
    loss = world.wf("show", "last", "--json").json()["metrics"]["loss"]
    assert (loss["last"], loss["path"]) == (0, "out/v1/metrics.csv")


def test_metrics_too_long_to_wait_for_are_named(world: World, files: Path) -> None:
    (files / "metrics.csv").write_text("step,loss\n" + "1,2\n" * (3 << 20))
    train(world)
    done = world.wf("show", "last")
    (name,) = world.runs()
    assert f"for their size: wf artifacts show {name}:out/metrics.csv" in done.out
    assert world.wf("show", "last", "--json").json()["metrics"] == {}


def test_a_run_without_metrics_has_none(world: World, files: Path) -> None:
    (files / "notes.txt").write_text("hello")
    train(world)
    assert world.wf("show", "last", "--json").json()["metrics"] == {}
    assert "  metric  " not in world.wf("show", "last").out


def test_metrics_of_a_run_that_goes_on(world: World) -> None:
    world.write("job.sh", "printf 'step,loss\\n1,0.5\\n' > $WF_ARTIFACTS/metrics.csv; sleep 60\n")
    world.workflows(WORKFLOW.replace("cp -r files/. out/", "bash job.sh"))
    world.start("run", "train")
    run = world.running()
    metrics = until(lambda: world.record(run)["metrics"], "metrics of a run that goes on")
    assert metrics["loss"]["last"] == 0.5
    world.wf("stop", run)
    assert world.record(run)["metrics"] == metrics


def test_metrics_of_two_runs_side_by_side(world: World, files: Path) -> None:
    (files / "metrics.csv").write_text(CSV)
    train(world)
    (files / "metrics.csv").write_text(CSV.replace("1.5", "1.25"))
    train(world)
    before, after = sorted(world.runs(), key=lambda run: world.record(run)["submitted_at"])
    done = world.wf("artifacts", "diff", before, after)
    assert done.code == 1
    assert "metrics\n  loss   1.5 → 1.25   1.5 to 3 → 1.25 to 3\n" in done.out
    (loss,) = world.wf("artifacts", "diff", before, after, "--json").json()["metrics"]
    assert (loss["name"], loss["before"]["last"], loss["after"]["last"]) == ("loss", 1.5, 1.25)
