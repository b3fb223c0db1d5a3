"""Data are fetched anew when what makes them has changed, and only then."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

# they tell of the data, and make none of them
TELLING = {"common/notes.py", "common/phases.py", "common/preparing.py", "tf_mirrored/quiet.py"}


def preparing() -> list[Any]:
    """The workflows that fetch."""
    text = (ROOT / ".dstack" / "workflows.yaml").read_text(encoding="utf-8")
    workflows = yaml.safe_load(text)["workflows"]
    return [one for one in workflows if one["name"].startswith("prepare-")]


@pytest.mark.parametrize("workflow", preparing(), ids=lambda one: str(one["name"]))
def test_what_makes_the_data_is_what_counts(workflow: Any) -> None:
    script = ROOT / workflow["script"]
    makes = {str(path.relative_to(ROOT / "workflows")) for path in behind(script)}
    listed = workflow["depends-on"]["repo"]["include"]
    assert sorted(listed) == sorted(f"workflows/{name}" for name in makes - TELLING)


def behind(script: Path) -> set[Path]:
    """The modules below ``workflows/`` that a script imports, and those that they import."""
    seen: set[Path] = set()
    new = imported(script)
    while new:
        seen |= new
        new = {found for path in new for found in imported(path)} - seen
    return seen


def imported(path: Path) -> set[Path]:
    """Those that one file imports, at its head or within a function."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    places = [Path(*name.split(".")).with_suffix(".py") for node in tree for name in named(node)]
    folders = (path.parent, ROOT / "workflows")
    return {folder / place for place in places for folder in folders if (folder / place).exists()}


def named(node: ast.AST) -> list[str]:
    """The modules that a statement may import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
