"""The modules of a project that a script imports."""

from __future__ import annotations

from runner.plan.ageing.modules import candidates, top


def test_imports_are_looked_for_beside_the_script() -> None:
    assert candidates("train.py", ["model", "a.b"]) == (
        "model.py", "model/__init__.py", "a.py", "a/__init__.py", "a/b.py", "a/b/__init__.py",
    )  # fmt: skip
    assert candidates("src/train.py", ["model"]) == ("src/model.py", "src/model/__init__.py")


def test_relative_imports_start_from_the_package() -> None:
    assert "src/net.py" in candidates("src/train.py", [".net.Net"])
    assert "common.py" in candidates("src/train.py", ["..common"])


def test_nothing_is_looked_for_above_the_project() -> None:
    assert all(not path.startswith("..") for path in candidates("train.py", ["...secrets", "..x"]))


def test_the_module_that_a_file_belongs_to() -> None:
    assert top("train.py", "numpy.py") == "numpy"
    assert top("src/train.py", "src/a/b.py") == "a"
