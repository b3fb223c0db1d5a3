"""conda's command lines, said again for environments of a run's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.environments.conda.arguments import (
    Own,
    environment_file,
    name_in,
    needs_base,
    translated,
)
from runner.environments.conda.find import Conda, find

NONE = Own("/e", frozenset(), active=False)
SOME = Own("/e", frozenset({"proj", "base"}), active=False)
ACTIVE = Own("/e", frozenset({"proj"}), active=True)


@pytest.mark.parametrize(
    ("words", "own", "said"),
    [
        ("env create -f e.yml", NONE, "env create --prefix /e/named -f e.yml"),
        ("env create --file=e.yml -n x", NONE, "env create --prefix /e/x --file=e.yml"),
        ("env create --name=x", NONE, "env create --prefix /e/x"),
        ("env create -p ./here -f e.yml", NONE, "env create -p ./here -f e.yml"),
        ("env update -f e.yml --prune", NONE, "env update --prefix /e/named -f e.yml --prune"),
        ("create -y -n x python=3.9", NONE, "create --prefix /e/x -y python=3.9"),
        ("create -nx", NONE, "create --prefix /e/x"),
        ("install -n proj six", SOME, "install --prefix /e/proj six"),
        ("install -n theirs six", SOME, "install -n theirs six"),
        ("install six", ACTIVE, "install six"),
        ("install -c forge six", NONE, "install --prefix /e/base -c forge six"),
        ("install -n base six", ACTIVE, "install --prefix /e/base six"),
        ("remove -p /x six", NONE, "remove -p /x six"),
        ("run -n proj python -n 5", SOME, "run --prefix /e/proj python -n 5"),
        ("run python -n proj", SOME, "run python -n proj"),
        ("env remove -n proj", SOME, "env remove --prefix /e/proj"),
        ("shell.posix activate proj", SOME, "shell.posix activate /e/proj"),
        ("shell.posix activate theirs", SOME, "shell.posix activate theirs"),
        ("shell.posix activate", SOME, "shell.posix activate /e/base"),
        ("shell.posix activate --stack proj", SOME, "shell.posix activate --stack /e/proj"),
        ("shell.posix deactivate", SOME, "shell.posix deactivate"),
        ("shell activate proj --shell bash", SOME, "shell activate /e/proj --shell bash"),
        ("info --envs", SOME, "info --envs"),
        ("--version", SOME, "--version"),
        ("", SOME, ""),
    ],
)
def test_environments_are_the_runs_own(words: str, own: Own, said: str) -> None:
    assert translated(words.split(), "conda", own, "named") == said.split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("env create", "create --prefix /e/named --file environment.yml"),
        ("env create -f e.yml", "create --prefix /e/named -f e.yml"),
        ("create -n x -f e.yml", "create --prefix /e/x -f e.yml"),
    ],
)
def test_micromamba_reads_files_in_another_command(words: str, said: str) -> None:
    assert translated(words.split(), "micromamba", NONE, "named") == said.split()


@pytest.mark.parametrize(
    ("words", "own", "needed"),
    [
        ("install six", NONE, True),
        ("install -n base six", NONE, True),
        ("update --all", NONE, True),
        ("install six", ACTIVE, False),
        ("install six", SOME, False),
        ("install -n proj six", NONE, False),
        ("install -p /x six", NONE, False),
        ("list", NONE, False),
        ("create -n x", NONE, False),
    ],
)
def test_what_would_change_everybodys_base_needs_one_of_its_own(
    words: str,
    own: Own,
    needed: bool,  # noqa: FBT001
) -> None:
    assert needs_base(words.split(), own) is needed


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("env create", "environment.yml"),
        ("env update --file e.yml", "e.yml"),
        ("create -f e.yaml", "e.yaml"),
        ("create --file packages.txt", None),
        ("install -f e.yml", None),
    ],
)
def test_the_file_that_may_say_a_name(words: str, file: str | None) -> None:
    assert environment_file(words.split()) == file


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name: proj\ndependencies: []\n", "proj"),
        ("channels: [a]\nname :  'my-proj'  # so\n", "my-proj"),
        ('name: "x"', "x"),
        ("dependencies:\n  - name: x\n", None),
        ("", None),
    ],
)
def test_the_name_in_a_file(text: str, name: str | None) -> None:
    assert name_in(text) == name


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o755)
    return folder / name


def test_conda_is_found_where_the_shell_was_told_of_it(tmp_path: Path) -> None:
    there = program(tmp_path / "far" / "bin", "conda")
    variables = {"CONDA_EXE": str(there), "HOME": str(tmp_path / "home")}
    assert find(variables) == Conda("conda", there)


def test_conda_comes_before_its_kin_and_path_before_usual_places(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "bin"
    variables = {"PATH": f"relative{os.pathsep}{folder}", "HOME": str(home)}
    usual = program(home / "miniforge3" / "bin", "conda")
    program(folder, "micromamba")
    assert find(variables) == Conda("conda", usual)
    there = program(folder, "conda")
    assert find(variables) == Conda("conda", there)
    there.unlink()
    usual.unlink()
    assert find(variables) == Conda("micromamba", folder / "micromamba")


@pytest.mark.skipif(Path("/opt/conda/bin/conda").exists(), reason="there is one in /opt/conda")
def test_there_may_be_none(tmp_path: Path) -> None:
    (tmp_path / "conda").mkdir()
    assert find({"PATH": str(tmp_path), "HOME": str(tmp_path)}) is None
