"""Looking at what runs keep: all actions of ``wf artifacts``, and the addresses they take."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

TRAIN = """\
workflows:
  - name: train
    provider: python
    script: train.py
    environment: {LOSS: "0.5", MORE: ""}
    artifacts: [model, notes.md]
"""
SCRIPT = """\
import os, zipfile
loss = os.environ["LOSS"]
os.makedirs("model/logs/version_0", exist_ok=True)
open("model/last.ckpt", "wb").write(bytes(range(256)) * 40)
open("model/logs/version_0/hparams.yaml", "w").write(f"lr: {loss}\\nlayers: 2\\n")
os.symlink("version_0", "model/logs/latest")
os.symlink("../notes.md", "model/notes")
open("model/run.sh", "w").write("echo hi")
os.chmod("model/run.sh", 0o750)
open("notes.md", "w").write(f"# Notes\\n\\nthe loss was {loss}\\n")
exec(os.environ["MORE"])
"""


def train(world: World, loss: str = "0.5", more: str = "") -> str:
    """Run it; the run's name."""
    world.workflows(TRAIN)
    world.write("train.py", SCRIPT)
    done = world.wf("run", "train", "-e", f"LOSS={loss}", "-e", f"MORE={more}", "--json")
    assert done.code == 0, done.err
    return str(done.json()["name"])


def raw(world: World, *words: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    """A command whose output is no text."""
    return subprocess.run(
        world.argv(*words), cwd=world.project, env=world.variables, check=False, timeout=60,
        **(streams or {"capture_output": True}),
    )  # fmt: skip


def refused(done: Result, code: int, *said: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    for part in said:
        assert part in done.err
    assert "Traceback" not in done.err


# --- addresses and help -------------------------------------------------------------------------


def test_every_action_teaches_by_example(world: World) -> None:
    from runner.cli.commands.artifacts import ACTIONS

    overview = world.wf("artifacts", "--help")
    assert overview.code == 0
    for action, summary in ACTIONS.items():
        assert f"{action} " in overview.out
        assert summary in overview.out
        own = world.wf("artifacts", action, "--help")
        assert (own.code, own.err) == (0, "")
        assert f"usage: wf artifacts {action}" in own.out
        assert f"  wf artifacts {action} " in own.out.partition("examples:\n")[2]


def test_a_run_alone_is_listed(world: World) -> None:
    run = train(world)
    assert world.wf("artifacts", run).out == world.wf("artifacts", "list", run).out
    assert world.wf("artifacts", run, "--json").json()["run"] == run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tre", "last"), "did you mean `tree`?"),
        (("wet-mango-99",), "there is no action and no run `wet-mango-99`"),
        (("cat", "last"), "names no file"),
        (("cat", "last:last.ckpt"), ":model/last.ckpt`?"),
        (("cat", "last:model/lost.ckpt"), ":model/last.ckpt`?"),
        (("cat", "last:model"), "`model` is a folder"),
        (("cat", "last:model/logs/latest"), "`model/logs/latest` is a folder"),
        (("cat", "last:../../submitted.json"), "there is: model, notes.md"),
        (("cat", "last:/etc/passwd"), "keeps no `/etc/passwd`"),
        (("tree", "last:data"), "there is: model, notes.md"),
        (("tree", "last", "-L", "0"), "a number of at least 1"),
        (("pull", "last", "data"), "keeps no `data`"),
        (("pull", ":nothing"), "there is no tag `nothing`"),
        (("diff", "last"), "RUN[:PATH]"),
        (("diff", "last:data", "last"), "keeps no `data`"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    world: World, words: tuple[str, ...], said: str
) -> None:
    train(world)
    refused(world.wf("artifacts", *words), 64, said)


@pytest.mark.parametrize("path", ["notes.md", "./notes.md", "model/notes", "notes.md/"])
def test_a_path_may_be_written_in_several_ways(world: World, path: str) -> None:
    train(world)
    assert world.wf("artifacts", "cat", f"last:{path}").out.endswith("the loss was 0.5\n")


def test_a_tag_stands_for_its_run(world: World) -> None:
    train(world, "0.25")
    world.wf("tags", "add", "best", "last")
    train(world)
    assert "0.25" in world.wf("artifacts", "cat", ":best:notes.md").out
    assert "0.25" not in world.wf("artifacts", "cat", "last:notes.md").out


# --- list and tree ------------------------------------------------------------------------------


def test_a_tree_has_sizes_counts_and_digests(world: World) -> None:
    run = train(world)
    lines = world.wf("artifacts", "tree", run).out.splitlines()
    assert lines[0].startswith(f"{run}   6 files, ")
    words = [line.replace("(link) ", "").lstrip("│├└─ ").split() for line in lines[1:]]
    rows = {name: facts for name, *facts in words}
    assert rows["model/"][-2:] == ["5", "files"]
    assert rows["last.ckpt"][:2] == ["10.2", "kB"]
    assert rows["version_0/"][-2:] == ["1", "file"]
    entries = world.wf("artifacts", "tree", run, "--json").json()["artifacts"][0]["entries"]
    digest = next(one["digest"] for one in entries if one["path"] == "model/last.ckpt")
    assert digest.startswith(f"blake3:{rows['last.ckpt'][-1]}")


def test_a_part_of_a_run(world: World) -> None:
    train(world)
    tree = world.wf("artifacts", "tree", "last:model/logs").out
    assert "hparams.yaml" in tree
    assert "last.ckpt" not in tree
    assert "hparams" not in world.wf("artifacts", "tree", "last", "-L", "2").out
    (row,) = world.wf("artifacts", "list", "last:model/logs").out.splitlines()[1:]
    assert row.split()[:2] == ["model/logs", "2"]


def link_all(world: World, first: str, second: str) -> None:
    """Have two runs keep the same files, as the pool does."""
    for folder, _, names in os.walk(world.folder(first) / "artifacts"):
        for name in names:
            source = os.path.join(folder, name)
            target = source.replace(f"/{first}/", f"/{second}/")
            if os.path.exists(target) and not os.path.islink(source):
                os.unlink(target)
                os.link(source, target)


def test_what_other_runs_keep_as_well_is_not_counted_twice(world: World) -> None:
    first, second = train(world), train(world)
    link_all(world, first, second)
    told = world.wf("artifacts", "list", second)
    assert all(first in line for line in told.out.splitlines()[1:])
    assert ", 0 B of it this run's alone: 4 files are shared with others" in told.err
    document = world.wf("artifacts", "list", second, "--json").json()
    assert document["own_bytes"] == 0 < document["disk_bytes"]
    assert {artifact["same_as"] for artifact in document["artifacts"]} == {first}
    assert f"same as {first}" in world.wf("artifacts", "tree", second).out
    assert world.wf("rm", first).code == 0
    alone = world.wf("artifacts", "list", second, "--json").json()
    assert alone["own_bytes"] == alone["disk_bytes"] == document["disk_bytes"]
    assert "other runs" not in world.wf("artifacts", "list", second).err


AWKWARD = ["-rf", "two\nlines", "\x1b[2J\x07", "a'b\"c", "w" * 255, "p\u0430ypal", "\u202egnp.exe"]


def test_no_name_can_harm_a_terminal_or_a_line(world: World) -> None:
    names = f"[os.path.join('model', n) for n in {AWKWARD!r}]"
    train(world, more=f"[open(n, 'w').write('x') for n in {names}]; open(b'model/\\xff', 'w')")
    for words in (["list", "last"], ["tree", "last"], ["diff", "last:model/logs", "last"]):
        done = world.wf("artifacts", *words)
        text = done.out + done.err
        assert all(c.isprintable() or c == "\n" for c in text), words
        assert "two\\nlines" in text or words[0] == "list"
    for name in AWKWARD:
        assert world.wf("artifacts", "cat", f"last:model/{name}").out == "x"
    pulled = world.wf("artifacts", "pull", "last", "-o", "out")
    assert pulled.code == 0
    assert {*AWKWARD, "\udcff"} <= set(os.listdir(world.project / "out" / "model"))
    assert json.loads(world.wf("artifacts", "tree", "last", "--json").out)


# --- cat ----------------------------------------------------------------------------------------


def test_cat_writes_the_very_bytes(world: World) -> None:
    train(world)
    done = raw(world, "artifacts", "cat", "last:model/last.ckpt", "last:model/run.sh")
    assert done.stdout == bytes(range(256)) * 40 + b"echo hi"
    assert (done.returncode, done.stderr) == (0, b"")


def test_cat_follows_the_links_of_a_run_as_long_as_they_stay_in_it(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    links = f"os.symlink({str(tmp_path / 'secret')!r}, 'model/out'); os.symlink('b', 'model/b')"
    train(world, more=links)
    assert "lr: 0.5" in world.wf("artifacts", "cat", "last:model/logs/latest/hparams.yaml").out
    refused(world.wf("artifacts", "cat", "last:model/out"), 64, "is a link to", "keeps no file")
    refused(world.wf("artifacts", "cat", "last:model/b"), 64, "is a link to b")


def test_cat_tells_that_a_file_is_damaged(world: World) -> None:
    run = train(world)
    kept = world.folder(run) / "artifacts" / "notes.md"
    kept.chmod(0o644)
    kept.write_text(kept.read_text().replace("0.5", "0.1"))
    done = world.wf("artifacts", "cat", "last:notes.md")
    assert (done.code, done.out) == (73, "")
    assert "notes.md is damaged" in done.err
    kept.unlink()
    kept.symlink_to("/etc/hostname")
    refused(world.wf("artifacts", "cat", "last:notes.md"), 73, "notes.md cannot be read")


@pytest.mark.integration
def test_a_terminal_is_shown_no_bytes_that_it_would_act_on(world: World) -> None:
    run = train(world, more="open('model/t', 'w').write('a\\x1b[2Jb\\r\\n')")
    text, binary = (
        on_terminal(world, "artifacts", "cat", f"last:model/{name}") for name in ("t", "last.ckpt")
    )
    assert b"a\\x1b[2Jb" in text
    assert b"is no text" in binary
    assert f"wf artifacts cat {run}:model/last.ckpt > FILE".encode() in binary


def on_terminal(world: World, *words: str) -> bytes:
    import pty

    ours, theirs = pty.openpty()
    try:
        raw(world, *words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        return os.read(ours, 1 << 16)
    finally:
        os.close(ours)
        os.close(theirs)


# --- open ---------------------------------------------------------------------------------------


def test_open_says_where_it_is(world: World) -> None:
    run = train(world)
    printed = world.wf("artifacts", "open", "last:model/logs", "--print")
    assert printed.out == f"{world.folder(run)}/artifacts/model/logs\n"
    refused(world.wf("artifacts", "open", "last"), 69, "no desktop", "--print")
    refused(world.wf("artifacts", "open", "last:data", "--print"), 64, "keeps no `data`")


def test_open_starts_the_program_of_the_desktop(world: World, tmp_path: Path) -> None:
    run = train(world)
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened.new\n'
                      f"mv {tmp_path}/opened.new {tmp_path}/opened\n")  # fmt: skip
    opener.chmod(0o755)
    path = f"{opener.parent}{os.pathsep}{world.variables['PATH']}"
    done = world.wf("artifacts", "open", "last:model", DISPLAY=":0", PATH=path)
    assert done.code == 0
    opened = tmp_path / "opened"
    until(opened.exists)
    assert opened.read_text() == f"{world.folder(run)}/artifacts/model\n"


# --- pull ---------------------------------------------------------------------------------------


def test_pull_gives_copies_at_the_paths_that_the_job_had(world: World, tmp_path: Path) -> None:
    run = train(world)
    done = world.wf("artifacts", "pull", run, "-o", str(tmp_path / "out" / "deep"))
    assert (done.code, done.out) == (0, "")
    out = tmp_path / "out" / "deep"
    assert (out / "model/last.ckpt").read_bytes() == bytes(range(256)) * 40
    assert os.readlink(out / "model/logs/latest") == "version_0"
    assert stat.S_IMODE((out / "model/run.sh").stat().st_mode) == 0o750
    with (out / "notes.md").open("a") as file:
        file.write("mine")
    assert "mine" not in (world.folder(run) / "artifacts" / "notes.md").read_text()


def test_pull_takes_paths_and_old_words(world: World) -> None:
    train(world)
    assert world.wf("artifacts", "pull", "last", "model/run.sh", "notes.md").code == 0
    there = sorted(path.name for path in (world.project / "model").iterdir())
    assert (there, (world.project / "notes.md").exists()) == (["run.sh"], True)
    document = world.wf("artifacts", "download", "last", "-o", "out", "--json").json()
    assert document["folder"] == str(world.project / "out")
    assert (document["files"], document["there_already"]) == (6, 0)


def test_pull_writes_over_nothing(world: World) -> None:
    train(world)
    world.wf("artifacts", "pull", "last")
    world.write("notes.md", "mine")
    world.write("model/logs/version_0/hparams.yaml", "mine")
    (world.project / "model/run.sh").unlink()
    done = world.wf("artifacts", "pull", "last")
    refused(done, 73, "notes.md is there with other content", "hparams.yaml is there", "--force")
    assert not (world.project / "model/run.sh").exists()
    assert (world.project / "notes.md").read_text() == "mine"
    forced = world.wf("artifacts", "pull", "last", "--force", "--json").json()
    assert (forced["files"], forced["there_already"]) == (3, 3)
    assert "the loss" in (world.project / "notes.md").read_text()
    again = world.wf("artifacts", "pull", "last")
    assert (again.code, again.err) == (0, "6 files were there already\n")


def test_pull_follows_no_link_of_the_folder_it_writes_into(world: World, tmp_path: Path) -> None:
    train(world)
    outside = tmp_path / "outside"
    outside.mkdir()
    (world.project / "model").symlink_to(outside)
    refused(world.wf("artifacts", "pull", "last"), 73, "model is a link, and a folder belongs")
    assert world.wf("artifacts", "pull", "last", "--force").code == 0
    assert list(outside.iterdir()) == []
    assert (world.project / "model/last.ckpt").is_file()


def test_pull_never_removes_a_folder(world: World) -> None:
    train(world)
    world.write("notes.md/precious", "mine")
    done = world.wf("artifacts", "pull", "last", "--force")
    refused(done, 73, "notes.md is a folder, and a file belongs there")
    assert (world.project / "notes.md/precious").read_text() == "mine"


def test_pull_hands_on_nothing_that_is_damaged(world: World) -> None:
    run = train(world)
    notes = world.folder(run) / "artifacts/notes.md"
    notes.chmod(0o644)
    notes.write_text(notes.read_text().swapcase())
    done = world.wf("artifacts", "pull", run, "-o", "out")
    refused(done, 73, f"notes.md is not what {run} has left behind", f"verify {run}")
    assert not (world.project / "out/notes.md").exists()
    kept, copied = (world.folder(run) / "artifacts", world.project / "out")
    assert below(kept) - below(copied) == {"notes.md"}
    world.write("notes.md", "mine")
    done = world.wf("artifacts", "pull", run, "notes.md", "--force")
    refused(done, 73, f"notes.md is not what {run} has left behind", "all else was copied")
    assert (world.project / "notes.md").read_text() == "mine"


def below(root: Path) -> set[str]:
    """The paths of what lies below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_pull_says_which_folder_it_cannot_make(world: World) -> None:
    train(world)
    done = world.wf("artifacts", "pull", "last", "-o", "/proc/here")
    refused(done, 73, "the folder /proc/here cannot be made", "-o DIR")


def test_a_pull_that_was_killed_is_finished_by_the_next(world: World) -> None:
    more = "[open(f'model/{n}', 'wb').write(os.urandom(1 << 16)) for n in range(400)]"
    run = train(world, more=more)
    process = world.start("artifacts", "pull", run, "-o", "out")
    model = world.project / "out" / "model"
    until(lambda: model.is_dir() and len(os.listdir(model)) > 5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = world.wf("artifacts", "pull", run, "-o", "out")
    assert done.code == 0, done.err
    kept = world.folder(run) / "artifacts"
    assert subprocess.run(["diff", "-r", kept, world.project / "out"], check=False).returncode == 0


@pytest.mark.parametrize("target", ["notes", "notes/deeper"])
def test_a_folder_that_cannot_be_written_is_named(world: World, target: str) -> None:
    train(world)
    world.write("notes", "a file")
    done = world.wf("artifacts", "pull", "last", "-o", target)
    refused(done, 73, f"{world.project}/notes")


def test_what_is_gone_from_the_store_is_named(world: World) -> None:
    run = train(world)
    (world.folder(run) / "artifacts/model/last.ckpt").unlink()
    done = world.wf("artifacts", "pull", "last", "-o", "out")
    refused(done, 73, "model/last.ckpt", f"wf artifacts verify {run}")


# --- diff ---------------------------------------------------------------------------------------


def test_two_runs_that_keep_the_same(world: World) -> None:
    first, second = train(world), train(world)
    done = world.wf("artifacts", "diff", first, second)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"{first} → {second}", "6 files are the same"]


def test_what_was_added_changed_moved_and_removed(world: World) -> None:
    first = train(world)
    more = (
        "os.rename('model/last.ckpt', 'model/epoch=1.ckpt'); os.unlink('model/notes'); "
        "open('model/new', 'w').write('x'); os.chmod('model/run.sh', 0o640)"
    )
    second = train(world, "0.25", more)
    done = world.wf("artifacts", "diff", first, second)
    assert done.code == 1
    rows = [line.split() for line in done.out.splitlines()]
    assert ["removed", "model/notes", "0", "B"] in rows
    assert ["added", "model/new", "1", "B"] in rows
    assert ["moved", "model/last.ckpt", "→", "model/epoch=1.ckpt", "10.2", "kB"] in rows
    assert ["changed", "model/run.sh", "mode", "750", "→", "640"] in rows
    assert ["lr", "0.5", "→", "0.25"] in rows
    document = world.wf("artifacts", "diff", first, second, "--json").json()
    assert [one["path"] for one in document["added"]] == ["model/new"]
    assert document["same"] == 1
    (contents,) = document["contents"]
    assert contents["facts"] == [{"name": "lr", "before": 0.5, "after": 0.25}]


def test_two_texts_are_compared_line_by_line(world: World) -> None:
    first, second = train(world), train(world, "0.25")
    done = world.wf("artifacts", "diff", f"{first}:notes.md", f"{second}:notes.md")
    assert done.code == 1
    assert "-the loss was 0.5\n+the loss was 0.25\n" in done.out
    whole = world.wf("artifacts", "diff", first, second)
    assert "-the loss" not in whole.out
    assert "-the loss was 0.5\n" in world.wf("artifacts", "diff", first, second, "--text").out


def test_two_files_that_are_no_texts_are_named(world: World) -> None:
    first = train(world, more="open('model/raw', 'wb').write(b'\\0' * 9)")
    second = train(
        world, more=f"open('model/{'n' * 200}', 'w'); open('model/raw', 'wb').write(b'\\1')"
    )
    done = world.wf("artifacts", "diff", f"{first}:model/raw", f"{second}:model/raw")
    assert done.code == 1
    assert "changed   model/raw   9 B → 1 B\n" in done.out
    whole = world.wf("artifacts", "diff", first, second).out.splitlines()
    short = [line for line in whole if not line.startswith("added")]
    assert all(len(line) < 80 for line in short), short


def test_folders_of_one_run_can_be_compared(world: World) -> None:
    train(world, more="import shutil; shutil.copytree('model/logs/version_0', 'model/copy')")
    done = world.wf("artifacts", "diff", "last:model/logs/version_0", "last:model/copy")
    assert (done.code, done.out.splitlines()[1:]) == (0, ["1 file is the same"])


def test_metrics_and_images_of_two_runs_are_compared(world: World) -> None:
    more = (
        "open('model/metrics.csv', 'w').write('step,loss\\n0,2.0\\n1,' + loss + '\\n'); "
        "size = int(float(loss) * 100); "
        "open('model/x.gif', 'wb').write(b'GIF89a' + bytes([size, 0, 7, 0, 0, 0, 0]))"
    )
    first, second = train(world, "0.5", more), train(world, "0.25", more)
    done = world.wf("artifacts", "diff", first, second)
    rows = [line.split() for line in done.out.splitlines()]
    assert ["loss", "0.5", "→", "0.25", "0.5", "to", "2", "→", "0.25", "to", "2"] in rows
    assert ["size", "50", "x", "7", "→", "25", "x", "7"] in rows
    (loss,) = world.wf("artifacts", "diff", first, second, "--json").json()["metrics"]
    assert (loss["name"], loss["before"]["last"], loss["after"]["last"]) == ("loss", 0.5, 0.25)


PRIVATE = """\
workflows:
  - name: keys
    provider: bash
    commands: [mkdir -p out/priv/deep, echo k > out/priv/deep/key, "chmod $MODE out/priv"]
    artifacts: [out]
"""


def test_a_closed_folder_stays_one_wherever_it_goes(world: World) -> None:
    world.workflows(PRIVATE)
    for mode in ("755", "700"):
        assert world.wf("run", "keys", "-e", f"MODE={mode}", "--fresh").code == 0
    closed, opened = (row["name"] for row in world.wf("ps", "-a", "--json").json())
    tree = world.wf("artifacts", "tree", closed).out.splitlines()
    assert [line.lstrip("│├└─ ").split()[0] for line in tree[1:]] == [
        "out/",
        "priv/",
        "deep/",
        "key",
    ]
    assert tree[2].endswith("1 file")
    diff = world.wf("artifacts", "diff", opened, closed).out
    assert "out/priv" in diff
    assert "mode 755 → 700" in diff
    refused(world.wf("artifacts", "cat", f"{closed}:out/priv"), 64, "in it: out/priv/deep/key")
    assert world.wf("artifacts", "push", closed, "--to", "there").code == 0
    for more in ((), ("out/priv/deep/key",)):
        for where in ((), ("--from", "there")):
            to = f"its-{len(more)}{len(where)}"
            assert world.wf("artifacts", "pull", closed, *more, *where, "-o", to).code == 0
            found = world.project / to / "out/priv"
            assert (found / "deep/key").read_text() == "k\n"
            assert [stat.S_IMODE(path.stat().st_mode) for path in (found, found / "deep")] == [
                0o700,
                0o755,
            ]


# --- runs that go on ----------------------------------------------------------------------------


def test_a_run_that_goes_on_and_has_nothing_to_show(world: World) -> None:
    world.workflows(
        "workflows:\n  - {name: long, provider: bash, commands: [echo on, sleep 600], "
        "artifacts: [model]}\n"
    )
    process = world.start("run", "long")
    run = world.running()
    done = world.wf("artifacts", "list", run)
    assert (done.code, done.out) == (0, "")
    assert "goes on" in done.err
    assert "mount: true" in done.err
    refused(world.wf("artifacts", "cat", f"{run}:model/a"), 64, "keeps nothing as yet")
    assert world.wf("artifacts", "list", run, "--json").json()["live"] is True
    assert process.poll() is None


LIVE = """\
workflows:
  - name: long
    provider: bash
    commands:
      - echo one > out/a
      - echo extra > $WF_ARTIFACTS/extra.txt
      - ln -s /etc out/outside
      - touch started
      - sleep 600
    artifacts: [{path: out, mount: true}, later]
"""


def test_a_run_that_goes_on_is_seen_as_far_as_it_is_mounted(world: World) -> None:
    world.workflows(LIVE)
    world.start("run", "long")
    run = world.running()
    until((world.folder(run) / "workspace" / "started").exists)
    told = world.wf("artifacts", "tree", run)
    assert "goes on: this is what is there so far" in told.err
    names = [line.lstrip("│├└─ ").split()[0] for line in told.out.splitlines()[1:]]
    assert names == ["out/", "a", "outside", "extra.txt"]
    assert world.wf("artifacts", "cat", f"{run}:out/a", f"{run}:extra.txt").out == "one\nextra\n"
    refused(world.wf("artifacts", "cat", f"{run}:out/outside/passwd"), 64)
    (out, _) = world.wf("artifacts", "list", run, "--json").json()["artifacts"]
    assert {entry["digest"] for entry in out["entries"]} == {None}
    assert world.wf("artifacts", "pull", run, "-o", "its").code == 0
    assert (world.project / "its/out/a").read_text() == "one\n"
    again = world.wf("artifacts", "pull", run, "-o", "its")
    assert again.err == "3 files were there already\n"
    unknown = world.wf("artifacts", "verify", run)
    assert (unknown.code, unknown.out) == (0, "")
    assert unknown.err == f"{run} has not kept anything as yet: wf wait {run}\n"
    world.wf("stop", run)
    assert world.wf("artifacts", "diff", run, run).code == 0
    assert "goes on" not in world.wf("artifacts", "tree", run).err


def test_what_is_written_beside_a_mounted_path_is_seen(world: World) -> None:
    world.workflows(
        LIVE.replace("path: out,", "path: out/model,")
        .replace("out/a", "out/model/a")
        .replace("echo extra > $WF_ARTIFACTS/extra.txt", "echo extra > $WF_ARTIFACTS/out/log")
    )
    world.start("run", "long")
    run = world.running()
    until((world.folder(run) / "workspace" / "started").exists)
    listed = world.wf("artifacts", "list", run, "--json").json()["artifacts"]
    paths = ["out/model", "out/log"]
    assert [one["path"] for one in listed if one["entries"]] == paths
    assert (
        world.wf("artifacts", "cat", f"{run}:out/model/a", f"{run}:out/log").out == "one\nextra\n"
    )
    world.wf("stop", run)
    kept = world.wf("artifacts", "list", run, "--json").json()["artifacts"]
    assert [one["path"] for one in kept if one["entries"]] == paths


def test_what_is_mounted_elsewhere_is_seen_as_well(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    world.workflows(
        f"""workflows:
  - name: train
    provider: bash
    commands: ['echo 1 > {outside}/x; echo 2 > ~/here/y; touch {tmp_path}/begun; sleep 100']
    artifacts:
      - {{path: {outside}, mount: true}}
      - {{path: ~/here, mount: true}}
"""
    )
    (world.home / "here").mkdir()
    world.start("run", "train")
    until((tmp_path / "begun").exists, "the job has begun")
    tree = world.wf("artifacts", "tree", "last").out
    assert f"{outside}/" in tree
    assert world.wf("artifacts", "cat", f"last:{outside}/x").out == "1\n"
    home = os.path.realpath(world.home)
    assert world.wf("artifacts", "cat", f"last:{home}/here/y").out == "2\n"
    world.wf("stop", "last")
