"""``wf validate --fix``: what leaves no doubt is put right in the file, and all else stays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

FAULTY = """\
# ours
workflows:
  - name: train   # the first
    provider: bash
    comands: ["true"]
    gpu: 0
"""
SOUND = """\
# ours
workflows:
  - name: train   # the first
    provider: bash
    commands: ["true"]
    resources:
      gpu: 0
"""


def test_what_was_done_is_said_and_what_is_left_is_nothing(world: World) -> None:
    path = world.workflows(FAULTY)
    done = world.wf("validate", "--fix")
    assert done.code == 0
    assert done.err == ""
    assert done.out == (
        ".dstack/workflows.yaml:5: fixed: unknown key `comands`\n"
        ' -     comands: ["true"]\n'
        ' +     commands: ["true"]\n'
        ".dstack/workflows.yaml:6: fixed: unknown key `gpu`\n"
        " -     gpu: 0\n"
        " +     resources:\n"
        " +       gpu: 0\n"
        "✓ .dstack/workflows.yaml: 1 workflow, no mistakes left "
        "(format: command line, 0.0.7 to 0.9.2)\n"
    )
    assert path.read_text() == SOUND
    assert world.wf("validate").code == 0


def test_what_is_left_is_told_with_the_lines_it_has_now(world: World) -> None:
    path = world.workflows(FAULTY + "    x: 1\n")
    done = world.wf("validate", "--fix")
    assert done.code == 65
    assert done.out.count("fixed:") == 2
    assert ".dstack/workflows.yaml:8:5: error: unknown key `x`" in done.err
    assert done.err.endswith("1 mistake (exit 65)\n")
    assert path.read_text() == SOUND + "    x: 1\n"


def test_without_it_nothing_is_written_and_it_is_named(world: World) -> None:
    path = world.workflows(FAULTY + "    x: 1\n")
    done = world.wf("validate")
    assert done.err.endswith("3 mistakes (exit 65); `wf validate --fix` puts 2 of them right\n")
    assert path.read_text() == FAULTY + "    x: 1\n"


@pytest.mark.parametrize("text", [SOUND, SOUND + "    x: 1\n", "", "a: [", "\tname: \0"])
def test_where_nothing_can_be_done_the_file_is_not_written(world: World, text: str) -> None:
    path = world.workflows(text)
    before = path.stat()
    plain, fixing = world.wf("validate"), world.wf("validate", "--fix")
    assert (fixing.code, fixing.err, fixing.out) == (plain.code, plain.err, plain.out)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_as_json(world: World) -> None:
    world.workflows(FAULTY + "    x: 1\n")
    done = world.wf("validate", "--fix", "--json")
    assert done.code == 65
    document = done.json()
    assert [problem["message"] for problem in document["problems"]] == ["unknown key `x`"]
    assert [problem["fixable"] for problem in document["problems"]] == [False]
    assert document["fixed"] == [
        {
            "file": ".dstack/workflows.yaml",
            "line": 5,
            "message": "unknown key `comands`",
            "before": ['    comands: ["true"]'],
            "after": ['    commands: ["true"]'],
        },
        {
            "file": ".dstack/workflows.yaml",
            "line": 6,
            "message": "unknown key `gpu`",
            "before": ["    gpu: 0"],
            "after": ["    resources:", "      gpu: 0"],
        },
    ]
    world.workflows(FAULTY)
    document = world.wf("validate", "--json").json()
    assert [problem["fixable"] for problem in document["problems"]] == [True, True]
    assert document["fixed"] == []


def test_the_variables_file_is_put_right_as_well(world: World) -> None:
    world.workflows(SOUND)
    path = world.write(".dstack/variables.yaml", "variables:\n\tglobal:\n\t\ta: 1\n")
    done = world.wf("validate", "--fix")
    assert done.code == 0
    assert path.read_text() == "variables:\n  global:\n    a: 1\n"
    assert ".dstack/variables.yaml:2: fixed:" in done.out


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_the_mode_is_kept_and_nothing_lies_about(world: World, mode: int) -> None:
    path = world.workflows(FAULTY)
    path.chmod(mode)
    assert world.wf("validate", "--fix").code == 0
    assert path.stat().st_mode & 0o7777 == mode
    assert os.listdir(path.parent) == ["workflows.yaml"]


def test_a_link_within_the_project_stays_one(world: World) -> None:
    path = world.workflows("")
    path.unlink()
    path.symlink_to("../real.yaml")
    real = world.write("real.yaml", FAULTY)
    assert world.wf("validate", "--fix").code == 0
    assert path.is_symlink()
    assert real.read_text() == SOUND


def test_a_link_that_leads_out_of_the_project_is_not_followed(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(FAULTY)
    path = world.workflows("")
    path.unlink()
    path.symlink_to(outside)
    done = world.wf("validate", "--fix")
    assert done.code == 65
    assert ".dstack/workflows.yaml leads out of the project by a link" in done.err
    assert f"hint: put the file itself right: wf validate --fix {outside}" in done.err
    assert outside.read_text() == FAULTY
    assert world.wf("validate", "--fix", str(outside)).code == 0
    assert outside.read_text() == SOUND


def test_a_folder_that_cannot_be_written_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.cli.rewrite import rewrite
    from runner.errors import WfError

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = world.workflows(FAULTY)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WfError) as caught:
        rewrite(path, "workflows.yaml", world.project, FAULTY.encode(), b"x")
    assert caught.value.kind == 73
    assert path.read_text() == FAULTY
    assert os.listdir(path.parent) == ["workflows.yaml"]


def test_what_was_edited_meanwhile_is_left_alone(world: World) -> None:
    from runner.cli.rewrite import rewrite
    from runner.errors import WfError

    path = world.workflows("edited")
    with pytest.raises(WfError) as caught:
        rewrite(path, "workflows.yaml", world.project, FAULTY.encode(), b"x")
    assert caught.value.kind == 65
    assert path.read_text() == "edited"


def test_what_comes_to_light_in_another_file_takes_nothing_back(world: World) -> None:
    world.workflows("workflows:\n  - name: a\n    provider: bash\n    commands: [ ${{ a }} ]\n")
    path = world.write(".dstack/variables.yaml", "variables:\n  global:\n    a: 1\n    a: 1\n")
    done = world.wf("validate", "--fix")
    assert done.code == 0
    assert done.out.count("fixed:") == 2
    assert path.read_text().count("a: 1") == 1
