"""Scripts that have aged, and what ``wf validate`` says to them: a new case is two files.

aged/NAME.script and NAME.err
    a script, whose first lines are comments with what its environment is made from
    (``# requirements: numpy, torch==1.11``, ``# python: 3.11``, ``# as-of: 2023-01-01``, ``#
    changed: 2022-05-17`` for the last commit of the requirements), and the warnings
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.problems import show_warnings
from runner.plan.ageing.catalogue import catalogue
from runner.plan.ageing.days import Changed
from runner.plan.ageing.judge import unreadable, warnings
from runner.plan.ageing.uses import read
from runner.plan.ageing.versions import Versions
from runner.plan.environment import EnvironmentSpec, RequirementFile
from tests.golden.test_golden import Utf8

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent / "aged"
CASES = sorted(FOLDER.glob("*.script"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_is_said_to_a_script_that_has_aged(
    case: Path, golden: Callable[[Path, str], None]
) -> None:
    text = case.read_text(encoding="utf-8")
    facts = dict(re.findall(r"^# ([a-z-]+): (.*)$", text, re.MULTILINE))
    file = RequirementFile("requirements.txt", facts["requirements"].replace(", ", "\n"))
    spec = EnvironmentSpec(facts.get("python", "3.11"), (file,), as_of=facts.get("as-of"))
    changed = Changed(file.path, facts["changed"]) if "changed" in facts else None
    found = read("train.py", text, catalogue())
    problems = warnings(found.uses, Versions(spec), lambda: changed)
    if found.unreadable is not None:
        problem = unreadable(found.unreadable, spec.python, "3.12")
        problems += [problem] if problem else []
    out = Utf8()
    show_warnings(problems, out, {})
    golden(case.with_suffix(".err"), out.getvalue())


def test_every_expectation_belongs_to_a_script() -> None:
    assert {path.stem for path in FOLDER.glob("*.err")} == {case.stem for case in CASES}
