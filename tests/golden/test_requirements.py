"""Requirement files and what is made of them: requirements/NAME.txt and NAME.json.

A case is a file in pip's form, and what is read in it: what uv is given, line by line, what lies in
the project, what goes onto uv's command line, and what is said to its mistakes.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.render.problems import show_problems
from runner.plan.environment import RequirementFile
from runner.plan.requirements import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.errors import Problem

HERE = Path(__file__).parent / "requirements"


class Utf8(io.StringIO):
    """A stream that knows our symbols and is no terminal."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"


def said(problems: tuple[Problem, ...]) -> list[str]:
    """The problems as they are shown."""
    out = Utf8()
    show_problems(problems, out, {})
    return out.getvalue().splitlines()


def document(text: str) -> dict[str, Any]:
    """What is read in a file."""
    found = read(RequirementFile("requirements.txt", text))
    return {
        "uv": dict(enumerate(found.text.splitlines(), 1)),
        "includes": [[one.path, one.constrains, one.place.line] for one in found.includes],
        "local": [[*one.target, one.editable, one.place.line] for one in found.local],
        "links": [[one.path, one.line] for one in found.links],
        "options": found.options,
        "notices": said(found.notices),
        "problems": said(found.problems),
    }


@pytest.mark.parametrize("case", sorted(HERE.glob("*.txt")), ids=lambda case: case.stem)
def test_what_is_read_in_a_requirements_file(
    case: Path, golden: Callable[[Path, str], None]
) -> None:
    found = document(case.read_bytes().decode())
    golden(case.with_suffix(".json"), json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def test_every_expectation_belongs_to_a_file() -> None:
    for expected in HERE.glob("*.json"):
        assert expected.with_suffix(".txt").exists()
