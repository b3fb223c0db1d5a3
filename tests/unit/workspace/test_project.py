"""Finding the project, and what the planner is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.document.reader import read
from runner.spec.load import load
from runner.workspace.project import (
    PROVIDERS_FILES,
    VARIABLES_FILES,
    Project,
    beside,
    find,
    root_of,
    workflow_files,
)

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


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def listed(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in workflow_files(root)]


@pytest.mark.parametrize(
    "file",
    [
        ".dstack/workflows.yaml",
        ".dstack/workflows.yml",
        ".dstack/workflows/train.yaml",
        ".dstack/workflows/train.yml",
        "train.dstack.yml",
        ".dstack.yaml",
    ],
)
def test_any_workflow_file_makes_a_project(tmp_path: Path, file: str) -> None:
    touch(tmp_path, file)
    (tmp_path / "below").mkdir()
    assert listed(tmp_path) == [file]
    assert find(tmp_path / "below") == tmp_path


@pytest.mark.parametrize(
    "file",
    [
        "workflows.yaml",
        ".dstack/variables.yaml",
        ".dstack/recipes/all.yaml",
        ".dstack/train.dstack.yml",
        ".dstack/workflows/more/train.yaml",
        ".dstack/workflows/train.yaml~",
        ".dstack/workflows/.#train.yaml",
        ".train.dstack.yml",
        "src/train.dstack.yml",
        "traindstack.yml",
    ],
)
def test_other_files_are_none(tmp_path: Path, file: str) -> None:
    touch(tmp_path, file)
    assert listed(tmp_path) == []


def test_all_of_them_are_read_lists_first_and_by_name(tmp_path: Path) -> None:
    files = [
        ".dstack/workflows.yaml",
        ".dstack/workflows.yml",
        ".dstack/workflows/a.yml",
        ".dstack/workflows/b.yaml",
        ".dstack.yml",
        "a.dstack.yaml",
        "b.dstack.yml",
    ]
    touch(tmp_path, *reversed(files))
    assert listed(tmp_path) == files


def test_a_link_that_leads_nowhere_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".dstack").mkdir()
    (tmp_path / ".dstack" / "workflows.yaml").symlink_to("gone")
    assert find(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("file", "root"),
    [
        (".dstack/workflows.yaml", ""),
        (".dstack/workflows/train.yaml", ""),
        ("train.dstack.yml", ""),
        ("deep/er/train.dstack.yml", ""),
        ("deep/er/other.yaml", "deep/er"),
        ("sub/.dstack/workflows.yaml", "sub"),
        ("sub/train.dstack.yml", "sub"),
    ],
)
@pytest.mark.parametrize("mark", [".git/HEAD", ".dstack/profiles.yml"])
def test_the_project_of_a_file_that_is_named(
    tmp_path: Path, file: str, root: str, mark: str
) -> None:
    """``sub`` has a ``.dstack`` of its own."""
    touch(tmp_path, mark, "sub/.dstack/workflows.yaml", file)
    assert root_of(tmp_path / file) == tmp_path / root


def test_a_task_outside_of_all_repositories_belongs_to_its_folder(tmp_path: Path) -> None:
    assert root_of(tmp_path / "x" / "train.dstack.yml") == tmp_path / "x"


def test_the_files_beside_a_workflow_file(tmp_path: Path) -> None:
    other = tmp_path / "other" / "file.yaml"

    def found() -> str | None:
        path = beside(tmp_path, other, VARIABLES_FILES)
        return None if path is None else str(path.relative_to(tmp_path))

    assert found() is None
    touch(tmp_path, "other/configs.yaml")
    assert found() == "other/configs.yaml"
    touch(tmp_path, "other/variables.yaml")
    assert found() == "other/variables.yaml"
    touch(tmp_path, ".dstack/configs.yaml")
    assert found() == ".dstack/configs.yaml"
    touch(tmp_path, ".dstack/variables.yaml")
    assert found() == ".dstack/variables.yaml"
    assert beside(tmp_path, other, PROVIDERS_FILES) is None


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
    assert found["src/train.py"].text == ""


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
    assert [one.path for one in whole.includes] == ["base.txt"]
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
