"""The variables file, and which value wins."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.errors import INVALID, USAGE, WfError
from runner.spec.variables import MAX_VARIABLES, NO_VARIABLES, Variables, load

FILE = """\
variables:
  global:
    seed: 1
    lr: 0.1
  train:
    lr: 2e-5
    name: a b
  test:
"""


def loaded(text: str) -> Variables:
    return load(read(text.encode(), "variables.yaml"))


def mistakes(text: str) -> list[tuple[str, str | None, str]]:
    """Every message with its hint and the text that it points at."""
    document = read(text.encode(), "variables.yaml")
    with pytest.raises(WfError) as caught:
        load(document)
    assert caught.value.kind == INVALID
    found = []
    for problem in caught.value.problems:
        place = document.place(problem.route, at_key=problem.at_key)
        marked = place.excerpt[place.column - 1 : place.end_column - 1]
        found.append((problem.message, problem.hint, marked))
    return found


def test_what_a_workflow_sees() -> None:
    variables = loaded(FILE)
    assert variables.of("train", {}) == {"seed": "1", "lr": "2e-5", "name": "a b"}
    assert variables.of("test", {}) == {"seed": "1", "lr": "0.1"}
    assert variables.of("other", {}) == {"seed": "1", "lr": "0.1"}


def test_what_was_chosen_wins_over_all() -> None:
    assert loaded(FILE).of("train", {"lr": "3", "seed": "7"}) == {
        "seed": "7",
        "lr": "3",
        "name": "a b",
    }


@pytest.mark.parametrize(
    "written",
    ["2e-5", "1e5", "0.00002", "010", "0x10", "yes", "No", "true", "1:30", "124M", "None", "1.10"],
)
def test_values_are_taken_as_they_are_written(written: str) -> None:
    assert loaded(f"variables: {{global: {{a: {written}}}}}").of("", {}) == {"a": written}


def test_an_empty_value_is_an_empty_text() -> None:
    text = "variables:\n  global:\n    a:\n    b: ''\n    c: ~\n"
    assert loaded(text).of("", {}) == {"a": "", "b": "", "c": ""}


def test_no_variables_at_all() -> None:
    assert loaded("variables:\n").of("train", {}) == {}
    assert NO_VARIABLES.of("train", {}) == {}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lrx", "did you mean `--lr`?"),
        ("LR", "did you mean `--lr`?"),
        ("epochs", "its variables are: lr, name, seed"),
    ],
)
def test_a_choice_that_is_no_variable(name: str, hint: str) -> None:
    with pytest.raises(WfError) as caught:
        loaded(FILE).of("train", {name: "1"})
    assert caught.value.kind == USAGE
    assert caught.value.message == f"`train` has no variable `{name}`"
    assert caught.value.hint == hint


def test_a_choice_where_there_are_no_variables() -> None:
    with pytest.raises(WfError) as caught:
        NO_VARIABLES.of("train", {"lr": "1"})
    assert caught.value.hint == "words for the script go behind `--`"


TOP = "the file holds `variables:`, and below it `global:` and the names of workflows"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", [("only `variables:` stands at the top of this file", TOP, "a")]),
        ("- a", [("only `variables:` stands at the top of this file", TOP, "- a")]),
        (
            "variables: [a]",
            [("a mapping of workflows is wanted here, not a list", None, "[a]")],
        ),
        (
            "variables: {global: 1}",
            [("a mapping of names to values is wanted here, not the number 1",
              "write `name: value` lines", "1")],
        ),
        (
            "variables: {global: {a b: 1, 1a: 2, c: [1], d: {e: 1}, f: 1}}",
            [
                ("`a b` cannot be the name of a variable",
                 "use letters, digits, dashes and underscores, no digit first", "a b"),
                ("`1a` cannot be the name of a variable",
                 "use letters, digits, dashes and underscores, no digit first", "1a"),
                ("a value is wanted here, not a list", "put it into one text", "[1]"),
                ("a value is wanted here, not a mapping", "put it into one text", "e"),
            ],
        ),
    ],
)  # fmt: skip
def test_mistakes(text: str, expected: list[Any]) -> None:
    assert mistakes(text) == expected


def test_there_can_be_too_many() -> None:
    names = "".join(f"    v{number}: 1\n" for number in range(MAX_VARIABLES + 1))
    found = mistakes(f"variables:\n  global:\n{names}")
    assert found == [
        ("there are 1,001 variables here; 1,000 are the limit", "put them into a file", "global")
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = loaded(f"variables:\n{text}")
    except WfError as error:
        assert error.kind == INVALID  # noqa: PT017
        return
    assert all(isinstance(value, str) for value in found.of("", {}).values())


def test_a_dash_may_be_written_as_an_underscore() -> None:
    variables = Variables({"train": {"data-dir": "a", "data_dir": "b", "log-dir": "c"}})
    assert variables.of("train", {"data_dir": "x", "log_dir": "y"}) == {
        "data-dir": "a",
        "data_dir": "x",
        "log-dir": "y",
    }
    with pytest.raises(WfError):
        Variables({"train": {"data_dir": "b"}}).of("train", {"data-dir": "x"})


NAMES = st.sampled_from(["a", "b", "c"])
SECTIONS = st.dictionaries(NAMES, st.text(max_size=3), max_size=3)


@given(SECTIONS, SECTIONS, SECTIONS)
def test_the_nearest_value_wins(
    shared: dict[str, str], own: dict[str, str], chosen: dict[str, str]
) -> None:
    variables = Variables({"global": shared, "train": own, "other": {"a": "not this"}})
    known = shared.keys() | own.keys()
    chosen = {name: value for name, value in chosen.items() if name in known}
    found = variables.of("train", chosen)
    for name in known:
        expected = chosen.get(name, own.get(name, shared.get(name)))
        assert found[name] == expected
    assert found.keys() == known
