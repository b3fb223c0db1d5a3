"""Which version will be there is said only where it is certain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.ageing.catalogue import catalogue
from runner.plan.ageing.versions import Versions
from runner.plan.environment import (
    EnvironmentSpec,
    LocalRequirement,
    LockedProject,
    LockedRun,
    RequirementFile,
)

if TYPE_CHECKING:
    from runner.plan.ageing.rules import Removal


def spec(text: str, python: str = "3.11", as_of: str | None = None) -> EnvironmentSpec:
    """An environment made from a requirements file."""
    return EnvironmentSpec(python, (RequirementFile("requirements.txt", text),), as_of=as_of)


def row(name: str, part: str = "") -> Removal:
    """A row of the tables."""
    return next(row for row in catalogue().rows if (row.name, row.part) == (name, part))


GPUS = row("pytorch_lightning.Trainer", "gpus")
INF = row("numpy.Inf")
BOOL = row("numpy.bool")
MAPPING = row("collections.Mapping")

MISSED = {
    "unpinned": ("pytorch-lightning\n", GPUS, "requirements.txt:1 takes the newest"),
    "another spelling": ("PyTorch_Lightning[extra]\n", GPUS, "requirements.txt:1 takes the newest"),
    "the unified package": ("\nlightning\n", GPUS, "requirements.txt:2 takes the newest"),
    "pinned": ("numpy==2.1.0\n", INF, "requirements.txt:1 asks for 2.1.0"),
    "pinned beside unknown ones": ("strange==1\nnumpy==2.1.0\n", INF, ":2 asks for"),
    "newer ones only": ("strange==1\nnumpy>=2.1\n", INF, ":2 asks for newer ones"),
    "a wide range": ("numpy>=1.20,<3\n", INF, "requirements.txt:1 takes the newest"),
    "one version left out": ("numpy!=2.0.0\n", INF, "takes the newest"),
    "free beside": ("tqdm==4.64\npytorch-lightning\n", GPUS, "requirements.txt:2 takes the newest"),
    "what it needs is new enough": ("torch==1.13\npytorch-lightning\n", GPUS, "takes the newest"),
    "brought by another": ("scipy\n", INF, "scipy (requirements.txt:1) brings the newest"),
    "a name that came back, pinned before": ("numpy==1.26.4\n", BOOL, "asks for 1.26.4"),
    "a name that came back, below that": ("numpy<2\n", BOOL, "takes the newest"),
    "a marker that holds": ('numpy; python_version > "3.8"\n', INF, "takes the newest"),
    "an index of its own": ("--index-url https://example.org\nnumpy\n", INF, "takes the newest"),
    "Python": ("", MAPPING, "this workflow runs on 3.11"),
}  # fmt: skip

THERE = {
    "pinned before": ("pytorch-lightning==1.6.2\n", GPUS),
    "pinned by a range": ("pytorch-lightning~=1.6\n", GPUS),
    "bounded": ("numpy<2\n", INF),
    "bounded by a constraint": ("numpy\nnumpy<2\n", INF),
    "held by an unknown package": ("strange==1.0\nnumpy\n", INF),
    "held by a package it works with": ("torch==1.8.1\npytorch-lightning\n", GPUS),
    "not asked for": ("requests\n", INF),
    "from an address": ("numpy\nthing @ https://example.org/thing.whl\n", INF),
    "no index": ("--no-index\nnumpy\n", INF),
    "a marker that does not hold": ('numpy; python_version < "3.8"\n', INF),
    "a name that came back": ("numpy\n", BOOL),
    "a name that came back, pinned": ("numpy==2.1.0\n", BOOL),
    "not to be read": ("numpy ===== 3\nnumpy\n", INF),
}


@pytest.mark.parametrize(("text", "removal", "said"), MISSED.values(), ids=MISSED)
def test_what_will_be_missed(text: str, removal: Removal, said: str) -> None:
    expected = Versions(spec(text)).expected(removal, removal.name.partition(".")[0])
    assert expected is not None
    assert said in expected.said


@pytest.mark.parametrize(("text", "removal"), THERE.values(), ids=THERE)
def test_what_is_there_or_not_known(text: str, removal: Removal) -> None:
    assert Versions(spec(text)).expected(removal, removal.name.partition(".")[0]) is None


def test_a_day_before_the_release_has_it_all() -> None:
    before = Versions(spec("numpy\n", as_of="2024-06-15")).expected(INF, "numpy")
    after = Versions(spec("numpy\n", as_of="2024-06-16")).expected(INF, "numpy")
    assert (before, after is None) == (None, False)


def test_an_old_python_gets_no_new_release() -> None:
    assert Versions(spec("numpy\n", python="3.8")).expected(INF, "numpy") is None
    assert Versions(spec("", python="3.9")).expected(MAPPING, "collections") is None


def test_a_lock_is_the_truth() -> None:
    lock = '[[package]]\nname = "numpy"\nversion = "2.1.0"\n'
    locked = replace(spec("numpy<2\n"), project=LockedProject(".", "", lock))
    expected = Versions(locked).expected(INF, "numpy")
    assert expected is not None
    assert (expected.said, expected.held) == ("the lock has 2.1.0", True)
    old = LockedRun("calm-owl-1", "3.11.7", ("numpy==1.26.4", "torch @ file:///x"), "")
    assert Versions(replace(spec("numpy\n"), locked=old)).expected(INF, "numpy") is None


def test_what_installs_by_itself_is_not_known() -> None:
    assert Versions(spec("numpy\n"), installs=True).expected(INF, "numpy") is None
    own = LocalRequirement(".", (), editable=True, file="requirements.txt", line=1)
    assert Versions(replace(spec("numpy\n"), local=(own,))).expected(INF, "numpy") is None


@given(st.text(), st.text(max_size=8))
def test_any_text_is_read_without_a_fault(text: str, python: str) -> None:
    versions = Versions(spec(text, python))
    for removal in (GPUS, INF, BOOL, MAPPING):
        versions.expected(removal, removal.name.partition(".")[0])


LINES = st.sampled_from(
    ["numpy", "torch", "==", ">=", "<", "~=", "!=", "===", "2.0", "1.*", "*", ", ", "; ", "\n", " ",
     "-e .", 'python_version < "3"', "extra == 'x'", "os_name == 'a'", "@ https://x/y", "--hash=a"]
)  # fmt: skip


@given(st.lists(LINES, max_size=12).map("".join))
def test_any_row_of_tokens_is_read_without_a_fault(text: str) -> None:
    for removal in (GPUS, INF, BOOL):
        Versions(spec(text)).expected(removal, removal.name.partition(".")[0])
