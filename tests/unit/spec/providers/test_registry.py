"""Naming a provider, in all the spellings that were found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given

from runner.document.document import Scalar
from runner.errors import Problem
from runner.spec.notices import NO_EFFECT, READ_AS
from runner.spec.providers.registry import PROVIDERS, Named, named
from tests.unit.spec.trees import trees

ROUTE = ("workflows", 0, "provider")
OWN = {"mine": "me/mine:2", "bare": ""}


def found(value: Any) -> Named:
    answer = named(value, ROUTE, OWN)
    assert isinstance(answer, Named), answer
    return answer


def refused(value: Any) -> Problem:
    answer = named(value, ROUTE, OWN)
    assert isinstance(answer, Problem), answer
    return answer


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_goes_by_its_name(name: str) -> None:
    assert found(Scalar(name)) == Named(name, PROVIDERS[name])


@pytest.mark.parametrize(
    ("written", "python"),
    [
        ("python3.9", "3.9"),
        ("python:3.9", "3.9"),
        ("python/3.9", "3.9"),
        ("python==3.8", "3.8"),
        ("python - 3.9", "3.9"),
        ("python 3.10.4", "3.10.4"),
    ],
)
def test_a_version_in_the_name_is_taken_out_and_told(written: str, python: str) -> None:
    answer = found(Scalar(written))
    assert (answer.name, answer.python) == ("python", python)
    (notice,) = answer.notices
    assert (notice.code, notice.route) == (READ_AS, ROUTE)
    assert f"`version: {python}`" in notice.message


@pytest.mark.parametrize("written", ["python:2.7", "python3", "bash3.9", "python:", "pythons3.9"])
def test_what_only_looks_like_a_version_is_an_unknown_provider(written: str) -> None:
    assert "unknown provider" in refused(Scalar(written)).message


def test_a_branch_has_no_effect() -> None:
    answer = found(Scalar("torchrun@my/branch@2"))
    assert answer.name == "torchrun"
    assert [(notice.code, notice.message) for notice in answer.notices] == [
        (NO_EFFECT, "`@my/branch@2` has no effect here")
    ]
    assert "unknown provider" in refused(Scalar("other@branch")).message


def test_further_words_are_refused_with_the_place_they_belong_to() -> None:
    problem = refused(Scalar("python train.py --epochs 3"))
    assert problem.message.startswith("a provider is one word")
    assert problem.hint == "write `provider: python`, and words for a script below `args:`"


def test_a_list_of_one_is_as_good_as_its_item() -> None:
    answer = found([Scalar("python@x")])
    assert answer.name == "python"
    assert [notice.route for notice in answer.notices] == [ROUTE, (*ROUTE, 0)]
    assert found([[Scalar("python3.9")]]).python == "3.9"


@pytest.mark.parametrize(("items", "many"), [([], 0), ([Scalar("bash"), Scalar("python")], 2)])
def test_a_list_of_another_length_is_not(items: list[Any], many: int) -> None:
    assert refused(items).message == f"a provider is one word, not a list of {many}"


@pytest.mark.parametrize(
    "repository",
    [
        "https://github.com/dstackai/dstack",
        "https://github.com/dstackai/dstack.git",
        "git@github.com:dstackai/dstack",
    ],
)
def test_dstack_s_own_repository_is_built_in(repository: str) -> None:
    answer = found({"repo": Scalar(repository), "name": Scalar("python@main")})
    assert answer.name == "python"
    assert [notice.message for notice in answer.notices] == [
        "`repo` has no effect here",
        "`@main` has no effect here",
    ]


def test_another_repository_is_refused_by_its_place() -> None:
    value = {"repo": Scalar("https://github.com/me/dstack"), "name": Scalar("python")}
    assert refused(value).route == (*ROUTE, "repo")


@pytest.mark.parametrize(
    ("value", "route", "message"),
    [
        ({"nmae": Scalar("bash")}, (*ROUTE, "nmae"), "unknown key `nmae`"),
        ({"repo": Scalar("x")}, ROUTE, "`name` is missing"),
        ({}, ROUTE, "`name` is missing"),
        ({"name": Scalar("pyton")}, (*ROUTE, "name"), "unknown provider `pyton`"),
        (None, ROUTE, "a provider is one word, not nothing"),
        (Scalar("3", "int"), ROUTE, "unknown provider `3`"),
        (Scalar("  "), ROUTE, "a provider is one word, not an empty text"),
    ],
)
def test_what_is_wrong_and_where(value: Any, route: tuple[Any, ...], message: str) -> None:
    problem = refused(value)
    assert (problem.message, problem.route) == (message, route)


def test_the_project_s_own_provider_comes_first_and_cannot_run() -> None:
    assert "`provider: docker` with `image: me/mine:2`" in str(refused(Scalar("mine")).hint)
    assert "as `provider: bash`" in str(refused(Scalar("bare")).hint)
    own = named(Scalar("bash"), ROUTE, {"bash": ""})
    assert isinstance(own, Problem)
    assert "this project's own" in own.message


@given(trees)
def test_any_value_names_a_provider_or_is_told_what_is_wrong(value: Any) -> None:
    answer = named(value, ROUTE, OWN)
    if isinstance(answer, Named):
        assert answer.form is PROVIDERS[answer.name]
        assert answer.python is None or re.fullmatch(r"3\.[0-9]+(\.[0-9]+)?", answer.python)
        said = [notice.message for notice in answer.notices]
    else:
        assert answer.hint
        said = [answer.message]
    for message in said:
        assert "\n" not in message
        assert len(message) < 300
