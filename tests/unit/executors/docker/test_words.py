"""What the first process of a container is."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.environments.interface import Environment
from runner.executors.docker.words import PRIVATE_FILE
from runner.spec.workflow import PROGRAM, PythonScript, ShellCommands, TorchrunScript
from tests.fakes.containers import FOUND, commands, in_container, translated

if TYPE_CHECKING:
    from runner.plan.plan import Job

VENV = Path("/cache/environments/abc/venv")
BUILT = Environment(
    "venv", "abc", "3.11.7", (), root=VENV, bin=VENV / "bin", executable=VENV / "bin" / "python"
)


def words(job: object, **context: object) -> tuple[str, ...] | None:
    spec = translated(job, **context).spec  # type: ignore[arg-type]
    if spec.entrypoint is None:
        return spec.command
    return (*spec.entrypoint, *(spec.command or ()))


def run(argv: tuple[str, ...] | None, path: str = "/usr/bin:/bin") -> tuple[int, str]:
    """Execute it, as a container would."""
    done = subprocess.run(
        argv or (), env={"PATH": path}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_an_image_without_commands_does_what_it_does_itself() -> None:
    assert words(commands()) is None
    found = translated(in_container(ShellCommands((), args=("--fast",)))).spec
    assert (found.entrypoint, found.command) == (("--fast",), ())


def test_words_of_the_command_line_are_for_the_entrypoint_of_the_image() -> None:
    image = FOUND._replace(entrypoint=("serve",), command=("--slow",))
    job = in_container(ShellCommands((), args=("--fast",)))
    assert words(job, image=image) == ("serve", "--fast")


def test_commands_are_those_of_one_shell() -> None:
    job = commands("cd /usr; export A=1", "echo $PWD $A", "(exit 7)", "echo never")
    assert run(words(job)) == (7, "/usr 1\n")


def test_a_command_that_ends_in_an_ampersand_goes_on_beside_the_next() -> None:
    assert run(words(commands("sleep 0 &", "echo went on; wait"))) == (0, "went on\n")


def test_what_the_workflow_writes_for_bash_runs_in_bash() -> None:
    assert run(words(commands("[[ a = a ]] && echo bash"))) == (0, "bash\n")


def test_without_bash_sh_runs_the_commands(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    code, said = run(words(commands('echo "$0 ${BASH_VERSION-no}"')), str(tmp_path))
    assert (code, said) == (0, "train no\n")


@pytest.mark.parametrize("shell", ["sh", "/bin/sh"])
def test_another_shell_is_that_shell(shell: str) -> None:
    job = in_container(ShellCommands(("true",), shell=shell))
    assert (words(job) or ())[0] == shell


def test_arguments_reach_the_commands() -> None:
    job = in_container(ShellCommands(('echo "$@"',), takes_args=True, args=("a b", "c")))
    assert run(words(job)) == (0, "a b c\n")


def test_an_entrypoint_is_given_the_commands_in_the_place_of_sh() -> None:
    job = commands("cd /usr", "pwd", entrypoint=("/bin/sh", "-c"))
    assert run(words(job)) == (0, "/usr\n")


def test_a_program_and_its_words_need_no_shell() -> None:
    job = in_container(ShellCommands(PROGRAM, takes_args=True, args=("/serve", "a b")))
    assert words(job) == ("/serve", "a b")


def test_scripts_are_started_by_the_python_of_the_environment() -> None:
    script = PythonScript("train.py", ("--lr", "1"))
    assert words(in_container(script)) == ("python3", "train.py", "--lr", "1")
    assert words(in_container(script), environment=BUILT) == (
        str(VENV / "bin" / "python"),
        *("train.py", "--lr", "1"),
    )


def test_what_comes_before_a_script_is_in_the_same_shell() -> None:
    job = in_container(PythonScript("-c", ("print('ran')",)), job={"before": ("cd /usr",)})
    assert run(words(job)) == (0, "ran\n")


def test_torchrun_starts_a_rank_for_each_gpu() -> None:
    job = in_container(TorchrunScript("train.py", ("--fast",)), job={"simulated": 3})
    assert words(job) == (
        *("python3", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=3"),
        *("train.py", "--fast"),
    )


def test_nodes_run_side_by_side_started_by_a_python_of_the_image() -> None:
    job = commands('echo "$DSTACK_NODE_RANK of $DSTACK_NODES_NUM"', job={"nodes": 2})
    spec = translated(job).spec
    argv = (*(spec.entrypoint or ()), *(spec.command or ()))
    done = subprocess.run(
        argv,
        env={**spec.variables, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["0 of 2", "1 of 2"]


def test_nodes_in_an_image_without_python_say_so(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    code, _ = run(words(commands("true", job={"nodes": 2})), str(tmp_path))
    assert code == 127


# --- what the daemon is not to know ---------------------------------------------------------------


def test_a_shell_reads_secrets_before_the_job_starts(tmp_path: Path) -> None:
    value = 'it\'s "$HOME"\n`x` \\'
    command = translated(
        commands('printf %s "$TOKEN"'), secrets={"TOKEN": value}, private=tmp_path / "variables"
    )
    assert command.private is not None
    (tmp_path / "variables").write_bytes(command.private.text)
    spec = command.spec
    argv = [word.replace(PRIVATE_FILE, str(tmp_path / "variables")) for word in spec.command or ()]
    assert run((*(spec.entrypoint or ()), *argv)) == (0, value)


def test_an_image_of_its_own_program_is_read_to_as_well() -> None:
    image = FOUND._replace(entrypoint=("serve",), command=("--slow",))
    found = words(commands(), image=image, secrets={"TOKEN": "sesame"})
    assert found is not None
    assert (found[0], found[-2:]) == ("sh", ("serve", "--slow"))


@pytest.mark.parametrize(
    "job",
    [
        commands(entrypoint=("/serve",)),
        in_container(ShellCommands(PROGRAM, takes_args=True, args=("/serve",))),
        in_container(ShellCommands((), args=("/serve",))),
    ],
)
def test_with_secrets_a_program_of_one_word_stays_one(job: Job) -> None:
    """The words that an image has for its own program are for no other (moby, `commit.go`)."""
    assert words(job) == ("/serve",)
    found = words(job, secrets={"TOKEN": "sesame"})
    assert found is not None
    assert found[3:] == ("train", "/serve")


def test_an_image_without_a_shell_gets_them_from_the_daemon() -> None:
    bare = translated(commands(entrypoint=("/serve",)), secrets={"TOKEN": "sesame"}).shell_less
    assert bare is not None
    assert (bare.entrypoint, bare.variables["TOKEN"]) == (("/serve",), "sesame")
    assert not any(mount.target == PRIVATE_FILE for mount in bare.mounts)


def test_commands_need_a_shell_anyway() -> None:
    assert translated(commands("true"), secrets={"TOKEN": "sesame"}).shell_less is None
    job = replace(commands(entrypoint=("/serve",)), before=("true",))
    assert translated(job, secrets={"TOKEN": "sesame"}).shell_less is None
