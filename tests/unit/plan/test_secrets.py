from __future__ import annotations

import pytest

from runner.document.reader import read
from runner.errors import USAGE, WfError
from runner.plan.facts import FileFact, ProjectFacts
from runner.plan.plan import Choices, Job
from runner.plan.planner import plan
from runner.spec.load import load

TEXT = """\
workflows:
  - name: train
    provider: bash
    commands:
      - curl "${{ secrets.B }}"
    env:
      URL: https://${{ secrets.A }}@host
      A: own
"""


def planned(
    secrets: tuple[str, ...] | None, choices: Choices | None = None, text: str = TEXT
) -> Job:
    facts = ProjectFacts({".": FileFact("directory")}, secrets=secrets)
    workflow = load(read(text.encode(), "workflows.yaml"))[0]
    return plan(workflow, choices or Choices(), facts, "3.11").job


def test_a_job_has_all_secrets_of_its_project() -> None:
    job = planned(("A", "B", "C"))
    assert job.secrets == ("A", "B", "C")
    assert job.variables == (("URL", "https://${{ secrets.A }}@host"), ("A", "own"))
    assert job.document()["secrets"] == ["A", "B", "C"]


def test_where_nobody_runs_anything_none_is_missed() -> None:
    assert planned(None).secrets == ()


def test_each_one_that_is_not_there_is_told() -> None:
    with pytest.raises(WfError) as caught:
        planned(("C", "BB"))
    assert caught.value.kind == USAGE
    assert [(p.message, p.route, p.mark) for p in caught.value.problems] == [
        ("there is no secret `B`", ("workflows", 0, "commands", 0), "${{ secrets.B }}"),
        ("there is no secret `A`", ("workflows", 0, "env", "URL"), "${{ secrets.A }}"),
    ]
    assert [p.hint for p in caught.value.problems] == [
        "did you mean `BB`? Otherwise: wf secrets add B",
        "wf secrets add A",
    ]


def test_what_is_chosen_takes_the_place_of_a_secret() -> None:
    job = planned(("A", "B"), Choices(variables=(("A", "mine"),), passed=("B",)))
    assert job.secrets == ()
    assert job.passed == ("B",)
    assert dict(job.variables) == {"URL": "https://mine@host", "A": "mine"}


def test_what_is_chosen_need_not_be_a_secret() -> None:
    job = planned((), Choices(variables=(("A", "mine"),), passed=("B",)))
    assert dict(job.variables)["URL"] == "https://mine@host"


def test_a_variable_that_is_named_alone_can_be_a_secret() -> None:
    text = "type: task\ncommands: [make]\nenv: [A]\n"
    job = planned(("A",), Choices(caller=frozenset()), text)
    assert (job.secrets, job.passed) == (("A",), ())
    # the caller's own is taken only where there is none
    assert planned((), Choices(caller=frozenset({"A"})), text).passed == ("A",)
    with pytest.raises(WfError, match="needs the variable `A`"):
        planned((), Choices(caller=frozenset()), text)


PRIVATE = """\
workflows:
  - name: train
    provider: docker
    image: registry.example.com/a:1
    registry_auth:
      username: robot
      password: {password}
    commands:
      - ls
"""


def test_a_secret_that_fetches_the_image_has_to_be_there() -> None:
    text = PRIVATE.format(password="${{ secrets.P }}")
    with pytest.raises(WfError, match="no secret `P`") as caught:
        planned((), text=text)
    assert caught.value.problems[0].route == ("workflows", 0, "registry_auth", "password")
    container = planned(("P",), text=text).container
    assert container is not None
    assert container.registry_auth == ("robot", "${{ secrets.P }}")


def test_without_a_container_no_image_is_fetched() -> None:
    text = PRIVATE.format(password="${{ secrets.P }}")
    assert planned((), Choices(executor="local"), text).container is None


@pytest.mark.parametrize("password", ["hunter2hunter2", "x${{ secrets.P }}"])
def test_a_password_must_not_stand_in_the_file(password: str) -> None:
    text = PRIVATE.format(password=password)
    with pytest.raises(WfError) as caught:
        planned(("P",), text=text)
    problem = caught.value.problems[0]
    assert problem.route == ("workflows", 0, "registry_auth", "password")
    assert "wf secrets add" in (problem.hint or "")
    assert planned(("P",), Choices(executor="local"), text).container is None
