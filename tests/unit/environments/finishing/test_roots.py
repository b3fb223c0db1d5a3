"""What an environment was wanted for is told from what is written beside its packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.environments.finishing.roots import roots

if TYPE_CHECKING:
    from pathlib import Path


def package(folder: Path, name: str, files: list[str], *requires: str) -> None:
    record = folder / f"{name}-1.0.dist-info"
    record.mkdir()
    head = f"Metadata-Version: 2.1\nName: {name}\n"
    needs = "".join(f"Requires-Dist: {word}\n" for word in requires)
    (record / "METADATA").write_text(f"{head}{needs}\nRequires-Dist: nothing-of-this\n")
    (record / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


def test_what_another_package_needs_is_no_root(tmp_path: Path) -> None:
    package(tmp_path, "Train_er", ["trainer/__init__.py", "trainer/deep/__init__.py"], "Ten.sor>=1")
    package(tmp_path, "ten_sor", ["tensor/__init__.py"])
    assert roots(tmp_path) == ("trainer",)


def test_what_is_needed_only_for_an_extra_is_one(tmp_path: Path) -> None:
    package(tmp_path, "a", ["a.py"], 'b ; extra == "all"')
    package(tmp_path, "b", ["b.py"])
    assert roots(tmp_path) == ("a", "b")


def test_modules_have_other_names_than_packages(tmp_path: Path) -> None:
    package(tmp_path, "scikit_learn", ["sklearn/__init__.py", "sklearn/base.py", "top.py"])
    assert roots(tmp_path) == ("sklearn", "top")


def test_a_package_within_a_namespace_is_found(tmp_path: Path) -> None:
    package(tmp_path, "protobuf", ["google/protobuf/__init__.py", "google/protobuf/any.py"])
    assert roots(tmp_path) == ("google.protobuf",)


def test_packages_that_need_each_other_are_no_roots(tmp_path: Path) -> None:
    package(tmp_path, "a", ["a.py"], "b")
    package(tmp_path, "b", ["b.py"], "a")
    assert roots(tmp_path) == ()


def test_nothing_written_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "a-1.0.dist-info").mkdir()
    assert roots(tmp_path) == ()
