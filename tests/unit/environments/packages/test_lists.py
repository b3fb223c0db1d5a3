"""Lists of packages: what belongs in one, and how two differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.packages.lists import difference, outside

LINES = st.lists(
    st.builds("{}=={}".format, st.sampled_from("abc"), st.integers(1, 3)), unique=True, max_size=6
)


def test_a_difference_is_told_by_name_what_is_lacking_first() -> None:
    wanted = ["python==3.10.4", "six==1.0", "torch==1.11.0", "zlib==1"]
    found = ["Attrs==1", "python==3.10.4", "six==1.0", "torch==1.12.0"]
    assert difference(wanted, found) == (
        "+ Attrs==1",
        "- torch==1.11.0",
        "+ torch==1.12.0",
        "- zlib==1",
    )


def test_where_a_package_comes_from_counts() -> None:
    assert difference(["a @ file:///x/a.whl"], ["a==1.0"]) == ("- a @ file:///x/a.whl", "+ a==1.0")


@given(LINES, LINES)
def test_a_difference_leads_from_the_one_to_the_other(wanted: list[str], found: list[str]) -> None:
    told = difference(wanted, found)
    lacking = {line[2:] for line in told if line.startswith("- ")}
    besides = {line[2:] for line in told if line.startswith("+ ")}
    assert (set(wanted) - lacking) | besides == set(found)
    assert len(told) == len(lacking) + len(besides)
    assert (told == ()) is (set(wanted) == set(found))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("six==1.0", True),
        ("demo @ file:///home/runs/dry-ape-1/workspace", False),
        ("-e file:///home/runs/dry-ape-1/workspace/library", False),
        ("demo @ file:///home/runs/dry-ape-10/workspace", True),
        ("demo @ file:.", False),
        ("-e file:library", False),
        ("demo @ git+file:///home/demo@0123", True),
        ("wheel @ file:///home/wheels/wheel-1.0-py3-none-any.whl", True),
    ],
)
def test_what_a_run_installed_of_its_own_code_is_left_out(line: str, *, kept: bool) -> None:
    assert outside([line], Path("/home/runs/dry-ape-1")) == ((line,) if kept else ())
