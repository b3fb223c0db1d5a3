"""Today's tasks: every key, with what it comes to."""

from __future__ import annotations

from typing import Any

import pytest

from runner.document.reader import read
from runner.errors import WfError
from runner.spec import profiles, task_effects
from runner.spec.load import load
from runner.spec.task_forms import PolicyForm, TaskForm
from runner.spec.variables import Variables
from runner.spec.workflow import (
    ArtifactRequest,
    Container,
    FileCopy,
    GpuRequest,
    Limits,
    Ports,
    Resources,
    Retry,
    ShellCommands,
    Workflow,
)

GIB = 2**30
IMAGE = """\
image: a
user: me
privileged: true
home_dir: /h
working_dir: /w
registry_auth: {username: u, password: p}
"""


def task(text: str, file: str = "train.dstack.yml", profile: str | None = None) -> Workflow:
    """The workflow of a file of which ``type: task`` and, if it has none, commands are given."""
    whole = f"type: task\n{text}\n" + ("" if "commands" in text else "commands: [ls]\n")
    given = None if profile is None else profiles.load(read(profile.encode(), "profiles.yml"))
    (found,) = load(read(whole.encode(), file), profile=given)
    return found


def mistakes(text: str, file: str = "train.dstack.yml") -> list[str]:
    with pytest.raises(WfError) as caught:
        load(read(text.encode(), file))
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "part", "meant"),
    [
        ("name: other", "name", "other"),
        ("commands: [a, b]", "launch", ShellCommands(("a", "b"))),
        ("shell: sh", "launch", ShellCommands(("ls",), shell="sh")),
        ("shell: /bin/zsh", "launch", ShellCommands(("ls",), shell="/bin/zsh")),
        ("image: ubuntu", "launch", ShellCommands(("ls",), shell="sh")),
        ("image: ubuntu\ncommands:", "launch", ShellCommands((), shell="sh")),
        (
            "entrypoint: python -m x",
            "launch",
            ShellCommands(('exec "$@"',), takes_args=True, args=("python", "-m", "x", "ls")),
        ),
        (
            "commands: ['echo ${{ run.args }}']",
            "launch",
            ShellCommands(('echo "$@"',), takes_args=True),
        ),
        (
            "commands: ['x ${{ dstack.node_rank }}']",
            "launch",
            ShellCommands(("x ${DSTACK_NODE_RANK}",)),
        ),
        ("image: ubuntu", "container", Container("ubuntu")),
        (
            IMAGE,
            "container",
            Container("a", (), "me", True, ("u", "p"), "/w", "/h"),  # noqa: FBT003 - as read
        ),
        ("python: 3.10", "container", None),
        ("user: me\nhome_dir: /h\nworking_dir: /w", "box", Container("", user="me", home_dir="/h")),
        ("env: [A=1, B]", "variables", (("A", "1"),)),
        ("env: [A=1, B]", "required", ("B",)),
        ("env: {A: 010, B: ''}", "variables", (("A", "010"), ("B", ""))),
        ("setup: [a]\nbuild: [b]", "before", ("b", "a")),
        ("artifacts: [a, path: b]", "artifacts", (ArtifactRequest("a"), ArtifactRequest("b"))),
        ("nodes: 3", "nodes", 3),
        ("ports: [80, '81:82', '*:83', 80]", "ports", Ports((80, 82, 83))),
        ("files: [a, b/c:d]", "files", (FileCopy("a", "a"), FileCopy("b/c", "d"))),
        ("files: [{local_path: a, path: /workflow/b}]", "files", (FileCopy("a", "b"),)),
        ("files: [~/.netrc]", "files", ()),
        ("max_duration: 90m\nstop_duration: 10", "limits", Limits(5400, 10)),
        ("max_duration: off\nstop_duration: false", "limits", Limits()),
        ("working_dir: a/b", "working_dir", "a/b"),
        ("working_dir: /workflow/a", "working_dir", "a"),
        ("working_dir: /dstack/run", "working_dir", "."),
        ("working_dir: ~/x", "working_dir", "."),
        ("resources: {cpu: 4.., memory: 1GB}", "resources", Resources(4, GIB)),
        ("resources: {shm_size: 1}", "resources", Resources(shm_size=GIB)),
        (
            "resources: {cpu: ..4, memory: ..8GB, gpu: ..2}",
            "resources",
            Resources(most_memory=8 * GIB),
        ),
        ("resources: {memory: 1GB..}", "resources", Resources(memory=GIB, most_memory=0)),
        (
            "resources: {memory: 1GB..4GB}",
            "resources",
            Resources(memory=GIB, most_memory=4 * GIB),
        ),
        ("resources: {gpu: {}}", "resources", Resources(gpu=GpuRequest(1))),
        (
            "resources: {gpu: 'A100,H100,L4:24GB:2..'}",
            "resources",
            Resources(gpu=GpuRequest(2, "A100", 24 * 10**9, ("H100", "L4"))),
        ),
        (
            "resources: {gpu: {count: 3, memory: 1GB, total_memory: 9GB}}",
            "resources",
            Resources(gpu=GpuRequest(3, None, 3 * 10**9)),
        ),
        (
            "resources: {gpu: '16GB..24GB'}",
            "resources",
            Resources(gpu=GpuRequest(1, None, 16 * 10**9, (), 24 * GIB)),
        ),
        (
            "resources: {gpu: {count: 4, memory: ..40GB, total_memory: 64GB..128GB}}",
            "resources",
            Resources(gpu=GpuRequest(4, None, 16 * 10**9, (), 32 * GIB)),
        ),
    ],
)  # fmt: skip
def test_what_a_key_means(text: str, part: str, meant: Any) -> None:
    assert getattr(task(text), part) == meant


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("python: 3.10", "3.10"),
        ("image: python:3.9-slim", "3.9"),
        ("image: ubuntu", None),
        ("", None),
    ],
)
def test_the_python_asked_for(text: str, python: str | None) -> None:
    assert task(text).environment.python == python


def test_every_key_that_does_nothing_says_so_and_nothing_else_does() -> None:
    effective = {"max_duration", "stop_duration", "retry", "retry_policy"}
    policies = set(PolicyForm.model_fields) - effective
    silent = policies - set(task_effects.NO_EFFECT)
    assert silent == set()
    unknown = set(task_effects.NO_EFFECT) - set(TaskForm.model_fields)
    assert unknown == {"project"}  # of profiles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("retry: false", None),
        ("retry: true", Retry(("no-capacity", "interruption", "error"), 3600)),
        ("retry: {on_events: [error]}", Retry(("error",), 3600)),
        ("retry: {duration: off}", Retry(duration=None)),
        ("retry: {on_events: [interruption], duration: 90}", Retry(("interruption",), 90)),
        ("retry_policy: {retry: false, limit: 1h}", None),
        ("retry_policy: {limit: 1h}", None),
        ("retry: false\nretry_policy: {retry: true}", Retry(("no-capacity", "interruption"))),
        ("retry: true\nretry_policy: {retry: true, limit: 1s}", Retry()),
    ],
)
def test_when_a_job_is_started_again(text: str, expected: Retry | None) -> None:
    assert task(text).retry == expected
    assert task(text).notices == ()


@pytest.mark.parametrize(
    ("text", "expected", "told"),
    [
        ("", False, 0),
        ("spot_policy: spot", True, 0),
        ("spot_policy: auto", False, 1),
        ("spot_policy: on-demand", False, 1),
    ],
)
def test_what_can_be_interrupted(text: str, *, expected: bool, told: int) -> None:
    assert task(text).interruptible is expected
    assert len(task(text).notices) == told


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("train.dstack.yml", "train"),
        ("sub/folder/train.dstack.yaml", "train"),
        (".dstack.yml", "default"),
        ("other.yml", "other"),
        ("v1.2.dstack.yml", "v1.2"),
    ],
)
def test_a_task_without_a_name_is_called_like_its_file(file: str, name: str) -> None:
    assert task("", file).name == name


def test_a_file_whose_name_is_no_name() -> None:
    (message,) = mistakes("type: task\ncommands: [ls]\n", "my task.dstack.yml")
    assert "`my task`" in message


@pytest.mark.parametrize("text", ["commands: [ls]\n", "typ: task\ncommands: [ls]\n", "a: b\n"])
def test_a_missing_type_is_said_to_a_file_that_is_named_so(text: str) -> None:
    assert mistakes(text) == ["`type` is missing"]


@pytest.mark.parametrize("text", ["- a\n", "ls\n"])
def test_a_file_that_is_named_so_and_is_no_mapping(text: str) -> None:
    assert mistakes(text)[0].startswith("a mapping is wanted here")


def test_variables_of_the_project_are_a_tasks_too() -> None:
    known = Variables({"train": {"lr": "0.1"}})
    text = "type: task\nenv: ['LR=${{ lr }}']\ncommands: ['echo ${{ lr }}']\n"
    (found,) = load(read(text.encode(), "train.dstack.yml"), known, {"train": {"lr": "2"}})
    assert found.variables == (("LR", "2"),)
    assert found.launch == ShellCommands(("echo ${WF_VAR_lr}",))


def test_words_behind_an_entrypoint_are_no_shell_text() -> None:
    found = task("entrypoint: echo\ncommands: ['$HOME', 'a b', '${{ run.name }}']")
    assert isinstance(found.launch, ShellCommands)
    assert found.launch.args == ("echo", "$HOME", "a b", "${{run.name}}")


# --- profiles -------------------------------------------------------------------------------------

PROFILE = """\
profiles:
  - name: small
    max_duration: 1h
  - name: large
    default: true
    max_duration: 2h
    stop_duration: 30s
    resources: {memory: 8GB, cpu: 2, gpu: {name: V100, count: 1}}
"""


def test_the_default_profile_fills_what_a_task_leaves_open() -> None:
    found = task("", profile=PROFILE)
    assert found.limits == Limits(7200, 30)
    assert found.resources == Resources(2, 8 * GIB, GpuRequest(1, "V100"))


def test_a_tasks_own_keys_win_over_a_profile() -> None:
    found = task("max_duration: off\nresources: {cpu: 1}", profile=PROFILE)
    assert found.limits == Limits(None, 30)
    assert found.resources == Resources(1)


@pytest.mark.parametrize(
    "text",
    ["profiles: [{name: a, max_duration: 1h}]", "profiles: [{name: a, default: false, regions: }]"],
)
def test_profiles_without_a_default_say_nothing(text: str) -> None:
    found = task("", profile=text)
    assert (found.limits, found.notices) == (Limits(), ())


@pytest.mark.parametrize(
    "text",
    ["profiles: []", "profiles:", "a: b", "[a]", "profiles: [{default: true}]", "profiles: {a: b}"],
)
def test_profiles_that_cannot_be_read(text: str) -> None:
    with pytest.raises(WfError) as caught:
        profiles.load(read(text.encode(), "profiles.yml"))
    assert all(problem.place for problem in caught.value.problems)


def test_a_job_is_held_to_the_memory_it_may_have() -> None:
    assert Resources(memory=GIB).memory_limit == GIB
    assert Resources(memory=GIB, most_memory=4 * GIB).times(2).memory_limit == 8 * GIB
    assert Resources(most_memory=GIB).memory_limit == GIB
    assert Resources(memory=GIB, most_memory=0).memory_limit is None
    assert Resources().memory_limit is None
