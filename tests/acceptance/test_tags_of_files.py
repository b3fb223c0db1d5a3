"""Files that no run has made: kept with a tag, and given to workflows as if one had."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.unit.artifacts.taking_in import go_on

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: train
    provider: bash
    deps: [{tag: mnist}]
    artifacts: [out]
    commands: ["cat data/mnist/a > out/copy", "echo more >> data/mnist/a", "cat data/mnist/a"]
  - name: hosted
    provider: bash
    depends-on: [":mnist"]
    commands: ["cat data/mnist/deep/b"]
  - name: wrong
    provider: bash
    depends-on: ["train:mnist"]
    commands: ["true"]
"""


@pytest.fixture
def data(world: World) -> Path:
    """A folder of somebody's, in a project whose workflows want it by a tag."""
    world.workflows(FILE)
    world.write("data/mnist/a", "one\n").chmod(0o755)
    world.write("data/mnist/deep/b", "two\n")
    (world.project / "data/mnist/empty").mkdir()
    (world.project / "data/mnist/passwd").symlink_to("/etc/passwd")
    return world.project / "data" / "mnist"


def tagged(world: World, tag: str = "mnist") -> str:
    """The run that carries a tag."""
    return str(world.record(f":{tag}")["name"])


def test_a_folder_is_kept_and_a_workflow_takes_it(world: World, data: Path) -> None:
    added = world.wf("tags", "add", "mnist", "-a", "data/mnist")
    run = tagged(world)
    assert added.code == 0
    assert added.err == f"copied 3 files, 8 B\ngave the tag `mnist` to {run}\n"
    # the copy stands for itself
    (data / "a").write_text("changed since")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "one\nmore\n")
    assert world.wf("run", "hosted").out == "two\n"
    # and who writes into it does so in a copy of its own
    assert world.wf("artifacts", "cat", ":mnist:data/mnist/a").out == "one\n"
    (given,) = world.record(":mnist")["artifacts"]
    assert (given["path"], given["files"], given["bytes"]) == ("data/mnist", 3, 8)


def test_nothing_of_the_folder_is_moved_or_changed(world: World, data: Path) -> None:
    def look() -> list[tuple[str, int, int, int]]:
        return [
            (str(path), found.st_mode, found.st_ino, found.st_mtime_ns)
            for path in sorted(data.rglob("*"))
            for found in [path.lstat()]
        ]

    before = look()
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    assert look() == before
    kept = world.folder(tagged(world)) / "artifacts" / "data" / "mnist"
    assert not {path.lstat().st_ino for path in data.rglob("*")} & {
        path.lstat().st_ino for path in kept.rglob("*")
    }
    assert sorted(path.name for path in kept.rglob("*")) == ["a", "b", "deep", "empty", "passwd"]
    assert os.readlink(kept / "passwd") == "/etc/passwd"
    assert (kept / "a").stat().st_mode & 0o111 == 0o111
    assert (kept / "a").stat().st_mtime_ns == (data / "a").stat().st_mtime_ns


def test_its_record_says_that_no_workflow_made_it(world: World, data: Path) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    record = world.record("last")
    assert (record["status"], record["reason"]) == ("succeeded", "added")
    assert (record["workflow"], record["executor"], record["command"]) == (None, None, None)
    assert record["added"] == [{"path": "data/mnist", "from": str(data)}]
    assert record["project"] == str(world.project)
    assert [entry["status"] for entry in record["history"]] == [
        "pending",
        "collecting",
        "succeeded",
    ]
    assert record["plan"] == {"workflow": None, "jobs": []}
    (row,) = world.wf("ps", "--json").json()
    assert (row["workflow"], row["executor"], row["status"]) == (None, None, "succeeded")
    listed = world.wf("ps").out.splitlines()[1].split()
    assert listed[:4] == [record["name"], "-", "-", "succeeded"]
    shown = world.wf("show", "last").out
    assert f"added       data/mnist from {data}\n" in shown
    assert "None" not in shown
    assert "git" not in shown


@pytest.mark.usefixtures("data")
def test_the_index_knows_it_when_it_is_made_again(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    before = world.wf("ps", "-a", "--json").json()
    for file in Path(world.variables["WF_HOME"]).glob("*.sqlite*"):
        file.unlink()
    assert world.wf("ps", "-a", "--json").json() == before


@pytest.mark.usefixtures("data")
def test_every_verb_knows_what_to_say_of_it(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    run = tagged(world)
    assert world.wf("wait", ":mnist").code == 0
    assert world.wf("attach", run).code == 0
    assert f"{run} had ended before" in world.wf("stop", ":mnist").err
    logs = world.wf("logs", ":mnist")
    assert (logs.code, logs.out) == (0, "")
    assert logs.err == f"{run} has no log: its files were added by hand\n"
    for words in (["resume", run], ["run", "--locked", ":mnist"]):
        refused = world.wf(*words)
        assert refused.code == 64
        assert f"{run} is files that were added by hand: there is nothing to run" in refused.err
    refused = world.wf("run", "hosted", "--packages-of", "last")
    assert refused.code == 64
    assert "files that were added by hand; name another run" in refused.err


@pytest.mark.usefixtures("data")
def test_it_is_removed_as_any_run_is(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    run = tagged(world)
    assert "carries the tag `mnist`" in world.wf("rm", run).err
    kept = world.wf("prune", "--older-than", "off", "--dry-run")
    assert f"{run} stays: it carries a tag\n" in kept.err
    world.wf("tags", "delete", "mnist")
    # nobody asks for the newest files that were added
    pruned = world.wf("prune", "--older-than", "off", "--json").json()
    assert [(one["name"], one["workflow"]) for one in pruned["removed"]] == [(run, None)]
    assert world.runs() == []


@pytest.mark.usefixtures("data")
def test_a_run_that_was_given_it_keeps_it(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    added = tagged(world)
    assert world.wf("run", "train").code == 0
    (given,) = world.record()["dependencies"]
    assert (given["run"], given["workflow"], given["tag"]) == (added, None, "mnist")
    assert f":mnist · {added} · data/mnist" in world.wf("show", "last").out
    world.wf("tags", "delete", "mnist")
    kept = world.wf("prune", "--older-than", "off", "--dry-run").err
    assert f"{added} stays: {world.record()['name']} was made from it\n" in kept


@pytest.mark.usefixtures("data")
def test_it_is_no_run_of_any_workflow(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    refused = world.wf("run", "wrong")
    assert refused.code == 69
    assert "the tag `mnist` belongs to files added by hand, not `train`" in refused.err


@pytest.mark.usefixtures("data")
def test_several_paths_and_one_from_elsewhere(world: World, tmp_path: Path) -> None:
    far = tmp_path / "far away"
    far.mkdir()
    (far / "weights.pt").write_bytes(b"w" * 100)
    (world.project / "linked").symlink_to(far)
    unclear = world.wf("tags", "add", "all", "-a", str(far))
    assert unclear.code == 64
    assert "it is not clear where runs are to find it" in unclear.err
    assert f"-a '{far}':'far away'" in unclear.err
    words = ("-a", "data/mnist/a", "-a", f"{far}:nets", "-a", "linked")
    assert world.wf("tags", "add", *words, "all").code == 0
    kept = world.wf("artifacts", "list", ":all", "--json").json()["artifacts"]
    paths = {entry["path"] for artifact in kept for entry in artifact["entries"]}
    assert paths == {"data/mnist/a", "nets/weights.pt", "linked/weights.pt"}
    (tag,) = world.wf("tags", "list", "--json").json()
    assert [one["path"] for one in tag["artifacts"]] == ["data/mnist/a", "nets", "linked"]
    assert tag["bytes"] == 204
    listed = world.wf("tags").out.splitlines()
    assert listed[0].split() == ["TAG", "RUN", "ARTIFACTS", "SIZE", "AGE"]
    assert "data/mnist/a, nets, linked   204 B" in listed[1]


def test_the_path_is_that_from_the_project_folder(world: World, data: Path) -> None:
    """Wherever it was typed: a workflow runs from there."""
    world.workflows(FILE)
    typed = world.wf("tags", "add", "mnist", "-a", "mnist", timeout=60)
    assert "there is no `mnist`" in typed.err
    world.project, root = data.parent, world.project
    assert world.wf("tags", "add", "mnist", "-a", "mnist").code == 0
    world.project = root
    assert world.wf("run", "hosted").out == "two\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-a", "data/minst"], "did you mean `mnist`?"),
        (["-a", "data/mnist/empty"], "there is no file in data/mnist/empty"),
        (["-a", "dangling"], "`dangling` is a link to nowhere, where nothing is"),
        (["-a", "pipe"], "`pipe` is neither a file nor a folder"),
        (["-a", "."], "the whole project folder cannot be an artifact"),
        (["-a", "data:../data"], "`../data` leads out of the project folder"),
        (["-a", "data:~/data"], "a place in a home folder"),
        (["-a", "data", "-a", "data/mnist"], "`data/mnist` lies within `data`"),
        (["-a", "data", "-a", "data"], "`data` is named twice"),
        (["last", "-a", "data"], "a run beside -a"),
        ([], "a word is missing"),
        (["-a", "data", "--remote"], "wf artifacts push :mnist --to URL"),
    ],
)
@pytest.mark.usefixtures("data")
def test_what_cannot_be_added(world: World, words: list[str], said: str) -> None:
    (world.project / "dangling").symlink_to("nowhere")
    os.mkfifo(world.project / "pipe")
    refused = world.wf("tags", "add", "mnist", *words)
    assert refused.code == 64
    assert said in refused.err
    assert world.runs() == []
    assert world.wf("tags", "--json").json() == []


def test_what_wf_keeps_is_not_copied_into_itself(world: World) -> None:
    state = Path(world.variables["WF_HOME"])
    state.mkdir(parents=True)
    refused = world.wf("tags", "add", "all", "-a", f"{state.parent}:all")
    assert refused.code == 64
    assert "where wf keeps things" in refused.err


def test_a_pipe_within_is_left_out_and_said(world: World, data: Path) -> None:
    os.mkfifo(data / "deep" / "pipe")
    added = world.wf("tags", "add", "mnist", "-a", "data")
    assert added.code == 0
    assert "warning: data/mnist/deep/pipe is not a file, and so not kept\n" in added.err


def test_names_that_are_no_words(world: World) -> None:
    """A new line, a quote, bytes that are no UTF-8, and all that a name can hold."""
    names = [b"-rf", b"a\nb", b"it's", b"\xff\xfe", b"n" * 255, "é".encode()]
    folder = os.fsencode(world.project / "odd")
    os.mkdir(folder)
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(name)
    assert world.wf("tags", "add", "odd", "-a", "odd").code == 0
    kept = os.fsencode(world.folder(tagged(world, "odd")) / "artifacts" / "odd")
    assert sorted(os.listdir(kept)) == sorted(names)
    for name in names:
        with open(os.path.join(kept, name), "rb") as file:
            assert file.read() == name


@pytest.mark.usefixtures("data")
def test_a_kill_leaves_no_half_of_it(world: World) -> None:
    killed = world.wf("tags", "add", "mnist", "-a", "data/mnist", WF_FAILPOINTS="made=kill")
    assert killed.code == -signal.SIGKILL
    assert world.wf("ps", "-a", "--json").json() == []
    starting = Path(world.variables["WF_HOME"]) / "starting"
    assert list(starting.iterdir()) == []
    assert world.wf("tags", "add", "mnist", "-a", "data/mnist").code == 0
    assert world.wf("run", "hosted").out == "two\n"


@pytest.mark.usefixtures("data")
def test_an_interrupt_leaves_nothing(world: World) -> None:
    """Ctrl-C in the middle of it."""
    starting = Path(world.variables["WF_HOME"]) / "starting"
    process = world.start(
        "tags", "add", "mnist", "-a", "data/mnist", WF_FAILPOINTS="made=delay(60000)"
    )
    until(lambda: list(starting.glob("*/manifest.json")), "the copy")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert list(starting.iterdir()) == []
    assert world.runs() == []


@pytest.mark.usefixtures("data")
def test_the_same_files_once_more_leave_a_copy_that_can_go(world: World) -> None:
    world.wf("tags", "add", "mnist", "-a", "data/mnist")
    before = tagged(world)
    moved = world.wf("tags", "add", "mnist", "-a", "data/mnist")
    assert f"no longer to {before}" in moved.err
    assert world.wf("rm", before).code == 0
    assert world.wf("run", "hosted").out == "two\n"


def test_a_file_that_somebody_writes_to_meanwhile_is_named(world: World, data: Path) -> None:
    os.utime(data / "a", (1, 1))
    adding = world.start("tags", "add", "mnist", "-a", "data/mnist/a", WF_FAILPOINTS="opened=stop")
    assert os.WIFSTOPPED(os.waitpid(adding.pid, os.WUNTRACED)[1])
    (data / "a").write_text("o")
    go_on(adding.pid)
    assert adding.stderr is not None
    said = adding.stderr.read().decode()
    assert "warning: data/mnist/a was written to while it was copied\n" in said
    assert "copied 1 file, 1 B\n" in said
