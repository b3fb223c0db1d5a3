"""Documents to workflows, or every mistake at once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.errors import INVALID, Problem, Route, WfError
from runner.spec.load import load
from runner.spec.workflow import (
    ArtifactRequest,
    EnvironmentRequest,
    GpuRequest,
    PythonScript,
    Resources,
    ShellCommands,
    Workflow,
)


def loaded(text: str) -> tuple[Workflow, ...]:
    """The workflows of a text."""
    return load(read(text.encode(), "workflows.yaml"))


def mistakes(text: str) -> list[tuple[str, str]]:
    """Every message, each with the text that it points at, in the order they are told."""
    document = read(text.encode(), "workflows.yaml")
    with pytest.raises(WfError) as caught:
        load(document)
    assert caught.value.kind == INVALID
    return [(problem.message, marked(document, problem)) for problem in caught.value.problems]


def marked(document: Any, problem: Problem) -> str:
    place = document.place(problem.route, at_key=problem.at_key)
    return f"{place.line}: {place.excerpt[place.column - 1 : place.end_column - 1]}"


def hints(text: str) -> list[str | None]:
    """Every hint."""
    with pytest.raises(WfError) as caught:
        loaded(text)
    return [problem.hint for problem in caught.value.problems]


def one(keys: str, provider: str = "python", script: str = "script: train.py") -> str:
    """A file with one workflow that has some more keys; they begin on line 5."""
    lines = ["workflows:", "  - name: a", f"    provider: {provider}", f"    {script}"]
    return "\n".join([*lines, *(f"    {line}" for line in keys.splitlines())]) + "\n"


# --- what is read ---------------------------------------------------------------------------------

FULL = """\
workflows:
  - name: train
    help: "Train it"
    provider: python
    version: 3.10
    file: ./src/train.py
    args: --epochs 3
    requirements: requirements.txt
    working_dir: sub/
    environment:
      SEED: 010
      TAG:
    artifacts:
      - data
      - path: model
    resources:
      cpu: 2
      memory: 16GiB
      gpu:
        name: V100
  - name: hello
    provider: bash
    commands:
      - echo hello
"""


def test_a_workflow_is_neutral_of_its_spelling() -> None:
    train, hello = loaded(FULL)
    assert train.name == "train"
    assert train.provider == "python"
    assert train.help == "Train it"
    assert train.launch == PythonScript("src/train.py", ("--epochs", "3"))
    assert train.environment == EnvironmentRequest("3.10", "requirements.txt")
    assert train.variables == (("SEED", "010"), ("TAG", ""))
    assert train.artifacts == (ArtifactRequest("data"), ArtifactRequest("model"))
    assert train.resources == Resources(2, 16 * 2**30, GpuRequest(1, "V100"))
    assert train.working_dir == "sub"
    assert hello.launch == ShellCommands(("echo hello",))
    assert hello.environment == EnvironmentRequest(None, None)
    assert hello.resources == Resources()
    assert hello.working_dir == "."


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("name", "2: train"),
        ("script", "6: ./src/train.py"),
        ("python", "5: 3.10"),
        ("variables", "11: SEED"),
        ("requirements", "8: requirements.txt"),
        ("resources", "17: cpu"),
        ("something else", "2: name"),
    ],
)
def test_routes_lead_back_whatever_the_spelling(part: str, text: str) -> None:
    document = read(FULL.encode(), "workflows.yaml")
    train = load(document)[0]
    assert marked(document, Problem("", route=train.route(part))) == text


@pytest.mark.parametrize("empty", ["env:", "env: ~", "artifacts: null", "python:", "resources:"])
def test_an_empty_value_is_as_good_as_no_key(empty: str) -> None:
    assert loaded(one(empty))[0].launch == PythonScript("train.py")


def test_two_workflows_may_share_text_by_an_alias() -> None:
    text = """\
workflows:
  - name: a
    provider: bash
    commands: &all [make]
  - name: b
    provider: bash
    commands: *all
"""
    assert [workflow.launch for workflow in loaded(text)] == [ShellCommands(("make",))] * 2


# --- the top of the file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", [("a mapping is wanted here, not `x`", "1: x")]),
        ("[x]", [("a mapping is wanted here, not a list", "1: [x]")]),
        ("~", [("a mapping is wanted here, not nothing", "1: ~")]),
        ("workflow: []", [("unknown key `workflow`", "1: workflow")]),
        ("{}", [("`workflows` is missing", "1: {}")]),
        ("workflows: x", [("a list of workflows is wanted here, not `x`", "1: x")]),
        ("workflows: []", [("a list of workflows is wanted here, not an empty one", "1: []")]),
        (
            "a: 1\nworkflows: 2\nb: 3\n",
            [
                ("unknown key `a`", "1: a"),
                ("a list of workflows is wanted here, not the number 2", "2: 2"),
                ("unknown key `b`", "3: b"),
            ],
        ),
        (
            "workflows:\n  - x\n  - [y]\n",
            [
                ("a workflow is a mapping, not `x`", "2: x"),
                ("a workflow is a mapping, not a list", "3: [y]"),
            ],
        ),
    ],
)
def test_what_is_wrong_at_the_top(text: str, expected: list[tuple[str, str]]) -> None:
    assert mistakes(text) == expected


# --- one workflow ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("scrpt: x", ("unknown key `scrpt`", "5: scrpt")),
        ("file: x.py", ("`file` says the same as `script`", "5: file")),
        ("python: 3.1", ("there is no environment with Python 3.1", "5: 3.1")),
        ("python: [3.9]", ("a Python version is wanted here, not a list", "5: [3.9]")),
        ("resources: {cpu: 0}", ("a number of at least 1 is wanted here, not 0", "5: 0")),
        ("resources: {GPU: 1}", ("unknown key `GPU`", "5: GPU")),
        ("resources: 3", ("a mapping is wanted here, not the number 3", "5: 3")),
        ("artifacts: [data, ../x]", ("`../x` leads out of the project folder", "5: ../x")),
        ("artifacts: data", ("a list is wanted here, not `data`", "5: data")),
    ],
)
def test_a_mistake_points_at_its_text(keys: str, expected: tuple[str, str]) -> None:
    assert mistakes(one(keys)) == [expected]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("env:\n  - A=1\n  - B=2\n  - A=3", ("the variable `A` is set twice", "8: A=3")),
        ("env:\n  - A=1\n  - 1B=2", ("`1B` cannot be the name of a variable", "7: 1B=2")),
        ("env:\n  A: 1\n  1B: 2", ("`1B` cannot be the name of a variable", "7: 1B")),
        ("env:\n  A: 1\n  B: [2]", ("a text is wanted here, not a list", "7: [2]")),
        ("env:\n  - A=1\n  - [B]", ("a text is wanted here, not a list", "7: [B]")),
    ],
)
def test_a_mistake_in_one_variable_points_at_that_variable(
    keys: str, expected: tuple[str, str]
) -> None:
    assert mistakes(one(keys)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- provider: python\n    script: a.py", ("`name` is missing", "2: provider")),
        ("- name: a\n    script: a.py", ("`provider` is missing", "2: name")),
        ("- name: a\n    provider: python", ("provider python needs `script`", "2: name")),
        ("- name: a\n    provider: bash", ("provider bash needs `commands`", "2: name")),
        ("- name: a\n    provider:", ("`provider` is missing", "2: name")),
        ("- name: a\n    provider: pyton", ("unknown provider `pyton`", "3: pyton")),
    ],
)
def test_what_a_workflow_lacks(text: str, expected: tuple[str, str]) -> None:
    assert mistakes(f"workflows:\n  {text}\n") == [expected]


def test_hints_say_what_to_type() -> None:
    assert hints(one("scrpt: x")) == ["did you mean `script`?"]
    assert hints("workflow: []") == ["did you mean `workflows`?"]
    (providers,) = hints("workflows: [{name: a}]")
    assert providers is not None
    assert "bash, code, curl" in providers
    (commands,) = hints(one("", "bash", "commands: []"))
    assert commands is not None
    assert "leave the key out" not in commands  # bash cannot do without


def test_a_name_is_given_once() -> None:
    two = one("") + one("").partition("\n")[2]
    assert mistakes(two) == [("the workflow `a` is already defined on line 2", "5: a")]


def test_all_mistakes_come_at_once_sorted_by_position() -> None:
    text = """\
workflows:
  - name: a
    provider: python
    python: 3.1
    artifacts: [/]
    nam: b
  - name: a b
    provider: bash
    commands: [ls]
  - provider: pyton
extra: 1
"""
    assert [place for _, place in mistakes(text)] == [
        "2: name",
        "4: 3.1",
        "5: /",
        "6: nam",
        "7: a b",
        "10: pyton",
        "11: extra",
    ]


# --- properties -----------------------------------------------------------------------------------

KEYS = [
    *("name", "provider", "script", "file", "python_script", "args", "commands", "python"),
    *("version", "requirements", "env", "environment", "artifacts", "resources", "working_dir"),
    *("help", "depends-on", "nmae", "", "1"),
]
VALUES = [
    "a",
    "python",
    "bash",
    "3.10",
    "3.1",
    "0",
    "-1",
    "16GB",
    "..",
    "/x",
    "A=1",
    "x y",
    "a 'b",
    "",
]
atoms: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(VALUES)
)
keys = st.sampled_from([*KEYS, "cpu", "gpu", "memory", "count", "path", "mount"]) | st.text(
    max_size=4
)
trees: st.SearchStrategy[Any] = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
workflows = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "a b"]) | trees,
        "provider": st.sampled_from(["python", "bash"]) | trees,
    },
    optional={key: trees for key in KEYS if key not in {"name", "provider"}},
)
files = trees | st.fixed_dictionaries({"workflows": st.lists(workflows, max_size=3)})


@given(files)
def test_any_data_are_loaded_or_refused_in_place(tree: Any) -> None:
    source = yaml.safe_dump(tree, allow_unicode=True).encode()
    try:
        document = read(source, "workflows.yaml")
    except WfError:
        return  # the reader's own tests
    try:
        names = [workflow.name for workflow in load(document)]
    except WfError as error:
        check(error, document)
    else:
        assert names
        assert len(set(names)) == len(names)


def check(error: WfError, document: Any) -> None:
    assert error.kind == INVALID
    assert error.problems
    positions: list[tuple[int, int]] = []
    for problem in error.problems:
        assert problem.message[0].islower() or problem.message[0] == "`"
        assert "\n" not in problem.message
        assert len(problem.message) < 300
        place = document.place(problem.route, at_key=problem.at_key)
        assert 1 <= place.column <= len(place.excerpt) + 1
        positions.append((place.line, place.column))
    assert positions == sorted(positions)


def test_a_route_is_hashable_and_plain() -> None:
    route: Route = loaded(FULL)[0].route("script")
    assert route == ("workflows", 0, "file")
