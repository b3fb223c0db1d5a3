"""What is made of uv's words where packages could not be installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.uv.failed.said import read
from runner.environments.uv.failures import not_installed
from runner.errors import ENVIRONMENT
from runner.plan.environment import EnvironmentSpec, RequirementFile

FILES = (
    RequirementFile(
        "requirements.txt", "# all\nsix\nruamel.yaml==99\n-r base.txt\nyou\nversions\n"
    ),
    RequirementFile("base.txt", "Torch_Vision==9.9 # why\nno-such-thing ; python_version>'3'\n"),
)
CONCLUDED = ", we can conclude that your requirements are unsatisfiable."


def message(said: str, as_of: str | None = None) -> str:
    """The sentence a user reads."""
    spec = EnvironmentSpec("3.11", FILES, as_of=as_of)
    return not_installed(spec, said, Path("/run/environment.log")).message


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Because no-such-thing was not found in the package registry and you require"
            " no-such-thing" + CONCLUDED,
            "there is no package `no-such-thing` (base.txt:2) in the package registry",
        ),
        (
            "Because there is no version of torch-vision==9.9 and you require torch-vision==9.9"
            + CONCLUDED,
            "there is no version for `Torch_Vision==9.9` (base.txt:1)",
        ),
        (
            "Because there is no version of ruamel-yaml==99 and you require ruamel-yaml==99"
            + CONCLUDED,
            "there is no version for `ruamel.yaml==99` (requirements.txt:3)",
        ),
        (
            "Because only six<=1.17.0 is available and all versions of you depend on six>=2, we can"
            " conclude that all versions of you cannot be used. And because you require you"
            + CONCLUDED,
            "there is no version for `six` (requirements.txt:2); there is six<=1.17.0",
        ),
        ("Distribution not found at: `six==1.0`", "cannot install `six` (requirements.txt:2)"),
        ("something else happened", "cannot install what requirements.txt asks for"),
    ],
)
def test_the_requirement_that_uv_means_is_named_with_its_line(said: str, expected: str) -> None:
    assert (
        message(f"error: No solution found when resolving dependencies\n  cause: {said}")
        == expected
    )


@pytest.mark.parametrize(
    "form",
    [
        "error: No solution found when resolving dependencies\n  cause: {}\n         {}\n",
        "  \u00d7 No solution found when resolving dependencies:\n  ╰─▶ {}\n      {}\n",
    ],
    ids=["now", "before 0.10"],
)
def test_uv_is_understood_in_either_of_its_forms(form: str) -> None:
    said = form.format(
        "Because no-such-thing was not found in the package registry and you",
        f"require six{CONCLUDED}",
    )
    assert (
        message(said) == "there is no package `no-such-thing` (base.txt:2) in the package registry"
    )


def test_a_build_is_told_apart_from_what_uv_says() -> None:
    said = read(
        "Resolved 1 package in 1ms\n"
        "error: Failed to build `a==1`\n"
        "  cause: The build backend returned an error\n"
        "\n         [stderr]\n         Because of six\n             1 | x\n"
        "\nhint: `a` (v1) was included because `b` (v2) depends on `a`\n"
        "\nhint: more\n   of it\n"
    )
    assert said.error == "Failed to build `a==1` The build backend returned an error"
    assert [line.strip() for line in said.build if line.strip()] == ["Because of six", "1 | x"]
    assert said.hints[1] == "more of it"


@pytest.mark.parametrize(
    "url", ["https://user:secret@host/simple/six/", "git+https://secret@host/x.git"]
)
def test_passwords_are_not_said(url: str) -> None:
    said = f"error: Failed to fetch: {url}\n  cause: dns error: {url}\n"
    error = not_installed(EnvironmentSpec("3.11", FILES), said, Path("/log"))
    assert "secret" not in f"{error.message} {error.hint} {error.details}"
    assert "`host` cannot be found" in error.message


words = st.sampled_from(
    ["Because", "six", "you require", "depends on", "all versions of", "only", "is available",
     "and", "error:", "  cause:", "hint:", "[stderr]", "\n", ">=1", "was not found in", "the cache",
     "`six`", "Failed to build", "has no wheels with a matching Python", "/x", ",",
     "No space left on device"]
)  # fmt: skip


@given(st.lists(words | st.text(max_size=5), max_size=40).map(" ".join))
def test_whatever_uv_says_is_one_sentence(said: str) -> None:
    error = not_installed(EnvironmentSpec("3.11", FILES), said, Path("/log"))
    assert error.kind == ENVIRONMENT
    assert error.message
    assert "\n" not in error.message
    assert error.hint
    assert str(error.details).endswith("the whole log: /log")
