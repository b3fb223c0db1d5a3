"""Requirements that cannot be imported together are told at the line that holds one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.plan.ageing.days import Changed
from runner.plan.ageing.pairs import broken_pairs
from runner.plan.ageing.versions import Versions
from runner.plan.environment import EnvironmentSpec, LockedRun, RequirementFile

if TYPE_CHECKING:
    from runner.errors import Problem

CHANGED = Changed("requirements.txt", "2022-05-20")


def told(text: str, python: str = "3.11", as_of: str | None = None) -> list[Problem]:
    """What is said of a requirements file."""
    file = RequirementFile("requirements.txt", text)
    spec = EnvironmentSpec(python, (file,), as_of=as_of)
    return list(broken_pairs(spec, Versions(spec), lambda: CHANGED))


def test_an_old_lightning_misses_what_setuptools_no_longer_brings() -> None:
    (problem,) = told("torch\n\npytorch_lightning==1.6.2  # as then\n")
    assert problem.message == (
        "pytorch-lightning 1.6.2 imports `pkg_resources`, "
        "which setuptools 82.0.0 and newer no longer bring"
    )
    assert problem.place is not None
    assert (problem.place.file, problem.place.line, problem.place.column) == (
        "requirements.txt",
        3,
        1,
    )
    assert problem.hint == (
        "add `as-of: 2022-05-20` to the workflow (the day of the last commit to requirements.txt), "
        "or setuptools<82.0.0 to requirements.txt"
    )


def test_each_of_several_is_told() -> None:
    found = told("pytorch-lightning==1.5.10\ntorchmetrics==0.8.2\nsetuptools>=82\n")
    assert [problem.place and problem.place.line for problem in found] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "pytorch-lightning\n",
        "pytorch-lightning==1.8.0\n",
        "pytorch-lightning==1.1.8\n",
        "pytorch-lightning==1.6.2\nsetuptools<82\n",
        "pytorch-lightning==1.6.2\nsetuptools==62.3.2\n",
        "pytorch-lightning==1.6.2\nstrange==1.0\n",
        "pytorch-lightning>=1.6.2\n",
        "torchmetrics==1.0.0\n",
        "",
    ],
)
def test_what_goes_together_or_is_not_known_is_not_told(text: str) -> None:
    assert told(text) == []


def test_an_older_python_has_an_older_setuptools() -> None:
    assert told("pytorch-lightning==1.6.2\n", python="3.8") == []


def test_a_day_before_brings_it_back() -> None:
    assert told("pytorch-lightning==1.6.2\n", as_of="2022-05-20") == []
    assert len(told("pytorch-lightning==1.6.2\n", as_of="2026-03-01")) == 1


def test_what_is_locked_was_tried_together() -> None:
    file = RequirementFile("requirements.txt", "pytorch-lightning==1.6.2\n")
    run = LockedRun("wet-mango-1", "3.11.7", ("pytorch-lightning==1.6.2",), None)
    spec = EnvironmentSpec("3.11.7", (file,), locked=run)
    assert list(broken_pairs(spec, Versions(spec), lambda: None)) == []
