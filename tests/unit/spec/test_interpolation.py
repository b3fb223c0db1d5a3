"""Variables in the texts of a workflow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.document import Scalar
from runner.spec.interpolation import (
    MAX_GROWTH,
    RUN_NAME_LATER,
    Room,
    Scope,
    exported,
    reference_name,
    with_run_name,
    with_secrets,
)

VALUES = {"gpus": "2", "lr": "2e-5", "name": "a b", "empty": "", "data-dir": "data", "on": "yes"}


def resolved(text: str, values: dict[str, str] = VALUES, **options: bool) -> Any:
    scope = Scope(values)
    found = scope.resolve(Scalar(text), ("a",), **options)
    assert scope.problems == []
    return found


def problems(text: str, values: dict[str, str] = VALUES, **options: bool) -> list[Any]:
    scope = Scope(values)
    scope.resolve(Scalar(text), ("a",), **options)
    return [(problem.message, problem.mark, problem.hint) for problem in scope.problems]


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("${{ gpus }}", "2", "int"),
        ("${{gpus}}", "2", "int"),
        ("$gpus", "2", "int"),
        ("${gpus}", "2", "int"),
        ("${{ lr }}", "2e-5", "float"),
        ("${{ on }}", "yes", "str"),
        ("${{ name }}", "a b", "str"),
        ("${{ data-dir }}", "data", "str"),
        ("${{ gpus }}GB", "2GB", "str"),
        ("${{ gpus }}${{ gpus }}", "22", "str"),
        ("--lr ${{ lr }} -n $gpus", "--lr 2e-5 -n 2", "str"),
        ("$gpus.$gpusx", "2.$gpusx", "str"),
        ("$PATH:${HOME}:$$", "$PATH:${HOME}:$$", "str"),
        ("a$", "a$", "str"),
    ],
)
def test_texts(text: str, expected: str, kind: str) -> None:
    found = resolved(text)
    assert (found, found.kind) == (expected, kind)


def test_what_is_nested() -> None:
    scope = Scope(VALUES)
    found = scope.resolve({"a": [Scalar("$gpus"), {"b": Scalar("${{ lr }}")}], "c": None}, ())
    assert found == {"a": ["2", {"b": "2e-5"}], "c": None}


def test_keys_are_no_texts() -> None:
    assert Scope(VALUES).resolve({"$gpus": Scalar("1")}, ()) == {"$gpus": "1"}


@pytest.mark.parametrize("text", ["${{ run.name }}", "$run_name", "${run_name}"])
def test_the_name_of_the_run_comes_later(text: str) -> None:
    found = resolved(f"models/{text}/x")
    assert found == f"models/{RUN_NAME_LATER}/x"
    assert with_run_name(found, "calm-yak-1") == "models/calm-yak-1/x"


def test_a_variable_of_that_name_wins() -> None:
    assert resolved("$run_name", {"run_name": "mine"}) == "mine"


def test_all_of_them_as_arguments() -> None:
    values = {"lr": "2e-5", "name": "it's two words"}
    text = "--fast $variables_as_args"
    assert resolved(text, values) == "--fast --lr 2e-5 --name 'it'\"'\"'s two words'"
    assert resolved("${{ variables_as_args }}", {"lr": "1"}) == "--lr 1"


@pytest.mark.parametrize(
    "written", ["$variables_as_args", "${variables_as_args}", "${{ variables_as_args }}"]
)
def test_all_of_them_as_arguments_in_a_shell(written: str) -> None:
    found = resolved(f"train {written}", {"lr": "1", "data-dir": "a b"}, in_shell=True)
    assert found == 'train --lr "${WF_VAR_lr}" --data-dir "${WF_VAR_data_2D_dir}"'


def test_another_name_that_starts_like_it() -> None:
    text = "echo $variables_as_args_x"
    assert resolved(text, in_shell=True) == text


def test_in_a_shell_they_are_referred_to() -> None:
    text = "echo ${{ lr }} '${{ name }}' $lr ${{ run.name }} $run_name"
    assert resolved(text, in_shell=True) == (
        "echo ${WF_VAR_lr} ''\"${WF_VAR_name}\"'' $lr ${WF_VAR_run_2E_name} $run_name"
    )


def test_words_of_the_run() -> None:
    scope = Scope(VALUES)
    assert scope.resolve(Scalar("train ${{ run.args }}"), (), in_shell=True) == 'train "$@"'
    assert scope.takes_args


def test_only_the_shells_own_keys_are_shell_text() -> None:
    item = {
        "commands": [Scalar("echo ${{ lr }}")],
        "env": {"build": Scalar("${{ lr }}"), "commands": Scalar("${{ lr }}")},
        "artifacts": [Scalar("${{ lr }}")],
    }
    assert Scope(VALUES).workflow(item, ("workflows", 0)) == {
        "commands": ["echo ${WF_VAR_lr}"],
        "env": {"build": "2e-5", "commands": "2e-5"},
        "artifacts": ["2e-5"],
    }


def test_secrets_stay_in_variables_and_become_references_in_a_shell() -> None:
    item = {
        "env": {"KEY": Scalar("a ${{secrets.KEY}} $lr"), "B": Scalar("${{ secrets.B }}")},
        "commands": [Scalar("echo '${{ secrets.KEY }}'")],
    }
    scope = Scope(VALUES)
    assert scope.workflow(item, ("workflows", 0)) == {
        "env": {"KEY": "a ${{ secrets.KEY }} 2e-5", "B": "${{ secrets.B }}"},
        "commands": ["echo ''\"${KEY}\"''"],
    }
    assert not scope.problems
    assert [tuple(named) for named in scope.secrets] == [
        ("KEY", ("workflows", 0, "env", "KEY"), "${{secrets.KEY}}"),
        ("B", ("workflows", 0, "env", "B"), "${{ secrets.B }}"),
        ("KEY", ("workflows", 0, "commands", 0), "${{ secrets.KEY }}"),
    ]


def test_a_secret_is_put_in_once() -> None:
    values = {"A": "${{ secrets.B }}", "B": "b"}
    assert with_secrets("${{ secrets.A }} ${{ secrets.B }} ${{ secrets.C }}", values) == (
        "${{ secrets.B }} b ${{ secrets.C }}"
    )


LISTING = "the variables here are: data-dir, empty, gpus, lr, name, on, run.name"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ gpsu }}", ("there is no variable `gpsu`", "${{ gpsu }}", "did you mean `gpus`?")),
        ("a ${{gpsu}} b", ("there is no variable `gpsu`", "${{gpsu}}", "did you mean `gpus`?")),
        ("${{ x }} ${{ x }}", ("there is no variable `x`", "${{ x }}", LISTING)),
        ("${{ }}", ("there is no variable ``", "${{ }}", LISTING)),
        (
            "${{ run.nam }}",
            ("there is no variable `run.nam`", "${{ run.nam }}", "did you mean `run.name`?"),
        ),
        (
            "${{ run.args }}",
            ("`run.args` can stand in commands only", "${{ run.args }}",
             "a script is given the words behind `--` after its args"),
        ),
        (
            "${{ secrets.TOKEN }}",
            ("`secrets.TOKEN` can stand below `env:` and in commands only",
             "${{ secrets.TOKEN }}", "the job has it in the variable TOKEN"),
        ),
        (
            "${{ secrets.a-b }}",
            ("`secrets.a-b` is no name of a secret", "${{ secrets.a-b }}",
             "write ${{ secrets.NAME }}"),
        ),
        (
            "a ${{ gpus } b",
            ("`${{` begins an expression that is not closed", "${{", "close it with `}}`"),
        ),
    ],
)  # fmt: skip
def test_mistakes(text: str, expected: tuple[str, str, str]) -> None:
    assert problems(text) == [expected]


def test_mistakes_in_a_shell() -> None:
    assert problems("echo ${{ gpsu }} '${{ gpsu }}'", in_shell=True) == [
        ("there is no variable `gpsu`", "${{ gpsu }}", "did you mean `gpus`?")
    ]
    assert problems("echo $((${{ gpus }} + 1))", in_shell=True) == [
        (
            "a variable cannot stand where the shell evaluates what it holds",
            "${{ gpus }}",
            "on a line before: n=$(printf %d ${{ gpus }}), and then use n",
        )
    ]
    assert problems("cat <<'E'\n${{ gpus }}\nE\n", in_shell=True) == [
        (
            "a variable cannot stand in a here-document whose delimiter is quoted",
            "${{ gpus }}",
            "take the quotes off the delimiter, and write \\$ for each $ that is to stay",
        )
    ]


# --- the job's environment ------------------------------------------------------------------------


def test_what_the_job_has() -> None:
    assert exported({"lr": "1", "data-dir": "d"}, "calm-yak-1") == {
        "lr": "1",
        "LR": "1",
        "DATA_DIR": "d",
        "WF_VAR_lr": "1",
        "WF_VAR_data_2D_dir": "d",
        "WF_VAR_run_2E_name": "calm-yak-1",
    }


@pytest.mark.parametrize("order", [("lr", "LR"), ("LR", "lr")])
def test_a_name_wins_over_a_twin(order: tuple[str, str]) -> None:
    found = exported({name: name for name in order}, "r")
    assert (found["lr"], found["LR"]) == ("lr", "LR")


@pytest.mark.parametrize("name", ["path", "home", "ld-preload", "bash_env", "wf_notes"])
def test_a_twin_does_not_take_the_place_of_what_programs_need(name: str) -> None:
    found = exported({name: "x"}, "r")
    assert name.upper().replace("-", "_") not in found
    assert found[reference_name(name)] == "x"


@given(st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]*", fullmatch=True), unique=True))
def test_every_variable_has_a_reference_of_its_own(names: list[str]) -> None:
    found = exported({name: name for name in names}, "r")
    assert all(found[reference_name(name)] == name for name in names)


# --- bounds and properties ------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["$a", "${{a}}"])
def test_a_text_that_becomes_too_long(unit: str) -> None:
    scope = Scope({"a": "x" * 60_000})
    assert scope.resolve(Scalar(unit * 10_000), ("a",)) == ""
    assert [problem.code for problem in scope.problems] == ["too-long"]


def test_many_texts_that_become_too_long() -> None:
    room = Room()
    for _ in range(MAX_GROWTH // 60_000):
        scope = Scope({"a": "x" * 60_000}, room)
        assert scope.resolve(Scalar("$a"), ()) == "x" * 60_000
        assert scope.problems == []
    scope = Scope({"a": "x" * 60_000}, room)
    assert scope.resolve(Scalar("$a"), ()) == ""
    assert [problem.code for problem in scope.problems] == ["too-long"]


SIGNS = st.lists(
    st.sampled_from(["$", "${", "${{", "{", "}", "}}", " ", "a", "lr", "run.name", "run.args",
                     "variables_as_args", "secrets.x", "\n", "'", '"', "\\", "<<E", "((", "[[",
                     "$(", ")", "\u2028", "é"]),
    max_size=40,
).map("".join)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=100), SIGNS)
TABLES = st.dictionaries(st.sampled_from(["a", "lr", "b-c"]), TEXTS, max_size=3)


@given(TEXTS, TABLES, st.booleans())
def test_any_text_is_resolved_or_refused(text: str, values: dict[str, str], shell: Any) -> None:
    scope = Scope(values)
    found = scope.resolve(Scalar(text), ("a",), in_shell=shell)
    assert isinstance(found, Scalar)
    for problem in scope.problems:
        assert problem.mark is None or problem.mark in text


@given(TEXTS)
def test_values_are_not_looked_at_again(value: str) -> None:
    values = {"a": value, "lr": "not this", "b": "$lr ${{ lr }}"}
    assert resolved("${{ a }}", values) == value
    assert resolved("x $a y", values) == f"x {value} y"
    assert resolved("$b", values) == "$lr ${{ lr }}"
    assert resolved("echo ${{ a }}", values, in_shell=True) == "echo ${WF_VAR_a}"
