"""What becomes of each part of a workflow in today's dstack format."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.spec.export.task import export
from runner.spec.load import load
from runner.spec.workflow import (
    ArtifactRequest,
    Container,
    Dependency,
    EnvironmentRequest,
    FileCopy,
    GpuRequest,
    Limits,
    Ports,
    PythonScript,
    Resources,
    Service,
    ShellCommands,
    TorchrunScript,
    Workflow,
)

MAKE = Workflow(
    name="make",
    launch=ShellCommands(("make",)),
    provider="bash",
    help=None,
    environment=EnvironmentRequest(),
    variables=(),
    artifacts=(),
    resources=Resources(),
    working_dir=".",
    routes={},
)


def task(**parts: Any) -> dict[str, Any]:
    """What the export of a workflow says, but for what all say."""
    found: dict[str, Any] = yaml.safe_load(export(replace(MAKE, **parts)).text)
    assert found.pop("type") == "task"
    assert found.pop("repos") == ["."]
    if "name" not in parts:
        assert found.pop("name") == "make"
    if found.get("commands") == ["make"]:
        del found["commands"]
    return found


def lost(**parts: Any) -> tuple[str, ...]:
    """What it says has no counterpart."""
    made = export(replace(MAKE, **parts))
    for sentence in made.lost:
        assert sentence in re.sub(r"\n#\s+", " ", made.text)
    return made.lost


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("train-mnist", "train-mnist"),
        ("Train_MNIST.v2", "train-mnist-v2"),
        ("9", "w-9"),
        ("3.10", "w-3-10"),
        ("a", "a-run"),
        ("x" * 63, "x" * 41),
    ],
)
def test_a_name_becomes_one_that_the_server_takes(written: str, name: str) -> None:
    assert task(name=written)["name"] == name


@given(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z"))
def test_every_name_becomes_one_that_the_server_takes(written: str) -> None:
    assert re.fullmatch("[a-z][a-z0-9-]{1,40}", export(replace(MAKE, name=written)).name)


@pytest.mark.parametrize(
    ("launch", "command"),
    [
        (PythonScript("a b.py", ("x y",)), "python 'a b.py' 'x y' ${{ run.args }}"),
        (PythonScript("a.py", ("m/${{run.name}}.pt",)),
         'python a.py m/"$DSTACK_RUN_NAME".pt ${{ run.args }}'),
        (PythonScript("a.py", ("",)), "python a.py '' ${{ run.args }}"),
        (PythonScript("a.py", ("$$",)), "python a.py '$$$$' ${{ run.args }}"),
        (TorchrunScript("a.py"), "torchrun --standalone --nproc-per-node=1 a.py ${{ run.args }}"),
        (ShellCommands(('a "$@"',), takes_args=True), "a ${{ run.args }}"),
        (ShellCommands(('a "$@"',)), 'a "$@"'),
        (ShellCommands(("a # b",)), "{ a # b\n}"),
        (ShellCommands(("a &",)), "a &"),
    ],
)  # fmt: skip
def test_a_launch_becomes_a_command(launch: Any, command: str) -> None:
    assert task(launch=launch) == {"commands": [command]}


def test_arguments_that_are_no_words_of_their_own_are_set_first() -> None:
    commands = ('f() { a "$@"; }', "f", 'echo "$*"')
    assert task(launch=ShellCommands(commands, takes_args=True)) == {
        "commands": ["set -- ${{ run.args }}", *commands]
    }


def test_torchrun_on_several_nodes_is_told_where_they_are() -> None:
    found = task(
        launch=TorchrunScript("a.py"), nodes=2, resources=Resources(gpu=GpuRequest(count=4))
    )
    assert found["nodes"] == 2
    (command,) = found["commands"]
    assert "--nproc-per-node=4 --nnodes=$DSTACK_NODES_NUM" in command
    assert "--master-addr=$DSTACK_MASTER_NODE_IP" in command


def test_the_environment_comes_before_the_commands() -> None:
    found = task(
        working_dir="src",
        environment=EnvironmentRequest("3.10", "needs all.txt", ("jupyterlab>=4",)),
        before=("export A=1",),
    )
    assert found == {
        "python": "3.10",
        "commands": [
            "cd src",
            "uv pip install -r 'needs all.txt'",
            "uv pip install 'jupyterlab>=4'",
            "export A=1",
            "make",
        ],
    }


@pytest.mark.parametrize(("asked", "there"), [("3.11.7", {"python": "3.11"}), ("3.7", {})])
def test_a_python_that_dstack_has(asked: str, there: dict[str, str]) -> None:
    environment = EnvironmentRequest(asked)
    assert task(environment=environment) == there
    assert asked in export(replace(MAKE, environment=environment)).text


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        (Resources(cpu=4), {"cpu": "4.."}),
        (Resources(memory=16 * 10**9), {"memory": "16GB.."}),
        (Resources(memory=16 * 2**30), {"memory": "16GB.."}),
        (Resources(memory=1536 * 2**20), {"memory": "1536MB.."}),
        (Resources(memory=1), {"memory": "1MB.."}),
        (Resources(shm_size=2**30), {"shm_size": "1GB"}),
        (Resources(gpu=GpuRequest(2)), {"gpu": 2}),
        (Resources(gpu=GpuRequest(1, "V100")), {"gpu": "V100:1"}),
        (Resources(gpu=GpuRequest(1, None, 24 * 10**9)), {"gpu": "24GB..:1"}),
        (Resources(gpu=GpuRequest(8, "A100", 40 * 2**30)), {"gpu": "A100:40GB..:8"}),
        (Resources(gpu=GpuRequest(1, None, 24 * 10**9, (), 80 * 2**30)), {"gpu": "24GB..80GB:1"}),
        (Resources(gpu=GpuRequest(2, most_memory=24 * 2**30)), {"gpu": "..24GB:2"}),
        (Resources(gpu=GpuRequest(1, "GeForce RTX 4090")), {"gpu": "RTX4090:1"}),
        (Resources(gpu=GpuRequest(1, "3090")), {"gpu": 1}),
    ],
)
def test_resources_are_the_least_and_gpus_exact(asked: Resources, there: dict[str, Any]) -> None:
    assert task(resources=asked) == {"resources": there}


def test_variables_have_the_names_that_commands_and_scripts_read() -> None:
    launch = ShellCommands(("echo ${WF_VAR_learning_2D_rate}",))
    found = task(
        launch=launch,
        parameters=(("learning-rate", "1e-3"), ("seed", "7")),
        variables=(("A", "010"), ("B", "$$ ${{ x }}"), ("WHERE", "of ${{run.name}}!")),
    )
    assert found["env"] == {
        "LEARNING_RATE": "1e-3",
        "SEED": "7",
        "seed": "7",
        "WF_VAR_learning_2D_rate": "1e-3",
        "A": "010",
        "B": "$$$$ $${{ x }}",
    }
    assert found["commands"] == [
        "export WHERE='of '\"$DSTACK_RUN_NAME\"'!'",
        *launch.commands,
    ]


def test_values_that_refer_to_others_are_the_shell_s() -> None:
    variables = (("A", "1"), ("B", "/a b:$A"), ("C", r"${B} $$ \$x 'y"), ("D", "$A"))
    found = task(variables=variables, expanded=("B", "C"))
    assert found["env"] == {"A": "1", "D": "$A"}
    *exports, make = found["commands"]
    assert make == "make"
    # what dstack's interpolation leaves of them
    script = " && ".join([*(text.replace("$$", "$") for text in exports), 'printf %s "$C"'])
    done = subprocess.run(
        ["bash", "-c", script], env={"A": "1"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "/a b:1 $$ $x 'y"


def test_variables_that_the_caller_must_set_make_a_list() -> None:
    assert task(variables=(("A", "1"),), required=("TOKEN",)) == {"env": ["A=1", "TOKEN"]}


def test_ports_that_were_free_are_fixed() -> None:
    assert task(ports=Ports(fixed=(8000,), free=2)) == {
        "env": {"PORT_0": "8000", "PORT_1": "8001", "PORT_2": "8002"},
        "ports": [8000, 8001, 8002],
    }


def test_a_container_keeps_what_it_was_given() -> None:
    container = Container(
        "me/image:1",
        user="1000:1000",
        privileged=True,
        registry_auth=("me", "${{ secrets.registry }}"),
        working_dir="/work",
        home_dir="/root",
    )
    parts: dict[str, Any] = {
        "container": container,
        "environment": EnvironmentRequest("3.10", "requirements.txt"),
    }
    assert task(**parts) == {
        "image": "me/image:1",
        "user": "1000:1000",
        "privileged": True,
        "registry_auth": {"username": "me", "password": "${{ secrets.registry }}"},
        "working_dir": "/work",
        "shell": "bash",
        "commands": ["python -m pip install -r requirements.txt", "make"],
    }
    assert lost(**parts) == ("the home folder /root", "python 3.10: the image has its own")


def test_an_entrypoint_is_given_the_commands_in_one_word() -> None:
    container = Container("image", entrypoint=("/bin/sh", "-e", "-c"))
    parts: dict[str, Any] = {"container": container, "launch": ShellCommands(("a", "b"))}
    assert task(**parts) == {
        "image": "image",
        "entrypoint": "/bin/sh -e -c",
        "commands": ["a && b"],
    }
    assert task(container=container, launch=ShellCommands(())) == {
        "image": "image",
        "entrypoint": "/bin/sh -e -c",
    }


def test_limits_and_files() -> None:
    found = task(limits=Limits(3600, 30), files=(FileCopy("conf/a.yml", "a.yml"),))
    assert found == {
        "files": ["conf/a.yml:a.yml"],
        "max_duration": 3600,
        "stop_duration": 30,
    }


def test_paths_are_those_seen_from_the_file() -> None:
    moved = export(replace(MAKE, files=(FileCopy("conf/a.yml", "a.yml"),)), "..")
    found = yaml.safe_load(moved.text)
    assert (found["repos"], found["files"]) == ([".."], ["../conf/a.yml:a.yml"])


def test_what_has_no_counterpart_is_said() -> None:
    said = lost(
        artifacts=(ArtifactRequest("model"), ArtifactRequest("logs")),
        dependencies=(
            Dependency("run", "prepare"),
            Dependency("last", "download"),
            Dependency("tag", "train", "v1"),
            Dependency("tag", None, "best"),
        ),
        code=("src",),
        service=Service("Jupyter", "/lab", "TOKEN", port=1),
        ports=Ports(free=2),
    )
    assert said == (
        "artifacts: model, logs; copy them out in a command",
        "depends-on prepare: run it first, and bring its artifacts here",
        "the artifacts of the last run of download",
        "the artifacts of the run of train tagged v1",
        "the artifacts of the run tagged best",
        "what counts as the same code: src",
        "the address of Jupyter: /lab of 8001",
    )


def test_a_day_is_kept_by_uv_where_there_is_one() -> None:
    environment = EnvironmentRequest(requirements="requirements.txt", as_of="2022-05-31")
    assert task(environment=environment)["env"] == {"UV_EXCLUDE_NEWER": "2022-06-01T00:00:00Z"}
    assert lost(environment=environment) == ()
    said = ("as-of 2022-05-31: the newest packages are installed; pin them",)
    assert lost(environment=environment, container=Container("me/image:1")) == said
    commit = environment._replace(as_of="commit")
    assert lost(environment=commit) == (said[0].replace("2022-05-31", "commit"),)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=200))
def test_no_text_leaves_its_comment(said: str) -> None:
    made = export(replace(MAKE, help=said, artifacts=(ArtifactRequest(said),)))
    found = yaml.safe_load(made.text)
    assert found == {"type": "task", "name": "make", "repos": ["."], "commands": ["make"]}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"launch": PythonScript("a b.py", ("x y", "${{run.name}}"))},
        {"launch": ShellCommands(('a "$@"', "b # c", "d\ne"), takes_args=True)},
        {"launch": ShellCommands(('echo "$*"',), takes_args=True)},
        {"working_dir": "src", "environment": EnvironmentRequest("3.10", "requirements.txt")},
        {"resources": Resources(4, 16 * 10**9, GpuRequest(2, "A100", 40 * 2**30), 2**30)},
        {"variables": (("A", "010"), ("B", "x y")), "required": ("TOKEN",)},
        {"ports": Ports(fixed=(8000,)), "limits": Limits(3600, 30)},
        {"container": Container("me/image:1", user="1000"), "nodes": 2},
    ],
)
def test_an_export_that_is_read_means_the_same(parts: dict[str, Any]) -> None:
    pytest.importorskip("runner.spec.eras.task", reason="tasks are not read yet")
    first = export(replace(MAKE, **parts)).text
    (again,) = load(read(first.encode(), "make.dstack.yml"))
    assert yaml.safe_load(export(again).text) == yaml.safe_load(first)
