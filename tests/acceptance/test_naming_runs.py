"""A run named on the command line: by its name, the beginning of it, ``last``, or ``:TAG``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.paths import Home
from tests.unit.records.made import make

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - {name: good, provider: bash, artifacts: [out], commands: [echo good > out/a, echo good]}
  - {name: bad, provider: bash, artifacts: [out], commands: [echo bad > out/a, exit 3]}
"""
LOOKING = (
    ["show", "--json"],
    ["attach"],
    ["stop"],
    ["wait"],
    ["artifacts", "list"],
    ["artifacts", "tree"],
    ["tags", "add", "another"],
)
MAKING = (["resume"], ["run", "--locked"], ["run", "good", "--packages-of"])
VERBS = (*LOOKING, *MAKING, ["logs"], ["rm"], ["env", "show"])
"""Every verb that takes a run, up to that."""


def ways(world: World, run: str) -> list[str]:
    """All the words that name a run, which is the newest."""
    world.wf("tags", "add", "chosen", run)
    return [run, beginning(world, run), ":chosen", "last"]


def beginning(world: World, run: str) -> str:
    """The shortest beginning of a run's name that no other has, of those there are now."""
    others = [name for name in world.runs() if name != run]
    # with a dash: what has none can be a fingerprint as well, where environments are looked at
    beginnings = (run[:end] for end in range(run.index("-") + 1, len(run)))
    return next(start for start in beginnings if not any(name.startswith(start) for name in others))


def test_verbs_that_look_take_a_run_in_every_way(world: World) -> None:
    home = Home(world.home / "state")
    make(home, "old-fox-1", days=2)
    make(home, "old-owl-1", days=1)
    for verb in LOOKING:
        for word in ways(world, "old-owl-1"):
            done = world.wf(*verb, word)
            assert done.code == 0, (verb, word, done.err)
            assert "old-owl-1" in done.out + done.err
            assert "old-fox-1" not in done.out + done.err


def test_logs_and_environments_are_named_in_every_way(world: World) -> None:
    world.workflows(FILE)
    world.wf("run", "bad")
    world.wf("run", "good")
    run = world.record()["name"]
    for word in ways(world, run):
        assert world.wf("logs", word).out == "good\n"
        assert world.wf("env", "show", word, "--json").json()["run"] == run


def test_verbs_that_make_another_run_take_one_in_every_way(world: World) -> None:
    world.workflows(FILE)
    for verb in MAKING:
        # the newest there is, of which something can be made in that way
        world.wf("run", "bad" if verb == ["resume"] else "good")
        run = world.record()["name"]
        world.wf("tags", "add", "chosen", run)
        for word in ("last", ":chosen", "", run):
            before = set(world.runs())
            # runs that were made meanwhile may begin like it
            world.wf(*verb, word or beginning(world, run))
            (made,) = set(world.runs()) - before
            record = world.record(made)
            assert run in {record["resumed_from"], record["environment"]["locked"]}


def test_a_run_is_removed_in_every_way_but_by_its_tag(world: World) -> None:
    home = Home(world.home / "state")
    for days, name in enumerate(("wet-dog-1", "red-cat-1", "old-owl-1", "shy-bat-1")):
        make(home, name, days=days)
    world.wf("tags", "add", "chosen", "shy-bat-1")
    assert [world.wf("rm", word).code for word in ("old-owl-1", "red", "last", ":chosen")] == [
        *[0] * 3,
        64,
    ]
    assert world.runs() == ["shy-bat-1"]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_word_that_names_none_is_said_the_same_way_everywhere(
    world: World, verb: list[str]
) -> None:
    world.workflows(FILE)
    home = Home(world.home / "state")
    make(home, "old-fox-1")
    make(home, "old-fox-2")
    world.wf("tags", "add", "best", "old-fox-1")
    told = {
        ":worst": "there is no tag `worst`\nhint: the tags are: best\n",
        ":bset": "there is no tag `bset`\nhint: did you mean `best`?\n",
        "best": "there is no run `best`\nhint: did you mean the tag `:best`?\n",
        "old-fix-1": "there is no run `old-fix-1`\nhint: did you mean `old-fox-1`?\n",
        "train": "there is no run `train`\n"
        "hint: the newest run of the workflow `train` is old-fox-",
        "xyz": "there is no run `xyz`\nhint: `wf ps -a` lists all runs\n",
        "old-fox": "`old-fox` fits more than one run: old-fox-1, old-fox-2\n"
        "hint: write more of the name\n",
    }
    for word, said in told.items():
        refused = world.wf(*verb, word)
        assert refused.code == 64
        assert refused.err.startswith(f"error: {said}")
    assert world.runs() == ["old-fox-1", "old-fox-2"]


def test_of_many_that_fit_a_few_are_named(world: World) -> None:
    home = Home(world.home / "state")
    for number in range(9):
        make(home, f"old-fox-{number}")
    refused = world.wf("show", "old")
    assert "old-fox-0, old-fox-1, old-fox-2, old-fox-3, old-fox-4, …\n" in refused.err


def test_a_name_is_not_the_beginning_of_another_one(world: World) -> None:
    home = Home(world.home / "state")
    make(home, "old-fox-1")
    make(home, "old-fox-10")
    assert world.record("old-fox-1")["name"] == "old-fox-1"


def test_a_run_that_is_gone_is_said_of_its_tag(world: World) -> None:
    import shutil

    home = Home(world.home / "state")
    paths = make(home, "old-fox-1")
    world.wf("tags", "add", "best", "old-fox-1")
    shutil.rmtree(paths.root)
    refused = world.wf("show", ":best")
    assert refused.code == 64
    assert refused.err == (
        "error: old-fox-1, which carries the tag `best`, is gone\nhint: wf tags delete best\n"
    )
    (tag,) = world.wf("tags", "list", "--json").json()
    assert (tag["workflow"], tag["artifacts"], tag["bytes"]) == (None, [], 0)
