"""``wf compare``: runs side by side."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import World, make_world, until

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
  - name: train-{name}
    provider: bash
    commands:
      - mkdir -p model
      - |
        printf '%s\\n' step,val_loss 1,0.5 2,0.25 3,{loss} > model/metrics.csv
      - |
        printf '%s\\n' 'phase: data 0.5 s' 'phase: fit {fit} s, 1000 samples' >> "$WF_NOTES"
    env: [LOSS={loss}, SEED=42]
    artifacts: [model]
    resources: {{cpu: {cpu}}}
"""
FILE = (
    "workflows:\n"
    + TRAIN.format(name="one", loss="0.125", fit="8.0", cpu=1)
    + TRAIN.format(name="two", loss="0.0625", fit="5.0", cpu=2)
    + "  - {name: plain, provider: bash, commands: 'true'}\n"
)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A project with a run of each of its workflows, which are looked at and left alone."""
    world = make_world(tmp_path_factory.mktemp("past"))
    world.workflows(FILE)
    for name in ("train-two", "train-one", "plain"):
        assert world.wf("run", name).code == 0
    return world


def of(world: World, workflow: str) -> str:
    """The run of a workflow."""
    listed = world.wf("ps", "-a", "--json").json()
    return next(str(run["name"]) for run in listed if run["workflow"] == workflow)


def named(document: Any) -> list[str]:
    return [run["workflow"] for run in document["runs"]]


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each line that has a label."""
    cells = (re.split(r" {2,}", line.strip()) for line in text.splitlines())
    return {first: rest for first, *rest in cells}


def test_two_runs_side_by_side(past: World) -> None:
    one, two = of(past, "train-one"), of(past, "train-two")
    done = past.wf("compare", one, two)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].split() == [one, two]
    table = rows(done.out)
    assert table["workflow"] == ["train-one", "train-two"]
    assert table["devices"] == ["1 core", "2 cores"]
    assert table["data"] == ["0.50s", "0.50s"]
    assert table["fit"] == ["8.0s", "5.0s"]
    assert table["samples/s"] == ["125", "200"]
    assert table["speed-up"] == ["1.00x", "1.60x"]
    assert table["efficiency"] == ["100 %", "80 %"]
    assert table["val_loss"] == ["0.125", "0.0625"]
    assert table["LOSS"] == ["0.125", "0.0625"]
    assert "SEED" not in table
    assert "seed 42" in done.out.splitlines()[-1]


def test_as_json(past: World) -> None:
    document = past.wf("compare", "train-one", "train-two", "--json").json()
    assert document["against"] == of(past, "train-one")
    assert document["basis"] == "throughput"
    first, second = document["runs"]
    assert list(first["phases"]) == ["environment", "wait", "data", "fit", "collection"]
    assert first["phases"]["fit"] == 8.0
    assert (second["throughput"], second["speed_up"], second["efficiency"]) == (200.0, 1.6, 0.8)
    assert second["devices"] == {"kind": "core", "number": 2}
    loss = second["metrics"]["val_loss"]
    assert (loss["last"], loss["best"], loss["count"]) == (0.0625, 0.0625, 3)
    assert {"what": "variable", "name": "LOSS", "values": ["0.125", "0.0625"]} in (
        document["differs"]
    )
    assert document["same"]["seed"] == "42"


@pytest.mark.parametrize("pattern", ["train-*", "train-???", "t*-[ot]*"])
def test_a_pattern_is_the_last_run_of_each_workflow_that_fits(past: World, pattern: str) -> None:
    assert named(past.wf("compare", pattern, "--json").json()) == ["train-two", "train-one"]


def test_runs_are_named_as_elsewhere_and_each_counts_once(past: World) -> None:
    one = of(past, "train-one")
    past.wf("tags", "add", "best", one)
    words = ("last", ":best", one, past.beginning(one), "train-*", "plain")
    assert named(past.wf("compare", *words, "--json").json()) == [
        "plain", "train-one", "train-two",
    ]  # fmt: skip


def test_the_name_of_a_workflow_is_its_last_run_in_this_project(past: World) -> None:
    other = World(past.home, past.home / "other", past.variables)
    other.workflows(FILE)
    other.wf("run", "plain")
    here = past.wf("compare", "plain", "train-one", "--json").json()["runs"][0]["name"]
    there = other.wf("compare", "plain", "train-one", "--json").json()["runs"]
    assert here != there[0]["name"]
    assert there[1]["workflow"] == "train-one"  # it has no run in the other one
    past.wf("rm", there[0]["name"])


def test_a_run_without_metrics_is_compared_all_the_same(past: World) -> None:
    done = past.wf("compare", "train-one", "plain")
    assert done.code == 0
    assert f"note: {of(past, 'plain')} keeps no metrics among the artifacts" in done.err
    assert rows(done.out)["fit"] == ["8.0s", "-"]


def test_a_run_that_goes_on_is_compared_as_far_as_it_is(world: World) -> None:
    gate = world.home / "gate"
    world.workflows(
        FILE + "  - name: long\n    provider: bash\n    commands:\n"
        "      - |\n"
        '        echo "phase: data 1.5 s" >> "$WF_NOTES"\n'
        '      - touch "$GATE.ready"\n'
        '      - until [ -e "$GATE" ]; do sleep 0.05; done\n'
    )
    world.wf("run", "train-one")
    process = world.start("run", "long", GATE=str(gate))
    try:
        until(gate.with_suffix(".ready").exists, "a running job")
        done = world.wf("compare", "train-one", "long")
    finally:
        gate.touch()
        process.wait(60)
    assert done.code == 0
    assert "is still running; this is what there is so far" in done.err
    assert rows(done.out)["status"] == ["succeeded", "running"]
    assert rows(done.out)["data"] == ["0.50s", "1.5s"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("last",), "nothing to compare"),
        (("last", "plain"), "nothing to compare"),
        (("last", "nothing-1"), "there is no run `nothing-1`"),
        (("last", "x*"), "no workflow that has runs fits `x*`"),
        (("last", "train-one", "--plot", "runs.gif"), "`.gif` is no kind of picture"),
        (("last", "train-one", "--plot", "runs"), "does not say which kind"),
    ],
)
def test_what_cannot_be_compared(past: World, words: tuple[str, ...], said: str) -> None:
    done = past.wf("compare", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
    assert "hint: " in done.err


def test_files_that_were_added_by_hand_are_no_run(past: World) -> None:
    past.write("file", "text")
    past.wf("tags", "add", "files", "-a", "file")
    done = past.wf("compare", ":files", "train-one")
    assert done.code == 64
    assert "added by hand" in done.err


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_a_picture(past: World, tmp_path: Path, kind: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"runs.{kind}"
    done = past.wf("compare", "train-one", "train-two", "plain", "--plot", str(path))
    assert done.code == 0, done.err
    assert f"drawn: {path}" in done.err
    assert path.read_bytes().startswith(begins)
    if kind == "svg":
        text = path.read_text()
        assert all(name in text for name in (of(past, "train-one"), "speed-up", "val_loss"))


def test_a_picture_that_cannot_be_written(past: World) -> None:
    pytest.importorskip("matplotlib")
    done = past.wf("compare", "train-one", "train-two", "--plot", "nowhere/runs.png")
    assert done.code == 73
    assert "nowhere/runs.png cannot be written" in done.err


def test_without_matplotlib_it_is_said_what_to_install(past: World) -> None:
    words = ["compare", "last", "train-one", "--plot", "a.png"]
    hidden = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "from runner.cli.main import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=past.project,
        env=past.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 69
    assert "--plot takes matplotlib, which is missing" in done.stderr
    assert "pip install 'wf[plot]'" in done.stderr
    assert not (past.project / "a.png").exists()
