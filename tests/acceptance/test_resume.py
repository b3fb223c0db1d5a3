"""``wf resume``: a new run that goes on where another one was stopped, failed or was lost."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

# counts in a checkpoint how often it was run, and is content the third time
COUNTING = """\
workflows:
  - name: train
    provider: bash
    commands:
      - echo "from=${WF_RESUMED_FROM-nothing} ckpt=${WF_RESUME_CKPT-nothing} lr=$LR" ${{ run.args }}
      - mkdir -p model/sub model/empty
      - echo more >> model/sub/last.ckpt
      - cat code.txt
      - test $(wc -l < model/sub/last.ckpt) = 3
    artifacts: [model]
"""


@pytest.fixture
def project(world: World) -> World:
    """A project whose job fails the first two times."""
    world.workflows(COUNTING)
    world.write("code.txt", "first\n")
    return world


def failed(world: World, *words: str) -> Any:
    """The record of a run that fails."""
    done = world.wf(*(words or ("run", "train")))
    assert done.code == 1, done.err
    record = world.record()
    assert record["status"] == "failed"
    return record


def kept(world: World, run: str) -> Path:
    return world.folder(run) / "artifacts"


def refused(world: World, *words: str, code: int = 64) -> str:
    before = world.runs()
    done: Result = world.wf("resume", *words)
    assert done.code == code, done.err
    assert world.runs() == before
    return done.err


def test_it_goes_on_until_it_succeeds(project: World) -> None:
    first = failed(project)["name"]
    assert project.record()["resumed_from"] is None
    done = project.wf("resume", first)
    assert done.code == 1
    second = project.record()
    where = project.folder(second["name"]) / "workspace" / "model" / "sub" / "last.ckpt"
    assert done.out == f"from={first} ckpt={where} lr=\nfirst\n"
    assert f"  resume    ✓ from {first}: 1 file, 5 B, checkpoint model/sub/last.ckpt\n" in done.err
    assert second["resumed_from"] == first
    assert second["restored"] == {"files": 1, "bytes": 5, "checkpoint": "model/sub/last.ckpt"}
    shown = project.wf("show", second["name"]).out
    assert f"from {first} · 1 file · 5 B · checkpoint model/sub/last.ckpt" in shown
    done = project.wf("resume", second["name"])
    assert done.code == 0, done.err
    third = project.record()
    assert third["resumed_from"] == second["name"]
    # what was left behind then is what it was
    counts = [len((kept(project, run) / "model/sub/last.ckpt").read_text().split())
              for run in (first, second["name"], third["name"])]  # fmt: skip
    assert counts == [1, 2, 3]
    (artifact,) = third["artifacts"]
    assert artifact["files"] == 1


def test_what_was_chosen_is_chosen_again_less_what_is_chosen_anew(project: World) -> None:
    failed(project, "run", "train", "-e", "LR=1", "-e", "X=2", "--", "words of mine")
    done = project.wf("resume", "last")
    assert "lr=1 words of mine\n" in done.out
    done = project.wf("resume", "last", "-e", "LR=3", "--", "others")
    assert "lr=3 others\n" in done.out
    assert project.record()["variables"] == {"LR": "3", "X": "2"}


def test_the_code_is_as_it_is_now_and_what_differs_is_said(project: World) -> None:
    first = failed(project)["name"]
    project.write("code.txt", "corrected\n")
    project.write("new.txt", "")
    done = project.wf("resume", first)
    assert done.out.endswith("corrected\n")
    said = f"note: the code is not what {first} had: 2 files: code.txt, new.txt (new)\n"
    assert said in done.err
    assert f"wf resume {first} --locked" in done.err


def test_locked_takes_the_code_of_the_run(project: World) -> None:
    first = failed(project)["name"]
    project.write("new.txt", "")
    done = project.wf("resume", first, "--locked")
    assert (done.code, done.out.splitlines()[-1]) == (1, "first")
    assert f"the code is what {first} had; the project differs: 1 file: new.txt (new)" in done.err
    second = project.record()
    assert second["environment"]["locked"] == first
    assert second["resumed_from"] == first
    # and who goes on from that one takes it as well
    project.write("new.txt", "other\n")
    done = project.wf("resume", second["name"])
    assert done.code == 0, done.err
    assert "the code is what" in done.err
    project.write("code.txt", "changed\n")
    assert "cannot be had again" in refused(project, first, "--locked", code=69)


def test_code_comes_before_what_is_restored(project: World) -> None:
    """A folder may hold both; files are corrected in the project, not in what a run left."""
    project.workflows(
        COUNTING.replace(
            "      - cat code.txt\n",
            "      - cat code.txt model/settings model/folder/x; echo changed > model/settings\n"
            "      - rm -rf model/folder model/link; echo file > model/folder\n"
            "      - mkdir model/link; echo inside > model/link/y\n",
        )
    )
    project.write("model/settings", "of the project\n")
    project.write("model/folder/x", "x of the project\n")
    (project.project / "model" / "link").symlink_to("/nowhere")
    first = failed(project)
    assert {name: (kept(project, first["name"]) / "model" / name).read_text()
            for name in ("settings", "folder", "link/y")} == {
        "settings": "changed\n", "folder": "file\n", "link/y": "inside\n",
    }  # fmt: skip
    project.write("model/settings", "corrected\n")
    done = project.wf("resume", "last")
    assert done.out.endswith("first\ncorrected\nx of the project\n")
    assert (
        f"warning: 3 files of {first['name']} not put back, as the project has them: "
        "model/folder, model/link/y, model/settings" in done.err
    )
    assert "1 file, 5 B" in done.err


def test_what_is_restored_comes_before_what_other_runs_gave(project: World) -> None:
    project.workflows(
        COUNTING.replace(
            "      - cat code.txt\n", "      - cat data/words; echo own > data/words\n"
        ).replace("artifacts: [model]", "artifacts: [model, data]\n    depends-on: [prepare]")
        + "  - name: prepare\n    provider: bash\n    commands: [echo prepared > data/words]\n"
        "    artifacts: [data]\n"
    )
    assert project.wf("run", "train").out.endswith("prepared\n")
    first = project.record()
    (given,) = first["dependencies"]
    # the same runs again, whatever has changed
    project.write("code.txt", "changed\n")
    done = project.wf("resume", first["name"])
    assert done.out.endswith("own\n"), done.err
    assert project.record()["dependencies"] == [given]
    assert len(project.runs()) == 3
    # else made anew
    assert project.wf("rm", given["run"]).code == 0
    done = project.wf("resume", first["name"])
    assert project.record()["dependencies"][0]["run"] not in {given["run"], None}


def test_modes_links_and_empty_folders_come_back_as_files_of_their_own(project: World) -> None:
    script = "chmod 750 model/tool; ln -s tool model/link; mkdir model/bare; ls -l model"
    project.workflows(
        COUNTING.replace("mkdir -p model/sub", f"echo > model/tool; {script} && mkdir -p model/sub")
    )
    first = failed(project)["name"]
    project.workflows(COUNTING.replace("mkdir -p model/sub", "ls -l model && mkdir -p model/sub"))
    done = project.wf("resume", first)
    lines = done.out.splitlines()
    assert any(line.startswith("-rwxr-x--- 1 ") and line.endswith(" tool") for line in lines)
    assert any(line.endswith("link -> tool") for line in lines)
    assert any(line.startswith("d") and line.endswith(" bare") for line in lines)


def test_nothing_to_go_on_from_is_said_and_it_begins_at_the_start(project: World) -> None:
    project.workflows(COUNTING.replace("mkdir -p model", "test -f ok && mkdir -p model"))
    first = failed(project)["name"]
    project.write("ok", "")
    done = project.wf("resume", first)
    assert f"{first} left nothing to go on from: it begins at the start" in done.err
    record = project.record()
    assert record["restored"] == {"files": 0, "bytes": 0, "checkpoint": None}
    assert done.out.startswith(f"from={first} ckpt=nothing")


def test_a_run_that_was_interrupted_or_lost_is_gone_on_from(project: World) -> None:
    going = "echo more >> model/sub/last.ckpt\n      - test $(wc -l < model/sub/last.ckpt) != 1"
    project.workflows(
        COUNTING.replace("echo more >> model/sub/last.ckpt", f"{going} || sleep 1000")
    )
    process = project.start("run", "train")
    name = project.running()
    until((project.folder(name) / "workspace/model/sub/last.ckpt").exists, "the count")
    said = refused(project, name)
    assert f"{name} is still running" in said
    assert f"wf stop {name}" in said
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    done = project.wf("resume", name)
    assert done.out.startswith(f"from={name} ")
    assert "1 file, 5 B" in done.err


def test_a_run_that_succeeded_is_over(project: World) -> None:
    project.workflows("workflows:\n  - name: a\n    provider: bash\n    commands: [echo a]\n")
    assert project.wf("run", "a").code == 0
    name = project.record()["name"]
    said = refused(project, "last")
    assert f"{name} has succeeded" in said
    assert "`wf run a`" in said


def test_what_is_gone_cannot_be_gone_on_from(project: World) -> None:
    name = failed(project)["name"]
    (kept(project, name) / "model" / "sub" / "last.ckpt").unlink()
    assert f"not all that {name} left behind" in refused(project, name, code=69)


def test_a_project_that_is_gone_is_said(project: World, tmp_path: Path) -> None:
    name = failed(project)["name"]
    own = project.project
    other = tmp_path / "other"
    shutil.copytree(own, other)
    shutil.rmtree(own)
    project.project = other
    said = refused(project, name, code=69)
    assert f"the project of {name} is gone: {own}" in said
    assert f"wf resume {name} --locked" in said
    # a copy of it serves, as the files are what they were
    done = project.wf("resume", name, "--locked")
    assert done.out.startswith(f"from={name} "), done.err


def test_a_workflow_that_is_gone_is_said(project: World) -> None:
    name = failed(project)["name"]
    project.workflows(COUNTING.replace("name: train", "name: trains"))
    said = refused(project, name)
    assert "there is no workflow `train`" in said
    assert "`trains`" in said


def test_it_goes_from_any_folder_and_with_a_file_of_its_own(project: World) -> None:
    shutil.move(project.project / ".dstack/workflows.yaml", project.project / "other.yaml")
    done = project.wf("run", "train", "--file", "other.yaml", "-e", "LR=5")
    assert done.code == 1, done.err
    name = project.record()["name"]
    project.project = project.home
    done = project.wf("resume", name)
    assert done.out.startswith(f"from={name} "), done.err
    assert "lr=5" in done.out
    done = project.wf("resume", name, "--locked")
    assert done.out.startswith(f"from={name} "), done.err


def test_a_run_of_an_older_version_says_so(project: World) -> None:
    name = failed(project)["name"]
    submitted = project.folder(name) / "submitted.json"
    submitted.write_text(submitted.read_text().replace('"asked": {', '"said": {'))
    said = refused(project, name)
    assert f"it is not on the record of {name} what was asked for" in said
    assert "`wf run train`" in said


def test_runs_side_by_side_and_those_that_come_first_can_be_resumed(world: World) -> None:
    """What was chosen for one workflow was not chosen for those that it needs."""
    world.workflows(
        "workflows:\n"
        "  - name: a\n    provider: bash\n    depends-on: [b]\n    commands: [echo a]\n"
        "  - name: b\n    provider: bash\n    artifacts: [out]\n"
        "    commands: ['echo \"b:$LR:$WF_RESUMED_FROM\" | tee -a out/f', test -f ok]\n"
    )
    assert world.wf("run", "a", "-e", "LR=1").code == 1
    name = world.record()["name"]
    world.write("ok", "")
    done = world.wf("resume", name)
    assert (done.code, done.out) == (0, f"b::{name}\n"), done.err
    os.unlink(world.project / "ok")
    assert world.wf("run", "--all").code == 1
    name = next(
        run["name"] for run in world.wf("ps", "-a", "--json").json() if run["workflow"] == "b"
    )
    world.write("ok", "")
    assert world.wf("resume", name).code == 0
    # it is no run from start to end, and so nobody's input by itself
    jobs = world.wf("plan", "a", "--json").json()["jobs"]
    assert jobs[0]["action"] == "run"
    assert "went on from another run" in jobs[0]["reason"]


@pytest.mark.parametrize("kept", ["model", "model/a.ckpt", "'**/*.ckpt'"])
def test_an_attempt_goes_on_from_what_the_one_before_has_saved(world: World, kept: str) -> None:
    world.write("model/pretrained.ckpt", "of the project\n")
    world.write(
        "train.dstack.yml",
        f"type: task\nretry: true\nartifacts: [{kept}]\ncommands:\n"
        '  - echo "$WF_ATTEMPT ${WF_RESUME_CKPT-nothing} ${WF_RESUMED_FROM-nothing}"\n'
        "  - test $WF_ATTEMPT = 1 || echo > model/a.ckpt; test $WF_ATTEMPT = 3\n",
    )
    done = world.wf("run", "train")
    assert done.code == 0, done.err
    model = world.folder(world.record()["name"]) / "workspace" / "model"
    assert done.out.splitlines() == [
        "1 nothing nothing",
        "2 nothing nothing",
        f"3 {model / 'a.ckpt'} nothing",
    ]


def test_json_and_a_tag_as_for_every_run(project: World) -> None:
    first = failed(project)["name"]
    done = project.wf("resume", first, "--json", "-t", "best")
    assert done.json()["resumed_from"] == first
    assert "the tag `best` was not given" in done.err
    done = project.wf("resume", "last", "--json", "-t", "best")
    assert done.json()["status"] == "succeeded"
    assert project.record(":best")["name"] == done.json()["name"]
