"""Artifacts: what is kept of a run, and ``wf artifacts list`` and ``tree``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

HEAD = """\
workflows:
  - name: train
    provider: python
    script: train.py
    artifacts: {}
"""
MODEL = """\
import os
os.makedirs("model/deep/er", exist_ok=True)
open("model/weights.bin", "wb").write(bytes(1000))
open("model/deep/er/notes.txt", "w").write("hello")
"""


def run(world: World, artifacts: str, script: str) -> Result:
    world.workflows(HEAD.format(artifacts))
    world.write("train.py", script)
    return world.wf("run", "train")


def kept(world: World) -> Path:
    """The artifacts' folder of the one run."""
    (name,) = world.runs()
    return world.folder(name) / "artifacts"


def manifest(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.wf("artifacts", "list", "last", "--json").json()[
        "artifacts"
    ]
    return found


def test_folders_are_kept_as_they_were(world: World) -> None:
    done = run(world, "[model]", MODEL)
    assert done.code == 0
    assert (kept(world) / "model" / "weights.bin").read_bytes() == bytes(1000)
    assert (kept(world) / "model" / "deep" / "er" / "notes.txt").read_text() == "hello"
    assert "  artifacts ✓ model/ 2 files 1 kB" in done.err
    assert f"next: wf artifacts tree {world.runs()[0]}" in done.err
    (artifact,) = world.record()["artifacts"]
    assert (artifact["path"], artifact["files"], artifact["bytes"]) == ("model", 2, 1005)
    assert artifact["digest"].startswith("blake3:")
    assert not (world.project / "model").exists()


def test_they_are_there_for_scripts_that_count_on_it(world: World) -> None:
    assert (
        run(world, "[model, out/deep]", "open('out/deep/x', 'w'); open('model/y', 'w')").code == 0
    )


def test_a_single_file_is_kept(world: World) -> None:
    run(world, "[model.ckpt]", "open('model.ckpt', 'w').write('weights')\n")
    assert (kept(world) / "model.ckpt").read_text() == "weights"


def test_every_spelling(world: World) -> None:
    text = "\n      - model\n      - path: ./out/\n      - a//b/../c"
    run(world, text, "import os\nfor d in ('model', 'out', 'a/c'): open(d + '/x', 'w').write(d)\n")
    assert [artifact["path"] for artifact in manifest(world)] == ["model", "out", "a/c"]
    assert (kept(world) / "a" / "c" / "x").read_text() == "a/c"


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_those_of_a_failed_run_are_kept(world: World, end: str) -> None:
    done = run(world, "[model]", f"{MODEL}{end}\n")
    assert done.code in {3, 137}
    assert world.record()["status"] == "failed"
    assert (kept(world) / "model" / "weights.bin").stat().st_size == 1000


def test_a_missing_one_is_warned_of_with_what_is_there(world: World) -> None:
    done = run(world, "[checkpoints]", "import os\nos.mkdir('ckpts'); open('ckpts/x', 'w')\n")
    assert done.code == 0
    assert "warning: the artifact `checkpoints` is empty; there is: " in done.err
    assert "ckpts/" in done.err
    assert world.record()["status"] == "succeeded"
    (artifact,) = world.record()["artifacts"]
    assert (artifact["files"], artifact["bytes"], artifact["digest"]) == (0, 0, None)
    assert "nothing was written there" in world.wf("artifacts", "tree", "last").out


def test_links_are_kept_as_links_and_not_followed(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    done = run(
        world,
        "[model]",
        "import os\n"
        "open('model/real', 'w').write('x')\n"
        "os.symlink('real', 'model/latest')\n"
        f"os.symlink({str(secret)!r}, 'model/outside')\n"
        f"os.symlink({str(secret / 'key')!r}, 'model/key')\n"
        "os.symlink('nowhere', 'model/dangling')\n"
        "os.symlink('.', 'model/loop')\n",
    )
    assert done.code == 0
    model = kept(world) / "model"
    assert os.readlink(model / "latest") == "real"
    assert os.readlink(model / "outside") == str(secret)
    kinds = {
        entry["path"]: (entry["kind"], entry["bytes"]) for entry in manifest(world)[0]["entries"]
    }
    assert kinds == {
        "model/dangling": ("link", 0),
        "model/key": ("link", 0),
        "model/latest": ("link", 0),
        "model/loop": ("link", 0),
        "model/outside": ("link", 0),
        "model/real": ("file", 1),
    }
    assert (secret / "key").read_text() == "secret"
    assert "(link)" in world.wf("artifacts", "tree", "last").out


def test_an_artifact_that_is_a_link_itself_is_kept_as_one(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    run(world, "[model]", f"import os\nos.rmdir('model')\nos.symlink({str(outside)!r}, 'model')\n")
    assert (kept(world) / "model").is_symlink()
    assert (outside / "precious").exists()


def test_a_link_on_the_way_is_not_followed(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "model").mkdir(parents=True)
    (outside / "model" / "precious").write_text("x")
    done = run(
        world,
        "[out/model]",
        f"import os, shutil\nshutil.rmtree('out')\nos.symlink({str(outside)!r}, 'out')\n",
    )
    assert done.code == 0
    assert (outside / "model" / "precious").exists()
    assert "warning: the artifact `out/model`" in done.err


def test_pipes_sockets_and_devices_are_left_out_and_said(world: World) -> None:
    done = run(
        world,
        "[model]",
        "import os, socket\n"
        "os.mkfifo('model/pipe')\n"
        "os.chdir('model')\n"
        "socket.socket(socket.AF_UNIX).bind('socket')\n"
        "open('real', 'w').write('x')\n",
    )
    assert done.code == 0
    assert "warning: not files, and so not kept: model/pipe, model/socket" in done.err
    (artifact,) = manifest(world)
    assert [entry["path"] for entry in artifact["entries"]] == ["model/real"]
    assert artifact["skipped"] == ["model/pipe", "model/socket"]


def test_one_within_another_is_in_both(world: World) -> None:
    run(world, "[model/deep, model]", MODEL)
    inner, outer = manifest(world)
    assert [entry["path"] for entry in inner["entries"]] == ["model/deep/er/notes.txt"]
    assert len(outer["entries"]) == 2
    assert (kept(world) / "model" / "deep" / "er" / "notes.txt").exists()


def test_empty_folders_within_are_kept(world: World) -> None:
    run(world, "[model]", "import os\nos.makedirs('model/empty')\nopen('model/x', 'w')\n")
    assert (kept(world) / "model" / "empty").is_dir()
    assert world.record()["artifacts"][0]["files"] == 1


@pytest.mark.parametrize(
    "name",
    ["with space", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "-rf", "#1", "a\nb", "%s[red]"],
)
def test_odd_names_are_kept_and_shown(world: World, name: str) -> None:
    run(world, "[model]", f"open('model/' + {name!r}, 'w').write('x')\n")
    assert (kept(world) / "model" / name).exists()
    assert manifest(world)[0]["entries"][0]["path"] == f"model/{name}"
    tree = world.wf("artifacts", "tree", "last")
    assert tree.code == 0
    assert name.replace("\n", r"\n") in tree.out


def test_names_that_are_no_text_are_kept_and_shown(world: World) -> None:
    done = run(world, "[model]", "open(b'model/\\xff\\x1b.bin', 'w').write('x')\n")
    assert done.code == 0
    assert os.path.exists(os.fsencode(kept(world)) + b"/model/\xff\x1b.bin")
    for words in (("tree", "last"), ("list", "last"), ("list", "last", "--json")):
        shown = world.wf("artifacts", *words)
        assert shown.code == 0, shown.err
        assert "\x1b" not in shown.out


def test_the_digest_tells_whether_two_are_alike(world: World) -> None:
    world.workflows(HEAD.format("[model]"))
    world.write("train.py", "import sys\nopen('model/x', 'w').write(sys.argv[1])\n")
    digests = []
    for content in ("a", "a", "b"):
        assert world.wf("run", "train", "--", content).code == 0
        digests.append(world.record()["artifacts"][0]["digest"])
    assert digests[0] == digests[1] != digests[2]


def test_what_another_tool_computes_is_the_digest(world: World) -> None:
    from blake3 import blake3

    run(world, "[model]", "open('model/x', 'w').write('hello')\n")
    (entry,) = manifest(world)[0]["entries"]
    assert entry["digest"] == f"blake3:{blake3(b'hello').hexdigest()}"


def test_many_files_are_kept(world: World) -> None:
    run(world, "[model]", "for n in range(2000): open(f'model/{n}', 'w').write(str(n))\n")
    (artifact,) = world.record()["artifacts"]
    assert artifact["files"] == 2000
    assert (kept(world) / "model" / "1999").read_text() == "1999"


def test_the_list(world: World) -> None:
    run(world, "[model, nothing]", MODEL)
    done = world.wf("artifacts", "list", "last")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["ARTIFACT", "FILES", "SIZE", "DIGEST"]
    assert lines[1][:4] == ["model", "2", "1", "kB"]
    assert lines[2] == ["nothing", "0", "0", "B", "-"]
    assert str(kept(world)) in done.err


def test_the_tree(world: World) -> None:
    run(world, "[model]", MODEL)
    done = world.wf("artifacts", "tree", "last")
    (name,) = world.runs()
    lines = done.out.splitlines()
    assert lines[0] == f"{name}   2 files, 1 kB"
    assert [line[:24].rstrip() for line in lines[1:]] == [
        "└─ model/",
        "   ├─ deep/",
        "   │  └─ er/",
        "   │     └─ notes.txt",
        "   └─ weights.bin",
    ]
    assert lines[-1].split()[2:4] == ["1", "kB"]


def test_as_json(world: World) -> None:
    run(world, "[model]", MODEL)
    (name,) = world.runs()
    document = world.wf("artifacts", "tree", name, "--json").json()
    summary = {"run", "folder", "path", "live", "disk_bytes", "own_bytes"}
    assert set(document) == {*summary, "artifacts"}
    assert document["run"] == name
    assert document["folder"] == str(kept(world))
    (artifact,) = document["artifacts"]
    facts = {"path", "files", "bytes", "digest", "same_as", "entries", "skipped"}
    assert set(artifact) == facts
    keys = {"path", "kind", "bytes", "digest", "mode", "modified", "shared", "same_as"}
    assert set(artifact["entries"][0]) == keys


def test_a_run_without_any(world: World) -> None:
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [':']}\n")
    world.wf("run", "job")
    done = world.wf("artifacts", "list", "last")
    assert (done.code, done.out) == (0, "")
    assert "has no artifacts" in done.err
    assert world.wf("artifacts", "list", "last", "--json").json()["artifacts"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mend", "last"), "there is no action `mend`"),
        (("lst", "last"), "did you mean `list`?"),
        (("list",), "RUN"),
        (("list", "nothing"), "there is no run `nothing`"),
        ((), "an action is missing"),
    ],
)
def test_what_cannot_be_looked_at(world: World, words: tuple[str, ...], said: str) -> None:
    done = world.wf("artifacts", *words)
    assert done.code == 64
    assert said in done.err


def test_what_cannot_be_kept_is_left_for_the_user(world: World) -> None:
    """A file stands where the folder of their lists would go."""
    world.workflows(HEAD.format("[model]"))
    world.write(
        "train.py",
        "import os\n"
        "open('model/x', 'w').write('precious')\n"
        "open(os.path.dirname(os.environ['WF_ARTIFACTS']) + '/manifest', 'w')\n",
    )
    done = world.wf("run", "train")
    assert done.code == 73
    assert "the artifacts could not be kept" in done.err
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "storage")
    (name,) = world.runs()
    assert (world.folder(name) / "workspace" / "model" / "x").read_text() == "precious"
