"""What a run's own environment has of the shared one below it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.environments.interface import Environment
from runner.environments.own import merged, put_on_top
from runner.paths import EnvironmentPaths

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shared(tmp_path: Path) -> Environment:
    root = tmp_path / "shared" / "venv"
    packages = root / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin" / "python").touch()
    return Environment("venv", "f", "3.11.7", ("six==1",), root, root / "bin", root / "bin/python")


@pytest.fixture
def own(tmp_path: Path) -> EnvironmentPaths:
    paths = EnvironmentPaths(tmp_path / "own")
    (paths.venv / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    paths.bin.mkdir()
    paths.python.write_text("mine")
    return paths


def command(environment: Environment, name: str, content: bytes) -> None:
    path = environment.bin / name
    path.write_bytes(content)
    path.chmod(0o755)


def test_it_is_the_shared_one_in_another_place(shared: Environment, own: EnvironmentPaths) -> None:
    made = put_on_top(shared, own)
    assert (made.root, made.bin, made.executable) == (own.venv, own.bin, own.python)
    assert (made.lock, made.python) == (shared.lock, shared.python)
    assert own.python.read_text() == "mine"


def test_commands_are_started_by_the_interpreter_of_its_own(
    shared: Environment, own: EnvironmentPaths
) -> None:
    body = b"import os\n" * 200 + f"# {shared.root}\n".encode()
    command(shared, "tool", f"#!{shared.root}/bin/python\n".encode() + body)
    put_on_top(shared, own)
    made = own.bin / "tool"
    assert made.read_bytes() == f"#!{own.venv}/bin/python\n".encode() + body
    assert os.access(made, os.X_OK)


@pytest.mark.parametrize("content", [b"\x7fELF\0", b"#!/bin/sh\necho\n", b""])
def test_other_programs_are_those_of_the_shared_one(
    shared: Environment, own: EnvironmentPaths, content: bytes
) -> None:
    command(shared, "tool", content)
    put_on_top(shared, own)
    assert (own.bin / "tool").readlink() == shared.bin / "tool"


def test_what_it_has_itself_stays(shared: Environment, own: EnvironmentPaths) -> None:
    command(shared, "pip", f"#!{shared.root}/bin/python\nshared\n".encode())
    (own.bin / "pip").write_text("mine")
    put_on_top(shared, own)
    assert (own.bin / "pip").read_text() == "mine"


def test_its_own_packages_come_before_the_shared_ones(
    shared: Environment, own: EnvironmentPaths
) -> None:
    put_on_top(shared, own)
    theirs = shared.root / "lib" / "python3.11" / "site-packages"
    mine = own.venv / "lib" / "python3.11" / "site-packages"
    # a .pth file of the shared one counts as well
    (theirs / "more.pth").write_text(str(theirs / "further") + "\n")
    (theirs / "further").mkdir()
    code = f"import site, sys; sys.path.insert(0, {str(mine)!r}); site.addsitedir({str(mine)!r})"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}; print(*sys.path, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = done.stdout.splitlines()
    assert found.index(str(mine)) < found.index(str(theirs))
    assert str(theirs / "further") in found


def test_the_two_are_listed_as_one() -> None:
    shared = ("a==1", "b @ file:///b", "c==1")
    assert merged(shared, ()) == shared
    assert merged(shared, ("b==2", "d==1", "pip==25", "setuptools==80")) == (
        "a==1",
        "b==2",
        "c==1",
        "d==1",
    )
    assert merged(("setuptools==70",), ("setuptools==80",)) == ("setuptools==70",)
