"""Finding the project, and what the planner is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.document.reader import read
from runner.spec.load import load
from runner.workspace.project import Project, find

if TYPE_CHECKING:
    from pathlib import Path

    from runner.plan.facts import FileFact


def known(root: Path, keys: str) -> dict[str, FileFact]:
    """What is known of the files of a workflow with these keys."""
    text = "workflows:\n- name: a\n" + "".join(f"  {line}\n" for line in keys.splitlines())
    (workflow,) = load(read(text.encode(), "workflows.yaml"))
    return dict(Project(root).facts(workflow).files)


def test_a_project_is_found_from_any_folder_below(tmp_path: Path) -> None:
    (tmp_path / ".dstack").mkdir()
    (tmp_path / ".dstack" / "workflows.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find(below) == find(tmp_path) == tmp_path
    assert find(tmp_path.parent) != tmp_path


def test_every_file_that_is_named_and_every_file_those_include(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").touch()
    (tmp_path / "src" / "requirements.txt").write_text("-r base.txt\n-c ../all.txt\n-r gone.txt\n")
    (tmp_path / "src" / "base.txt").write_text("-r requirements.txt\nsix\n")
    (tmp_path / "all.txt").write_text("six==1.16.0\n")
    keys = "provider: python\nscript: train.py\nrequirements: requirements.txt\nworking_dir: src"
    found = known(tmp_path, keys)
    assert {path: fact.kind for path, fact in found.items()} == {
        "src": "directory",
        "src/train.py": "file",
        "src/requirements.txt": "file",
        "src/base.txt": "file",
        "all.txt": "file",
        "src/gone.txt": "missing",
    }
    assert found["all.txt"].text == "six==1.16.0\n"
    assert found["src/train.py"].text is None


def test_a_file_is_looked_at_once_for_all_workflows(tmp_path: Path) -> None:
    for name in ("train.py", "requirements.txt"):
        (tmp_path / name).touch()
    text = "".join(
        f"- {{name: {name}, provider: python, script: train.py, requirements: requirements.txt}}\n"
        for name in "ab"
    )
    first, second = load(read(f"workflows:\n{text}".encode(), "workflows.yaml"))
    project = Project(tmp_path)
    before = project.facts(first)
    for name in ("train.py", "requirements.txt"):
        (tmp_path / name).unlink()
    assert project.facts(second) == before
    assert Project(tmp_path).facts(second) != before


def test_a_requirements_file_comes_with_what_was_read_in_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r base.txt\ntorch=2\n")
    (tmp_path / "base.txt").write_text("six\n")
    found = known(tmp_path, "provider: bash\ncommands: ls\nrequirements: requirements.txt")
    whole, base = found["requirements.txt"].requirements, found["base.txt"].requirements
    assert whole is not None
    assert whole.includes == ("base.txt",)
    assert [problem.place and problem.place.line for problem in whole.problems] == [2]
    assert base is not None
    assert base.problems == ()


def test_what_leads_out_by_a_link_lies_outside(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "train.py").touch()
    (root / "link.py").symlink_to("../train.py")
    (root / "inside.py").symlink_to("real.py")
    (root / "real.py").touch()
    keys = "provider: python\nscript: {}"
    assert known(root, keys.format("link.py"))["link.py"].kind == "outside"
    assert known(root, keys.format("inside.py"))["inside.py"].kind == "file"


def test_the_files_beside_a_missing_one_are_named_from_the_project(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").touch()
    (tmp_path / "README").touch()
    keys = "provider: python\nscript: {}"
    assert known(tmp_path, keys.format("src/trian.py"))["src/trian.py"].nearby == ("src/train.py",)
    assert known(tmp_path, keys.format("scr/train.py"))["scr/train.py"].nearby == ("README",)


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "b"], ids=["name", "path"])
def test_a_name_that_no_file_can_have_is_a_missing_file(tmp_path: Path, name: str) -> None:
    assert known(tmp_path, f"provider: python\nscript: {name}")[name].kind == "missing"


def test_a_link_to_itself_is_a_missing_file_and_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    (tmp_path / "loop.py").symlink_to("loop.py")
    found = known(tmp_path, "provider: python\nscript: train.py")
    assert found["train.py"].kind == "file"
    found = known(tmp_path, "provider: python\nscript: loop.py")
    assert found["loop.py"].kind == "missing"
