"""``wf artifacts verify``: what is said of runs whose files are, or are not, what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import World

WORKFLOW = """\
workflows:
  - name: make
    provider: bash
    artifacts: [out]
    commands:
      - echo weights > out/model
      - echo $SEED > out/seed
"""


def test_runs_that_share_a_damaged_file_are_both_named(world: World) -> None:
    world.workflows(WORKFLOW)
    for seed in "12":
        assert world.wf("run", "make", "-e", f"SEED={seed}", "-d", "--fresh").code == 0
        assert world.wf("wait", "last").code == 0
    second, first = (row["name"] for row in world.wf("ps", "-a", "--json").json())
    done = world.wf("artifacts", "verify")
    assert (done.code, done.out) == (0, f"{second}   intact\n{first}   intact\n")
    model = world.folder(first) / "artifacts" / "out" / "model"
    model.chmod(0o644)
    model.write_text("Weights\n")
    done = world.wf("artifacts", "verify")
    assert done.code == 73
    said = "damaged: not what was kept: out/model"
    assert done.out == f"{second}   {said}\n{first}   {said}\n"
    assert done.err == "no run to come will have a part in 1 damaged file\n"
    told = world.wf("artifacts", "verify", first, "--json")
    assert (told.code, [run["run"] for run in told.json()]) == (73, [first])
    assert told.json()[0]["changed"] == ["out/model"]


def test_a_manifest_that_cannot_be_read_is_damage(world: World) -> None:
    world.workflows(WORKFLOW)
    assert world.wf("run", "make").code == 0
    run = world.wf("ps", "-a", "--json").json()[0]["name"]
    (world.folder(run) / "manifest.json").write_text("{")
    done = world.wf("artifacts", "verify", run)
    assert (done.code, done.out) == (73, f"{run}   damaged: with another list: manifest.json\n")


def test_damage_by_hand_is_told_by_every_command_and_stops_none(world: World) -> None:
    world.workflows(WORKFLOW)
    for seed in "12":
        assert world.wf("run", "make", "-e", f"SEED={seed}", "--fresh").code == 0
    second, first = (row["name"] for row in world.wf("ps", "-a", "--json").json())
    manifest = world.folder(first) / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"files": 2', '"files": null'))
    done = world.wf("artifacts", "verify")
    said = f"{second}   intact\n{first}   damaged: with another list: manifest.json\n"
    assert (done.code, done.out) == (73, said)
    for words in (("list", first), ("tree", first), ("push", first, "--to", "there")):
        done = world.wf("artifacts", *words)
        assert (done.code, f"the manifest of {first} is damaged" in done.err) == (73, True)
    manifest.write_text(whole)
    (listed,) = (world.folder(first) / "manifest").iterdir()
    listed.write_text(listed.read_text().replace('"out/model"', "7"))
    done = world.wf("artifacts", "verify")
    assert (done.code, done.out) == (
        73,
        f"{second}   intact\n{first}   damaged: with another list: out\n",
    )
    for words in (("list", first), ("tree", first), ("push", first, "--to", "there")):
        done = world.wf("artifacts", *words)
        assert (done.code, f"the list of what {first} keeps is damaged" in done.err) == (73, True)
    assert not (world.project / "there" / "runs").exists()


def test_a_damaged_input_ends_the_run_that_was_to_have_it(world: World) -> None:
    world.workflows(
        WORKFLOW + "  - {name: use, provider: bash, deps: [':best'], commands: [cat out/model]}\n"
    )
    assert world.wf("run", "make", "-t", "best").code == 0
    (run,) = world.runs()
    (listed,) = (world.folder(run) / "manifest").iterdir()
    listed.write_text(listed.read_text().replace('"bytes":8', '"bytes":9'))
    done = world.wf("run", "use")
    assert done.code == 73
    assert f"the list of what {run} keeps is damaged: it has a list that" in done.err


def test_a_run_that_has_left_a_pipe_is_intact(world: World) -> None:
    world.workflows(WORKFLOW.replace("echo $SEED > out/seed", "mkfifo out/pipe"))
    done = world.wf("run", "make")
    assert (done.code, "not files, and so not kept: out/pipe" in done.err) == (0, True)
    assert world.wf("artifacts", "verify", "last").code == 0
