"""Workflow, choices and facts to a plan, or every file that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runner.document.reader import read
from runner.errors import INVALID, USAGE, Problem, WfError
from runner.plan.environment import (
    EnvironmentSpec,
    LocalRequirement,
    LockedImage,
    LockedRun,
    RequirementFile,
)
from runner.plan.facts import FileFact, ProjectFacts
from runner.plan.plan import DOCKER, LOCAL, Choices, Plan
from runner.plan.planner import plan
from runner.spec.load import load
from runner.spec.workflow import (
    Container,
    FileCopy,
    GpuRequest,
    Limits,
    PythonScript,
    Resources,
    Volume,
    Workflow,
)

TRAIN = """\
workflows:
  - name: train
    provider: python
    script: train.py
    args: --lr 0.1
    python: 3.9
    requirements: requirements.txt
    working_dir: src
    env: {SEED: "1", LR: "2"}
    artifacts: [model]
    resources: {cpu: 2, gpu: 1}
"""
HELLO = """\
workflows:
  - name: hello
    provider: bash
    commands: [echo hello]
"""
FOLDER = FileFact("directory")
FILE = FileFact("file")
HERE = {
    "src": FOLDER,
    "src/train.py": FILE,
    "src/requirements.txt": FileFact("file", "torch==2.13.0\n"),
}


def workflow(text: str) -> Workflow:
    """The first workflow of a text."""
    return load(read(text.encode(), "workflows.yaml"))[0]


def planned(
    text: str = TRAIN,
    choices: Choices | None = None,
    files: dict[str, FileFact] | None = None,
) -> Plan:
    """The plan of a text's first workflow."""
    facts = ProjectFacts({".": FOLDER, **(HERE if files is None else files)})
    return plan(workflow(text), choices or Choices(), facts, "3.11")


def problems(files: dict[str, FileFact], text: str = TRAIN) -> tuple[Problem, ...]:
    """What a plan fails with."""
    with pytest.raises(WfError) as caught:
        planned(text, files={**HERE, **files})
    assert caught.value.kind == INVALID
    return caught.value.problems


# --- what is planned ------------------------------------------------------------------------------


def test_a_plan_of_one_job_says_what_and_why() -> None:
    job = planned().job
    assert planned().jobs == (job,)
    assert (job.workflow, job.provider, job.action, job.reason) == (
        "train",
        "python",
        "run",
        "asked for",
    )
    assert job.launch == PythonScript("train.py", ("--lr", "0.1"))
    assert job.environment == EnvironmentSpec(
        "3.9",
        (RequirementFile("src/requirements.txt", "torch==2.13.0\n"),),
        accelerator="cuda",  # the workflow asks for a GPU
    )
    assert job.variables == (("SEED", "1"), ("LR", "2"))
    assert job.resources == workflow(TRAIN).resources
    assert job.artifacts == workflow(TRAIN).artifacts
    assert job.working_dir == "src"


def test_the_same_input_gives_the_same_plan() -> None:
    assert planned() == planned()


@pytest.mark.parametrize(
    ("text", "choices", "python"),
    [
        (HELLO, Choices(), "3.11"),
        (HELLO, Choices(python="3.8"), "3.8"),
        (TRAIN, Choices(), "3.9"),
        (TRAIN, Choices(python="3.12"), "3.12"),
    ],
)
def test_the_command_line_the_file_and_the_default_in_this_order(
    text: str, choices: Choices, python: str
) -> None:
    assert planned(text, choices).job.environment.python == python


def test_variables_of_the_command_line_are_added_and_win() -> None:
    choices = Choices(variables=(("LR", "3"), ("NEW", "x")))
    assert planned(choices=choices).job.variables == (("SEED", "1"), ("LR", "3"), ("NEW", "x"))


def test_resources_of_the_command_line_win() -> None:
    resources = planned(choices=Choices(cpus=1, gpus=3)).job.resources
    assert (resources.cpu, resources.gpu) == (1, GpuRequest(3))


def test_words_of_the_command_line_go_behind_the_files() -> None:
    launch = planned(choices=Choices(args=("--epochs", "3"))).job.launch
    assert launch == PythonScript("train.py", ("--lr", "0.1", "--epochs", "3"))


def test_a_shell_takes_no_words() -> None:
    with pytest.raises(WfError) as caught:
        planned(HELLO, Choices(args=("x",)))
    assert caught.value.kind == USAGE
    assert "no command of `hello` takes" in caught.value.message


# --- requirement files ----------------------------------------------------------------------------


def test_included_files_follow_the_first_each_once() -> None:
    files = {
        **HERE,
        "src/requirements.txt": FileFact("file", "-r base.txt\n-c ../all.txt\ntorch\n"),
        "src/base.txt": FileFact("file", "-c ../all.txt\n-r more.txt\nsix\n"),
        "src/more.txt": FileFact("file", "numpy\n"),
        "all.txt": FileFact("file", "torch==2.13.0\n"),
    }
    found = planned(files=files).job.environment.requirements
    assert [file.path for file in found] == [
        "src/requirements.txt",
        "src/base.txt",
        "all.txt",
        "src/more.txt",
    ]
    assert found[3].text == "numpy\n"


def test_files_that_include_each_other_come_to_an_end() -> None:
    files = {
        **HERE,
        "src/requirements.txt": FileFact("file", "-r base.txt\n-r requirements.txt\n"),
        "src/base.txt": FileFact("file", "-r requirements.txt\n"),
    }
    found = planned(files=files).job.environment.requirements
    assert [file.path for file in found] == ["src/requirements.txt", "src/base.txt"]


def test_a_line_that_cannot_be_installed_is_told_in_its_own_file() -> None:
    (problem,) = problems(
        {
            "src/requirements.txt": FileFact("file", "six\n-r base.txt\n"),
            "src/base.txt": FileFact("file", "six\ntorch=2\n"),
        }
    )
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("src/base.txt", 2)


# --- files that cannot be used --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key", "what"),
    [
        ("src/train.py", "script", "script"),
        ("src/requirements.txt", "requirements", "requirements file"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "does not exist"),
        ("directory", "is a folder"),
        ("outside", "lies outside the project folder"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_its_key(
    path: str, key: str, what: str, kind: str, said: str
) -> None:
    facts = {"missing": FileFact("missing"), "directory": FOLDER, "outside": FileFact("outside")}
    (problem,) = problems({path: facts[kind]})
    assert problem.message == f"the {what} `{path}` {said}"
    assert problem.route == ("workflows", 0, key)
    assert problem.code == kind
    assert problem.hint


def test_a_file_with_nearly_that_name_is_offered() -> None:
    missing = FileFact("missing", nearby=("src/data.py", "src/train_.py", "src/Makefile"))
    (problem,) = problems({"src/train.py": missing})
    assert problem.hint == "did you mean `src/train_.py`?"
    (problem,) = problems({"src/train.py": FileFact("missing", nearby=("src/zzz",))})
    assert problem.hint == "create it, or name the script that is there"


def test_what_lies_outside_is_not_offered_but_explained() -> None:
    (problem,) = problems({"src/train.py": FileFact("outside", nearby=("src/train.py",))})
    assert problem.hint is not None
    assert "a run works on a copy of that folder alone" in problem.hint


@pytest.mark.parametrize("kind", [FileFact("missing"), FileFact("file"), FileFact("outside")])
def test_a_working_directory_must_be_a_folder(kind: FileFact) -> None:
    (problem,) = problems({"src": kind})
    assert "`src`" in problem.message
    assert problem.route == ("workflows", 0, "working_dir")


def test_every_file_at_fault_is_told() -> None:
    missing = FileFact("missing")
    found = problems({"src/train.py": missing, "src/requirements.txt": missing})
    assert [problem.route[-1] for problem in found] == ["script", "requirements"]


def test_the_spelling_of_the_key_is_kept() -> None:
    text = TRAIN.replace("script:", "python_script:")
    (problem,) = problems({"src/train.py": FileFact("missing")}, text)
    assert problem.route == ("workflows", 0, "python_script")


# --- what the caller must give, and what lies elsewhere -------------------------------------------


def replanned(
    choices: Choices | None = None, there: dict[str, FileFact] | None = None, **facts: Any
) -> Plan:
    """The plan of TRAIN, with something in it that only other eras can write."""
    found = ProjectFacts({".": FOLDER, **HERE, **(there or {})})
    return plan(replace(workflow(TRAIN), **facts), choices or Choices(), found, "3.11")


@pytest.mark.parametrize(
    "choices",
    [
        Choices(caller=frozenset({"TOKEN", "PATH"})),
        Choices(caller=frozenset(), variables=(("TOKEN", "x"),)),
        Choices(),  # nobody calls: the file is only looked at
    ],
)
def test_a_variable_that_is_needed_is_there(choices: Choices) -> None:
    job = replanned(choices, required=("TOKEN",)).job
    given = dict(job.variables)
    assert ("TOKEN" in job.passed) != ("TOKEN" in given)


def test_a_variable_that_is_needed_and_not_there_is_told_with_its_place() -> None:
    with pytest.raises(WfError) as caught:
        replanned(Choices(caller=frozenset({"PATH"})), required=("TOKEN", "PATH", "USER_ID"))
    assert caught.value.kind == USAGE
    (problem,) = caught.value.problems
    assert problem.message == "`train` needs the variables `TOKEN`, `USER_ID`"
    assert problem.hint == "set it: -e TOKEN=value -e USER_ID=value"
    assert problem.route == ("workflows", 0, "env")


def test_a_variable_that_is_passed_on_is_not_written_down() -> None:
    job = planned(choices=Choices(passed=("LR", "TOKEN"), caller=frozenset({"LR", "TOKEN"}))).job
    assert job.passed == ("LR", "TOKEN")
    assert job.variables == (("SEED", "1"),)


@pytest.mark.parametrize("kind", ["missing", "outside"])
def test_files_to_be_put_elsewhere_must_be_there(kind: Any) -> None:
    files = (FileCopy("src/train.py", "a"), FileCopy("conf.yaml", "b"))
    with pytest.raises(WfError) as caught:
        replanned(there={"conf.yaml": FileFact(kind)}, files=files)
    (problem,) = caught.value.problems
    assert problem.code == kind
    assert "`conf.yaml`" in problem.message


def test_folders_can_be_put_elsewhere() -> None:
    copies = (FileCopy("data", "in"),)
    assert replanned(there={"data": FOLDER}, files=copies).job.files == copies


@pytest.mark.parametrize(
    ("chosen", "file", "expected"),
    [(None, 60, 60), (7, 60, 7), (7, None, 7), (0, 60, None), (None, None, None)],
)
def test_the_command_line_decides_how_long_a_job_may_run(
    chosen: int | None, file: int | None, expected: int | None
) -> None:
    limits = Limits(max_duration=file, stop_duration=9)
    job = replanned(Choices(max_duration=chosen), limits=limits).job
    assert job.limits == Limits(max_duration=expected, stop_duration=9)


def test_several_nodes_need_as_much_as_all_of_them() -> None:
    asked = Resources(cpu=2, memory=10, gpu=GpuRequest(3, "A100"), shm_size=5)
    job = replanned(nodes=4, resources=asked).job
    assert job.resources == asked
    assert job.demand == Resources(cpu=8, memory=40, gpu=GpuRequest(12, "A100"), shm_size=20)
    assert replanned(nodes=4, resources=Resources()).job.demand == Resources()


# --- images ---------------------------------------------------------------------------------------

IMAGE = "workflows: [{{name: a, provider: docker, image: '{}'{}}}]"
COMMANDS = ", commands: [make]"
LOCALLY = Choices(executor=LOCAL)


@pytest.mark.parametrize(
    ("image", "choices", "expected"),
    [
        ("me/a:1", Choices(), "me/a:1"),
        ("me/a:1", Choices(containers=True), "me/a:1"),
        ("me/a:1", LOCALLY, None),
        # another word for a Python, where there is no daemon
        ("python:3.9", Choices(), None),
        ("python:3.9", Choices(containers=True), "python:3.9"),
        ("python:3.9", Choices(executor=DOCKER), "python:3.9"),
        ("python:3.9", Choices(executor=LOCAL, containers=True), None),
    ],
)
def test_an_image_decides_where_a_job_runs(
    image: str, choices: Choices, expected: str | None
) -> None:
    job = planned(IMAGE.format(image, COMMANDS), choices).job
    assert (job.container and job.container.image) == expected
    assert job.executor == (LOCAL if expected is None else DOCKER)
    assert job.environment.image == expected


def test_a_python_in_the_place_of_its_image_is_told() -> None:
    text = IMAGE.format("python:3.9", COMMANDS)
    (notice,) = planned(text).job.notices
    assert notice.message == "`python:3.9` is read as Python 3.9 on this machine"
    assert notice.route == ("workflows", 0, "image")
    assert planned(text, Choices(containers=True)).job.notices == ()


def test_a_job_without_an_image_has_a_container_on_demand() -> None:
    text = "workflows: [{name: a, provider: bash, commands: [make], python: 3.10}]"
    assert planned(text, Choices(containers=True)).job.container is None
    asked = Choices(executor=DOCKER)
    assert planned(text, asked).job.container == Container("python:3.10-slim")
    own = Choices(executor=DOCKER, base_image="mine:{python}")
    assert planned(text, own).job.container == Container("mine:3.10")


VOLUMES = "type: task\ncommands: [ls]\nvolumes: {}\n"


def test_a_folder_at_another_place_takes_a_container() -> None:
    text = VOLUMES.format("['/data:/mnt']")
    with pytest.raises(WfError) as caught:
        planned(text)
    (problem,) = caught.value.problems
    assert problem.message == "`/data` can be mounted at `/mnt` in a container only"
    assert problem.route == ("volumes",)
    container = planned(text, Choices(executor=DOCKER)).job.container
    assert container is not None
    assert container.volumes == (Volume("/data", "/mnt"),)


@pytest.mark.parametrize(
    "written", ["['/data:/data']", "[{instance_path: /a, path: /b, optional: true}]", "[]"]
)
def test_folders_are_where_they_are_without_one(written: str) -> None:
    assert planned(VOLUMES.format(written)).job.container is None


def test_a_volume_of_a_cloud_is_in_no_container() -> None:
    text = VOLUMES.format("[{name: mine, path: /b, optional: true}]")
    container = planned(text, Choices(executor=DOCKER)).job.container
    assert container is not None
    assert container.volumes == ()


@pytest.mark.parametrize(
    ("choices", "python", "whichever"),
    [
        (Choices(executor=DOCKER), "3.11", False),
        (Choices(executor=DOCKER, base_image="mine:{python}"), "3.11", False),
        # what it has is not known
        (Choices(executor=DOCKER, base_image="mine"), "3.11", True),
        (Choices(executor=DOCKER, base_image="mine", python="3.9"), "3.9", False),
        (Choices(), "3.11", False),
    ],
)
def test_an_image_counts_with_its_python_where_nobody_asks_for_one(
    choices: Choices, python: str, *, whichever: bool
) -> None:
    text = "workflows: [{name: a, provider: bash, commands: [make]}]"
    wanted = planned(text, choices).job.environment
    assert (wanted.python, wanted.any_python) == (python, whichever)
    named = planned(IMAGE.format("me/a:1", COMMANDS), choices).job.environment
    assert named.any_python is (choices.python is None)


def test_an_image_is_chosen_for_the_python_of_the_day_or_of_a_former_run() -> None:
    former = LockedRun("wet-mango-1", "3.9.7", (), None)
    job = replanned(Choices(executor=DOCKER, locked=former)).job
    assert job.container == Container("python:3.9.7-slim")
    assert (job.environment.python, job.environment.any_python) == ("3.9.7", False)


def test_a_former_run_has_chosen_its_image() -> None:
    image = LockedImage("old:1", "sha256:abc", alone=False)
    former = LockedRun("wet-mango-1", "3.9.7", (), None, image=image)
    job = replanned(Choices(executor=DOCKER, locked=former, base_image="new")).job
    assert job.container == Container("old:1")
    named = planned(IMAGE.format("me/a:1", COMMANDS), Choices(containers=True, locked=former)).job
    assert named.container is not None
    assert named.container.image == "me/a:1"


def test_an_image_was_all_that_a_former_run_had() -> None:
    image = LockedImage("old:1", "sha256:abc", alone=True)
    former = LockedRun("wet-mango-1", "", (), None, image=image)
    asked = EnvironmentSpec("3.9", packages=("six",))
    bare = asked.taken_from(former)
    assert bare == EnvironmentSpec("3.9", locked=former, any_python=True)
    assert bare.bare
    local = LocalRequirement(".", (), editable=True, file="requirements.txt", line=1)
    more = replace(asked, local=(local,)).taken_from(former)
    assert more == EnvironmentSpec("3.9", local=(local,), any_python=True)
    assert not more.bare


def test_what_a_task_says_of_a_container_holds_for_one_on_demand() -> None:
    box = Container("", user="1000", privileged=True, home_dir="/root")
    outside = (Problem("`user` has no effect here"),)
    job = replanned(box=box, outside=outside).job
    assert (job.container, job.notices) == (None, outside)
    job = replanned(Choices(executor=DOCKER, base_image="mine"), box=box, outside=outside).job
    assert (job.container, job.notices) == (box._replace(image="mine"), ())


def test_an_image_has_a_command_of_its_own_in_a_container_only() -> None:
    assert planned(IMAGE.format("me/a:1", "")).job.container is not None
    for image, choices in (("me/a:1", LOCALLY), ("python:3.9", None)):
        with pytest.raises(WfError) as caught:
            planned(IMAGE.format(image, ""), choices)
        (problem,) = caught.value.problems
        assert problem.message == "`a` has no `commands`, and runs without its image"
        assert problem.route == ("workflows", 0, "image")


def test_what_a_shell_would_put_into_variables_is_known_but_for_those_given_for_the_run() -> None:
    text = HELLO + "    env: [A=$HOME, B=$HOME, C=c]\n"
    assert planned(text).job.expanded == ("A", "B")
    given = planned(text, Choices(variables=(("A", "$HOME"),))).job
    assert given.expanded == ("B",)
    assert dict(given.variables)["A"] == "$HOME"


def test_the_environment_of_a_run_takes_the_place_of_the_files() -> None:
    run = LockedRun("wet-mango-1", "3.10.4", ("torch==1.11.0",), None, "abc", "2022-05-20")
    found = planned(choices=Choices(locked=run)).job.environment
    assert found == EnvironmentSpec("3.10.4", locked=run, as_of="2022-05-20", accelerator="cuda")


def test_what_lies_in_the_project_is_installed_on_top_of_it_all_the_same() -> None:
    local = LocalRequirement(".", (), editable=True, file="requirements.txt", line=1)
    run = LockedRun("wet-mango-1", "3.10.4", (), None)
    asked = EnvironmentSpec("3.9", packages=("six",), local=(local,), python_reason="because")
    found = asked.taken_from(run)
    assert found == EnvironmentSpec("3.10.4", local=(local,), locked=run)


@pytest.mark.parametrize(("gpus", "accelerator"), [(None, "cuda"), (2, "cuda"), (0, "cpu")])
def test_wheels_are_for_what_the_job_asks_for(gpus: int | None, accelerator: str) -> None:
    assert planned(choices=Choices(gpus=gpus)).job.environment.accelerator == accelerator


def simulated(text: str = TRAIN, **chosen: Any) -> Plan:
    return planned(text, Choices(simulate_gpus=True, **chosen))


def test_simulated_gpus_are_asked_of_nobody() -> None:
    job = simulated(gpus=4).job
    assert job.simulated == 4
    assert job.resources == job.demand == Resources(cpu=2)
    assert job.environment.accelerator == "cpu"
    assert job.document()["resources"]["simulated_gpus"] == 4


def test_whatever_a_gpu_is_called_it_can_be_simulated() -> None:
    text = TRAIN.replace("gpu: 1", "gpu: {name: H100, count: 8, memory: 80GB}")
    assert simulated(text).job.simulated == 8


def test_without_gpus_there_is_nothing_to_simulate() -> None:
    plain = planned(choices=Choices(gpus=0))
    assert simulated(gpus=0) == plain
    assert simulated(HELLO) == planned(HELLO)
    assert plain.job.simulated == 0


def test_each_node_simulates_its_own() -> None:
    text = TRAIN.replace("provider: python", "provider: torchrun\n    nodes: 3")
    job = simulated(text.replace("gpu: 1", "gpu: 2")).job
    assert (job.simulated, job.nodes, job.processes) == (2, 3, 2)
    assert job.demand.gpu is None
