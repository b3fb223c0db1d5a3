"""The parts of a workflow, in every spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from runner.document.document import Scalar
from runner.spec.forms import ResourcesForm, WorkflowForm
from runner.spec.providers.commands import BashForm
from runner.spec.providers.registry import PROVIDERS
from runner.spec.providers.scripts import PythonForm
from runner.spec.workflow import (
    ArtifactRequest,
    GpuRequest,
    PythonScript,
    Resources,
    ShellCommands,
)

if TYPE_CHECKING:
    from runner.errors import Route

BASE: dict[str, Any] = {"name": "a", "provider": "python", "script": "train.py"}


def python(**keys: Any) -> PythonForm:
    """A python workflow with some more keys."""
    return PythonForm.model_validate({**BASE, **keys})


def at_fault(form: type[WorkflowForm | ResourcesForm], written: dict[str, Any]) -> list[Route]:
    """The routes of all mistakes."""
    with pytest.raises(ValidationError) as caught:
        form.model_validate(written)
    return [error["loc"] for error in caught.value.errors()]


# --- variables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"A": "1", "B": "x y"}, {"A": "1", "B": "x y"}),
        ({"A": None, "B": ""}, {"A": "", "B": ""}),
        (["A=1", "B=x=y", "C=", "D"], {"A": "1", "B": "x=y", "C": "", "D": ""}),
        ([], {}),
        ({}, {}),
    ],
)
def test_variables_as_a_mapping_or_a_list(written: Any, meant: dict[str, str]) -> None:
    for key in ("env", "environment"):
        assert dict(getattr(python(**{key: written}), key)) == meant


def test_variables_keep_their_order_and_their_spelling() -> None:
    read = python(
        env={"B": Scalar("2e-5"), "A": Scalar("3.10", "float"), "C": Scalar("010", "int")}
    )
    assert read.env is not None
    assert list(read.env.items()) == [("B", "2e-5"), ("A", "3.10"), ("C", "010")]


@pytest.mark.parametrize(
    "written",
    ["A=1", {"A": ["x"]}, {"1A": "x"}, ["A=1", "A=2"], ["A", "A=2"], ["=1"], [{"A": "1"}], [None]],
)
def test_other_variables_are_refused(written: Any) -> None:
    assert at_fault(PythonForm, {**BASE, "env": written})[0][0] == "env"


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("--epochs 3", ("--epochs", "3")),
        ("--name 'a b' --tag=\"x\"", ("--name", "a b", "--tag=x")),
        (["--epochs", "3"], ("--epochs", "3")),
        (["a b", "$(ls)"], ("a b", "$(ls)")),
        (Scalar("3", "int"), ("3",)),
        ("", ()),
        ([], ()),
        ("--suffix ''", ("--suffix", "")),
        (["--suffix", ""], ("--suffix", "")),
    ],
)
def test_arguments_are_split_once_or_taken_as_they_are(written: Any, meant: tuple[str]) -> None:
    assert python(args=written).args == meant


@pytest.mark.parametrize("written", ["a 'b", 'a "b', "a\\", {"a": "b"}, [["a"]], [None]])
def test_other_arguments_are_refused(written: Any) -> None:
    assert at_fault(PythonForm, {**BASE, "args": written})[0][0] == "args"


# --- artifacts ------------------------------------------------------------------------------------


def test_artifacts_as_texts_and_mappings() -> None:
    read = python(
        artifacts=[
            "./data/",
            {"path": "model"},
            {"path": "/opt/x", "mount": Scalar("true", "bool")},
        ]
    )
    assert read.requested_artifacts() == (
        ArtifactRequest("data"),
        ArtifactRequest("model"),
        ArtifactRequest("/opt/x", mount=True),
    )


def test_no_artifacts() -> None:
    assert python().requested_artifacts() == python(artifacts=[]).requested_artifacts() == ()


@pytest.mark.parametrize(
    ("written", "route"),
    [
        ("data", ("artifacts",)),
        (["data", "../x"], ("artifacts", 1, "path")),
        ([{"path": "/"}], ("artifacts", 0, "path")),
        ([{}], ("artifacts", 0, "path")),
        ([{"path": "x", "paht": "y"}], ("artifacts", 0, "paht")),
    ],
)
def test_other_artifacts_are_refused_one_by_one(written: Any, route: Route) -> None:
    assert at_fault(PythonForm, {**BASE, "artifacts": written}) == [route]


# --- resources ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, Resources()),
        ({"cpu": "2"}, Resources(cpu=2)),
        ({"cpu": {"count": "2"}}, Resources(cpu=2)),
        ({"memory": "16GB"}, Resources(memory=16 * 10**9)),
        ({"gpu": "4"}, Resources(gpu=GpuRequest(4))),
        ({"gpu": "0"}, Resources()),
        ({"gpu": {"count": "0", "name": "V100"}}, Resources()),
        ({"gpu": {"name": "V100"}}, Resources(gpu=GpuRequest(1, "V100"))),
        ({"gpu": {}}, Resources(gpu=GpuRequest(1))),
        (
            {"gpu": {"count": "2", "name": "V100", "memory": "16GiB"}},
            Resources(gpu=GpuRequest(2, "V100", 16 * 2**30)),
        ),
    ],
)
def test_resources(written: dict[str, Any], meant: Resources) -> None:
    assert ResourcesForm.model_validate(written).resources() == meant


@pytest.mark.parametrize(
    ("written", "route"),
    [
        ({"cpu": "0"}, ("cpu",)),
        ({"cpu": "0.5"}, ("cpu",)),
        ({"cpu": ["1"]}, ("cpu",)),
        ({"memory": "16"}, ("memory",)),
        ({"gpu": "V100"}, ("gpu", "count")),
        ({"gpu": ["1"]}, ("gpu",)),
        ({"gpu": {"nmae": "V100"}}, ("gpu", "nmae")),
        ({"GPU": "1"}, ("GPU",)),
    ],
)
def test_other_resources_are_refused_where_they_stand(
    written: dict[str, Any], route: Route
) -> None:
    assert at_fault(ResourcesForm, written) == [route]


# --- providers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["script", "file", "python_script"])
def test_a_script_in_the_spellings_of_three_eras(key: str) -> None:
    written = {"name": "a", "provider": "python", key: "./src/train.py", "args": "-v"}
    assert PythonForm.model_validate(written).launch() == PythonScript("src/train.py", ("-v",))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["cd src", "python train.py"], ("cd src", "python train.py")),
        ("make", ("make",)),
        ("cd src\n\n  python train.py\n", ("cd src", "  python train.py")),
        (["for i in 1 2; do\n  echo $i\ndone"], ("for i in 1 2; do\n  echo $i\ndone",)),
    ],
)
def test_commands_as_a_list_or_as_lines(written: Any, meant: tuple[str, ...]) -> None:
    read = BashForm.model_validate({"name": "a", "provider": "bash", "commands": written})
    assert read.launch() == ShellCommands(meant)


@pytest.mark.parametrize("written", [[], "", "\n", {"a": "b"}])
def test_other_commands_are_refused(written: Any) -> None:
    keys = {"name": "a", "provider": "bash", "commands": written}
    assert at_fault(BashForm, keys) == [("commands",)]


def test_what_belongs_to_another_provider_is_unknown() -> None:
    assert at_fault(PythonForm, {**BASE, "commands": ["ls"]}) == [("commands",)]
    bash = {"name": "a", "provider": "bash", "commands": ["ls"], "script": "x.py"}
    assert at_fault(BashForm, bash) == [("script",)]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_form_names_only_keys_that_it_takes(provider: str) -> None:
    form = PROVIDERS[provider]
    spelled = {key for keys in form.spellings.values() for key in keys}
    assert spelled <= set(form.model_fields)
    assert set(form.wanted) <= set(form.model_fields)
    assert set(WorkflowForm.model_fields) <= set(form.model_fields)


def test_a_form_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        python().name = "b"
