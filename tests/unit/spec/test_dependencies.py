"""What a workflow needs of others, in every spelling there was."""

from __future__ import annotations

import pytest

from runner.document.reader import read
from runner.errors import INVALID, Problem, WfError
from runner.spec.load import load
from runner.spec.workflow import Dependency, Workflow

AT = ("workflows", 0)
HOSTED = (*AT, "depends-on")
DEPS = (*AT, "deps")


def loaded(line: str) -> Workflow:
    """A workflow with one more line."""
    text = f"workflows:\n- name: w\n  provider: bash\n  commands: ls\n  {line}\n"
    return load(read(text.encode(), "workflows.yaml"))[0]


def mistake(line: str) -> Problem:
    """The only mistake in such a workflow."""
    with pytest.raises(WfError) as caught:
        loaded(line)
    assert caught.value.kind == INVALID
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("depends-on: [a, b.c]", [("run", "a", None, (0,)), ("run", "b.c", None, (1,))]),
        ("depends-on: ['a:v1']", [("tag", "a", "v1", (0,))]),
        ("depends-on: [':v1']", [("tag", None, "v1", (0,))]),
        ("depends-on: {workflows: [a]}", [("run", "a", None, ("workflows", 0))]),
    ],
)
def test_what_must_have_been_run(
    line: str, expected: list[tuple[str, str | None, str | None, tuple[str | int, ...]]]
) -> None:
    assert list(loaded(line).dependencies) == [
        Dependency(mode, workflow, tag, (*HOSTED, *at))  # type: ignore[arg-type]
        for mode, workflow, tag, at in expected
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deps: [a]", Dependency("last", "a", None, (*DEPS, 0))),
        ("deps: [':v1']", Dependency("tag", None, "v1", (*DEPS, 0))),
        ("deps: ['a:v1']", Dependency("tag", "a", "v1", (*DEPS, 0))),
        ("deps: [{workflow: a}]", Dependency("last", "a", None, (*DEPS, 0, "workflow"))),
        ("deps: [{tag: v1, mount: true}]", Dependency("tag", None, "v1", (*DEPS, 0, "tag"))),
    ],
)
def test_what_must_be_there(line: str, expected: Dependency) -> None:
    assert loaded(line).dependencies == (expected,)


def test_the_code_that_counts_can_be_narrowed() -> None:
    line = "depends-on: {repo: {include: [src/, ./data.py]}, workflows: [a]}"
    assert loaded(line).code == ("src", "data.py")
    assert loaded("depends-on: {repo: {include: [src]}}").dependencies == ()
    assert loaded("depends-on: [a]").code == ()


def test_a_workflow_may_have_both_kinds() -> None:
    modes = [needed.mode for needed in loaded("deps: [a]\n  depends-on: [b]").dependencies]
    assert modes == ["run", "last"]


@pytest.mark.parametrize(
    ("line", "message", "hint", "route"),
    [
        ("depends-on: a", "a list is wanted here", "list of workflows", HOSTED),
        ("depends-on: []", "at least one item", "- …", HOSTED),
        ("depends-on: [{raw: latest}]", "not a mapping", "raw:latest without", (*HOSTED, 0)),
        ("depends-on: [u/r/a]", "another repository", "tag", (*HOSTED, 0)),
        ("depends-on: [a b]", "cannot be a workflow's name", "letters", (*HOSTED, 0)),
        ("depends-on: ['a:b c']", "cannot be a tag", "letters", (*HOSTED, 0)),
        ("depends-on: {workflow: [a]}", "unknown key `workflow`", "repo", (*HOSTED, "workflow")),
        ("depends-on: {repo: [a]}", "`repo` names the code", "include", (*HOSTED, "repo")),
        (
            "depends-on: {repo: {include: [../a]}}",
            "leads out of the project",
            "below the project",
            (*HOSTED, "repo", "include", 0),
        ),
        ("deps: [{workflow: a, tag: b}]", "either `workflow` or `tag`", "one of", (*DEPS, 0)),
        ("deps: [{}]", "either `workflow` or `tag`", "one of", (*DEPS, 0)),
        ("deps: [{work: a}]", "unknown key `work`", "workflow", (*DEPS, 0, "work")),
        ("deps: [{tag: a, mount: 3}]", "true or false", "", (*DEPS, 0, "mount")),
        ("depends_on: [a]", "unknown key `depends_on`", "`depends-on`", (*AT, "depends_on")),
    ],
)
def test_mistakes_lead_to_where_they_are(
    line: str, message: str, hint: str, route: tuple[str | int, ...]
) -> None:
    problem = mistake(line)
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert problem.route == route
