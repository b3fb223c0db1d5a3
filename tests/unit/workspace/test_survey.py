"""What is seen of a project, without running anything of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.workspace.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from runner.spec.starter import Script

GUARD = 'if __name__ == "__main__":\n    main()\n'


def write(root: Path, **files: str) -> None:
    """Write files; two underscores stand for a slash, one file name a keyword."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def only(root: Path, *chosen: str) -> Script:
    """The one script of a project."""
    (script,) = survey(root, None, chosen).scripts
    return script


def paths(root: Path) -> list[str]:
    """The scripts that are found."""
    return [script.path for script in survey(root, None).scripts]


def test_scripts_that_train_are_found_and_others_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        train_py="print(1)",
        tools__evaluate_py=f"import torch\n{GUARD}",
        tools__rename_py=GUARD,
        model_py="import torch\nclass Net: pass",
        tests__train_py="import torch\nprint(1)",
        test_model_py=f"import torch\n{GUARD}",
        setup_py="import torch\nprint(1)",
        broken_py="import torch\n(",
    )
    assert paths(tmp_path) == ["train.py", "tools/evaluate.py"]


def test_without_one_that_trains_the_way_in_is_taken(tmp_path: Path) -> None:
    write(tmp_path, main_py="print(1)", helper_py="A = 1")
    assert paths(tmp_path) == ["main.py"]


def test_nothing_is_made_up(tmp_path: Path) -> None:
    write(tmp_path, helper_py="A = 1")
    assert paths(tmp_path) == []


def test_what_git_ignores_is_no_script(tmp_path: Path) -> None:
    write(tmp_path, train_py="print(1)", venv__train_py="print(1)")
    assert [script.path for script in survey(tmp_path, ["train.py"]).scripts] == ["train.py"]


def test_a_script_is_what_its_modules_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        app__main_py=f"from lib.net import Net\nimport near\n{GUARD}",
        app__near_py="import PIL, json",
        lib__net_py="from . import deep\nimport torch\nNet().cuda()",
        lib__deep_py='torch.save(1, "out/a.pt")\nfrom . import net',
    )
    script = only(tmp_path)
    assert (script.path, script.uses_gpu, script.outputs) == ("app/main.py", True, ("out",))
    assert sorted(script.packages) == ["pillow", "torch"]


def test_nothing_is_executed(tmp_path: Path) -> None:
    write(tmp_path, train_py=f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert only(tmp_path).path == "train.py"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"requirements_txt": "six"}, "requirements.txt"),
        ({"requirements_txt": "six", "src__requirements_txt": "six"}, "src/requirements.txt"),
        ({"requirements__base_txt": "six", "requirements__dev_txt": "six"},
         "requirements/base.txt"),
        ({"requirements-dev_txt": "six", "requirements-gpu_txt": "six"}, "requirements-gpu.txt"),
        ({"notes_txt": "six"}, None),
    ],
)  # fmt: skip
def test_the_nearest_requirements_file_is_found(
    files: dict[str, str], found: str | None, tmp_path: Path
) -> None:
    write(tmp_path, src__train_py="print(1)", **files)
    named = only(tmp_path).requirements
    assert (named and named.path) == found
    assert named is None or named.problem is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("six\ntorch=2\n", "requirements.txt:2: `torch=2` is not a requirement"),
        ("-r more.txt\n", "requirements.txt includes more.txt, which is not there"),
    ],
)
def test_a_requirements_file_that_cannot_be_used_is_told(
    text: str, problem: str, tmp_path: Path
) -> None:
    write(tmp_path, train_py="print(1)", requirements_txt=text)
    named = only(tmp_path).requirements
    assert named is not None
    assert str(named.problem).startswith(problem)


def test_a_chosen_script_needs_not_look_like_one(tmp_path: Path) -> None:
    write(tmp_path, helper_py="import numpy", broken_py="(", train_py="print(1)")
    assert only(tmp_path, "helper.py").packages == ("numpy",)
    assert only(tmp_path, "broken.py").path == "broken.py"


def test_dependencies_that_the_project_declares_are_seen(tmp_path: Path) -> None:
    assert not survey(tmp_path, None).declared
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["torch"]\n')
    assert survey(tmp_path, None).declared
