"""``.dstack/variables.yaml``, the command line and the job, together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Result, World

WORKFLOWS = """\
workflows:
  - name: train
    provider: bash
    commands:
      - printf '<%s>' ${{ lr }} "${{ name }}" '${{ seed }}'
"""
VARIABLES = """\
variables:
  global:
    seed: 7
    lr: 0.1
  train:
    lr: 2e-5
    name: two  words
"""


@pytest.fixture
def project(world: World) -> World:
    """A project with variables."""
    world.workflows(WORKFLOWS)
    world.write(".dstack/variables.yaml", VARIABLES)
    return world


def run(world: World, commands: str, variables: str, *words: str) -> Result:
    """Run commands with variables, both as YAML in one line."""
    world.workflows(f"workflows: [{{name: job, provider: bash, commands: {commands}}}]\n")
    world.write(".dstack/variables.yaml", f"variables: {{job: {variables}}}\n")
    done = world.wf("run", "job", *words)
    assert done.code == 0, done.err
    return done


def test_the_workflows_own_values_win_over_those_of_all(project: World) -> None:
    assert project.wf("run", "train").out == "<2e-5><two  words><7>"


@pytest.mark.parametrize("words", [["--lr", "0.5"], ["--lr=0.5"], ["--lr", "3", "--lr", "0.5"]])
def test_the_command_line_wins_over_the_file(project: World, words: list[str]) -> None:
    done = project.wf("run", "train", *words, "--seed", "-1")
    assert done.out == "<0.5><two  words><-1>"
    assert project.record()["variables"] == {"seed": "-1", "lr": "0.5", "name": "two  words"}


def test_a_dry_run_and_a_plan_take_them_too(project: World) -> None:
    for verb in (["plan", "train"], ["run", "train", "--dry-run"]):
        done = project.wf(*verb, "--json", "--lr", "0.5")
        assert done.json()["jobs"][0]["variables"]["lr"] == "0.5"


def test_the_record_has_them(project: World) -> None:
    project.wf("run", "train")
    expected = {"seed": "7", "lr": "2e-5", "name": "two  words"}
    assert project.record()["variables"] == expected


def test_the_job_has_them_by_name_and_upper_cased(world: World) -> None:
    done = run(
        world,
        "'echo $lr $LR $DATA_DIR ${{ data-dir }}'",
        "{lr: 2e-5, data-dir: some/where}",
    )
    assert done.out == "2e-5 2e-5 some/where some/where\n"


def test_a_variable_called_path_does_not_break_path(world: World) -> None:
    done = run(world, "'basename ${{ path }}; basename $path'", "{path: a/b, home: /nowhere}")
    assert done.out == "b\nb\n"


def test_env_wins_over_a_twin(world: World) -> None:
    world.workflows(
        "workflows: [{name: job, provider: bash, env: {LR: mine},"
        " commands: 'echo $LR ${{ lr }}'}]\n"
    )
    world.write(".dstack/variables.yaml", "variables: {job: {lr: 1}}\n")
    assert world.wf("run", "job").out == "mine 1\n"


@pytest.mark.parametrize(
    "value", ["; echo pwned", "$(echo pwned)", "`echo pwned`", "'; echo pwned; '", "a\necho pwned"]
)
def test_nothing_in_a_value_is_run(project: World, value: str) -> None:
    done = project.wf("run", "train", "--name", value, "--seed", value)
    assert done.out == f"<2e-5><{value}><{value}>"


def test_words_of_the_run(world: World) -> None:
    done = run(world, "\"printf '<%s>' ${{ run.args }}\"", "{}", "--", "a", "b c", "--lr", "$x")
    assert done.out == "<a><b c><--lr><$x>"
    assert run(world, "\"printf '<%s>' ${{ run.args }}\"", "{}").out == "<>"


def test_words_that_no_command_takes(project: World) -> None:
    done = project.wf("run", "train", "--", "a")
    assert done.code == 64
    assert "no command of `train` takes the words after `--`" in done.err
    assert "use them in a command as ${{ run.args }}" in done.err


def test_the_name_of_the_run_in_an_artifacts_path(world: World) -> None:
    world.workflows(
        "workflows:\n"
        "  - name: job\n"
        "    provider: bash\n"
        "    commands: echo x > models/${{ run.name }}/x; echo ${{ run.name }}\n"
        "    artifacts: ['models/${{ run.name }}']\n"
    )
    done = world.wf("run", "job")
    run_name = done.out.strip()
    assert world.runs() == [run_name]
    assert [found["path"] for found in world.record()["artifacts"]] == [f"models/{run_name}"]
    assert world.wf("artifacts", "list", "last").code == 0


def test_the_name_of_the_run_whatever_a_variable_is_called(world: World) -> None:
    done = run(world, "'echo ${{ run.name }} ${{ run_name }}'", "{run_name: mine, wf_run: mine}")
    assert done.out == f"{world.runs()[0]} mine\n"


def test_the_arguments_of_a_script(world: World) -> None:
    world.workflows(
        "workflows: [{name: train, provider: python, script: a.py, args: $variables_as_args}]\n"
    )
    world.write("a.py", "import sys, json\nprint(json.dumps(sys.argv[1:]))\n")
    world.write(".dstack/variables.yaml", VARIABLES)
    done = world.wf("run", "train", "--", "--more")
    assert json.loads(done.out) == [
        "--seed", "7", "--lr", "2e-5", "--name", "two  words", "--more",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--lrx", "1"], "`train` has no variable `lrx`", "did you mean `--lr`?"),
        (["--lrx=1"], "`train` has no variable `lrx`", "did you mean `--lr`?"),
        (["--gpu", "1"], "`train` has no variable `gpu`", "did you mean `--gpus`?"),
        (["--lr"], "`--lr` has no value", "write --lr VALUE for a variable"),
        (["--no-wiat"], "`--no-wiat` has no value", "did you mean `--no-wait`?"),
        (["--steps", "1"], "`train` has no variable `steps`", "its variables are: lr, name, seed"),
    ],
)  # fmt: skip
def test_what_is_no_variable(project: World, words: list[str], message: str, hint: str) -> None:
    done = project.wf("run", "train", *words)
    assert (done.code, done.out) == (64, "")
    assert done.err == f"error: {message}\nhint: {hint}\n"


def test_no_variables_at_all(world: World) -> None:
    world.workflows("workflows: [{name: train, provider: bash, commands: 'true'}]\n")
    done = world.wf("run", "train", "--lr", "1")
    assert done.code == 64
    assert "words for the script go behind `--`" in done.err


@pytest.mark.parametrize("words", [["run", "train"], ["plan", "train"], ["ls"], ["validate"]])
def test_a_mistake_in_the_variables_file(project: World, words: list[str]) -> None:
    project.write(".dstack/variables.yaml", "variables:\n  train:\n    2nd: 1\n")
    done = project.wf(*words)
    assert done.code == 65
    assert ".dstack/variables.yaml:3:5: error: `2nd` cannot be the name of a variable" in (
        done.out + done.err
    )


def test_a_variables_file_that_is_no_yaml(project: World) -> None:
    project.write(".dstack/variables.yaml", "variables: [")
    done = project.wf("run", "train")
    assert done.code == 65
    assert ".dstack/variables.yaml:1:" in done.err


def test_an_unknown_variable(project: World) -> None:
    project.write(".dstack/variables.yaml", "variables: {global: {lr: 1, seed: 2, names: 3}}\n")
    done = project.wf("run", "train")
    assert done.code == 65
    assert ".dstack/workflows.yaml:5:34: error: there is no variable `name`" in done.err
    assert "did you mean `names`?" in done.err
    assert project.runs() == []


def test_the_variables_file_stands_beside_the_file_that_is_named(world: World) -> None:
    world.write("other/jobs.yaml", WORKFLOWS)
    world.write("other/variables.yaml", VARIABLES)
    world.write(".dstack/variables.yaml", "variables: {global: {no: 1}}\n")
    assert world.wf("run", "train", "-f", "other/jobs.yaml").out == "<2e-5><two  words><7>"
