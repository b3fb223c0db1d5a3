"""The name of an environment, and what is made of uv's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.cached import EnvironmentPaths
from runner.environments.uv.provisioner import UvProvisioner
from runner.plan.environment import EnvironmentSpec, RequirementFile

if TYPE_CHECKING:
    from pathlib import Path


def fingerprint(
    *texts: str,
    python: str = "3.11",
    variables: dict[str, str] | None = None,
    index: dict[str, str] | None = None,
) -> str:
    """The name of an environment for these requirement files."""
    files = tuple(RequirementFile(f"{n}.txt", text) for n, text in enumerate(texts))
    return UvProvisioner(variables or {}, index or {}).fingerprint(EnvironmentSpec(python, files))


# --- the fingerprint ------------------------------------------------------------------------------


def test_a_fingerprint_can_name_a_folder() -> None:
    assert re.fullmatch(r"[0-9a-f]{20}", fingerprint("torch\n"))


def test_the_same_wish_has_the_same_name() -> None:
    assert fingerprint("torch\n") == fingerprint("torch\n")


@pytest.mark.parametrize(
    "text",
    ["torch==2.0\nsix", "\n# why\ntorch==2.0   # x\n\n  six\n", "torch==2.0\r\nsix\r\n"],
)
def test_comments_blank_lines_and_line_endings_do_not_count(text: str) -> None:
    assert fingerprint(text) == fingerprint("torch==2.0\nsix\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "torch==2.0\n",
        "torch==2.1\nsix\n",
        "six\ntorch==2.0\n",
        "torch==2.0 six\n",
        "torch==2.0\nsix\n--pre\n",
    ],
)
def test_what_the_lines_say_counts(text: str) -> None:
    assert fingerprint(text) != fingerprint("torch==2.0\nsix\n")


def test_the_lines_behind_a_comment_that_ends_in_a_backslash_count() -> None:
    before, after = (f"# from C:\\wheels\\\nsix=={version}\n" for version in ("1.15.0", "1.16.0"))
    assert fingerprint(before) != fingerprint(after)


def test_which_file_a_line_stands_in_counts() -> None:
    # the second file is included, the third one only constrains
    top = "-r 1.txt\n-c 2.txt\n"
    assert fingerprint(top, "six\n", "torch==2.0\n") != fingerprint(top, "", "six\ntorch==2.0\n")


def test_the_interpreter_counts() -> None:
    assert fingerprint(python="3.10") != fingerprint(python="3.11")


@pytest.mark.parametrize(
    "name",
    [
        *("UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
        *("UV_NO_INDEX", "UV_PRERELEASE", "UV_RESOLUTION", "UV_EXCLUDE_NEWER", "UV_INDEX_STRATEGY"),
        *("PIP_NO_BINARY", "PIP_ONLY_BINARY"),
    ],
)
def test_where_packages_come_from_counts_whoever_says_so(name: str) -> None:
    told = fingerprint("six", variables={name: "x"})
    assert told != fingerprint("six")
    assert told == fingerprint("six", index={name: "x"})
    assert told == fingerprint("six", variables={name: "y"}, index={name: "x"})


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "UV_CACHE_DIR", "VIRTUAL_ENV", "UV_PYTHON", "SHELL"]
)
def test_who_asks_does_not_count(name: str) -> None:
    assert fingerprint("six", variables={name: "x"}) == fingerprint("six")


def test_what_a_file_of_constraints_says_counts(tmp_path: Path) -> None:
    limits = tmp_path / "limits.txt"
    limits.write_text("six<2")
    before = fingerprint("six", variables={"UV_CONSTRAINT": str(limits)})
    assert before == fingerprint("six", index={"UV_CONSTRAINT": str(limits)})
    limits.write_text("six<1")
    assert before != fingerprint("six", variables={"UV_CONSTRAINT": str(limits)})


wishes = st.lists(
    st.lists(st.sampled_from(["six", "torch==2.0", "-r 1.txt", "--pre"]), max_size=3), max_size=3
)


@given(wishes, wishes)
def test_different_wishes_have_different_names(one: list[list[str]], two: list[list[str]]) -> None:
    assume(one != two)
    names = [fingerprint(*("\n".join(lines) for lines in wish)) for wish in (one, two)]
    assert names[0] != names[1]


# --- health ---------------------------------------------------------------------------------------


def test_an_environment_is_well_while_its_interpreter_is_there(tmp_path: Path) -> None:
    paths = EnvironmentPaths(tmp_path)
    interpreter = tmp_path / "python3"
    paths.bin.mkdir(parents=True)
    paths.python.symlink_to(interpreter)
    gone = UvProvisioner({}, {}).health(paths)
    assert gone is not None
    assert str(interpreter) in gone
    interpreter.touch()
    assert UvProvisioner({}, {}).health(paths) is None
