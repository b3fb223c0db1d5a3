"""What a run's own environment has of those below it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.cached import Cache, OwnPaths
from runner.environments.own import distributions, stack
from runner.environments.own.on_top import bring_commands
from runner.environments.own.stack import Layer, Stack, site_packages
from runner.environments.shelf.shelf import Shelf
from runner.environments.store import locks
from tests.fakes.provisioner import FakeProvisioner

if TYPE_CHECKING:
    from pathlib import Path

NONE = re.compile("(?!)")


def venv(root: Path) -> Path:
    """The bones of a virtual environment."""
    (root / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin" / "python").write_text(root.parent.name)
    return root


def package(root: Path, name: str, version: str, *files: str) -> None:
    """Files of a package with a record of them."""
    site = site_packages(root)
    info = f"{name}-{version}.dist-info"
    for file in (*files, f"{info}/METADATA"):
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} {version}")
    listed = [*files, f"{info}/METADATA", f"{info}/RECORD"]
    (site / info / "RECORD").write_text("".join(f"{file},,\n" for file in listed))


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return venv(tmp_path / "shared" / "venv")


@pytest.fixture
def own(tmp_path: Path, shared: Path) -> OwnPaths:
    paths = OwnPaths(tmp_path / "own")
    venv(paths.environment.venv)
    stack.write(paths, Stack((Layer(shared, site_packages(shared), "shared"),)))
    return paths


def command(root: Path, name: str, content: bytes) -> None:
    path = root / "bin" / name
    path.write_bytes(content)
    path.chmod(0o755)


def layer(root: Path) -> Layer:
    return Layer(root, site_packages(root), None)


# --- commands ---------------------------------------------------------------------------------


def test_commands_are_started_by_the_interpreter_of_its_own(shared: Path, own: OwnPaths) -> None:
    body = b"import os\n" * 200 + f"# {shared}\n".encode()
    command(shared, "tool", f"#!{shared}/bin/python\n".encode() + body)
    bring_commands(shared, own.environment, but=NONE)
    made = own.environment.bin / "tool"
    assert made.read_bytes() == f"#!{own.environment.venv}/bin/python\n".encode() + body
    assert os.access(made, os.X_OK)


@pytest.mark.parametrize("content", [b"\x7fELF\0", b"#!/bin/sh\necho\n", b""])
def test_other_programs_are_those_of_the_shared_one(
    shared: Path, own: OwnPaths, content: bytes
) -> None:
    command(shared, "tool", content)
    bring_commands(shared, own.environment, but=NONE)
    assert (own.environment.bin / "tool").readlink() == shared / "bin" / "tool"


def test_what_it_has_itself_stays(shared: Path, own: OwnPaths) -> None:
    command(shared, "tool", f"#!{shared}/bin/python\nshared\n".encode())
    (own.environment.bin / "tool").write_text("mine")
    bring_commands(shared, own.environment, but=NONE)
    assert (own.environment.bin / "tool").read_text() == "mine"


def test_a_newer_layer_brings_newer_commands_but_no_interpreter(
    tmp_path: Path, shared: Path, own: OwnPaths
) -> None:
    new = venv(tmp_path / "new" / "venv")
    command(shared, "tool", b"old")
    bring_commands(shared, own.environment, but=NONE)
    for name in ("tool", "pip3.11", "python3", "activate.fish"):
        command(new, name, b"new")
    stack.put(own, layer(new))
    assert (own.environment.bin / "tool").read_bytes() == b"new"
    assert (shared / "bin" / "tool").read_bytes() == b"old"
    assert own.environment.python.read_text() == "own"
    assert not (own.environment.bin / "pip3.11").exists()
    assert not (own.environment.bin / "activate.fish").exists()


# --- packages ---------------------------------------------------------------------------------


def path_of(own: OwnPaths) -> list[str]:
    """What an interpreter that looks into the own environment has on its path."""
    mine = str(site_packages(own.environment.venv))
    code = f"import site, sys; site.addsitedir({mine!r}); print(*sys.path, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_newer_layers_come_before_older_ones_and_the_shared_one_last(
    tmp_path: Path, shared: Path, own: OwnPaths
) -> None:
    first, second = venv(tmp_path / "1" / "venv"), venv(tmp_path / "2" / "venv")
    # a .pth file of the shared one counts as well
    (site_packages(shared) / "more.pth").write_text(str(tmp_path / "further") + "\n")
    (tmp_path / "further").mkdir()
    stack.put(own, layer(first))
    stack.put(own, layer(second))
    wanted = [own.environment.venv, second, first, shared]
    there = [path for path in path_of(own) if str(tmp_path) in path]
    assert there == [*(str(site_packages(root)) for root in wanted), str(tmp_path / "further")]


def test_what_is_installed_is_told_from_the_top(
    tmp_path: Path, shared: Path, own: OwnPaths
) -> None:
    new = venv(tmp_path / "new" / "venv")
    package(shared, "six", "1.0", "six.py")
    package(shared, "Typing_Extensions", "4.0")
    package(new, "six", "2.0", "six.py")
    stack.put(own, layer(new))
    seen = stack.read(own).distributions(own)
    assert {name: one.folder for name, one in seen.items()} == {
        "six": site_packages(new),
        "typing-extensions": site_packages(shared),
    }


def test_what_packages_bring_besides_code_is_there(
    tmp_path: Path, shared: Path, own: OwnPaths
) -> None:
    new = venv(tmp_path / "new" / "venv")
    for root, files in ((shared, ("a", "jupyter/a")), (new, ("b", "jupyter/b", "jupyter/a"))):
        for file in files:
            path = root / "share" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(root.parent.name)
    stack.bring_data(shared, own.environment.venv)
    stack.put(own, layer(new))
    share = own.environment.venv / "share"
    found = {
        str(path.relative_to(share)): path.read_text()
        for path in share.rglob("*")
        if path.is_file()
    }
    assert found == {"a": "shared", "b": "new", "jupyter/a": "new", "jupyter/b": "new"}
    assert (shared / "share" / "jupyter" / "a").read_text() == "shared"


# --- taking away ------------------------------------------------------------------------------


def files_seen(own: OwnPaths) -> set[str]:
    site = stack.read(own).layers[-1].site
    return {
        os.path.relpath(os.path.join(folder, name), site)
        for folder, _, names in os.walk(site, followlinks=True)
        for name in names
        if ".dist-info" not in folder
    }


def test_what_is_taken_away_is_gone_for_this_run_alone(shared: Path, own: OwnPaths) -> None:
    package(shared, "torch", "1.0", "torch/__init__.py", "torch/lib/a.so", "../../../bin/torchrun")
    package(shared, "nvidia_a", "1.0", "nvidia/a/x.py")
    package(shared, "nvidia_b", "1.0", "nvidia/b/x.py", "nvidia/a/of_b.py")
    command(own.environment.venv, "torchrun", b"")
    before = sorted(shared.rglob("*"))
    stack.take_away(own, {"torch", "nvidia-a"})
    assert files_seen(own) == {"nvidia/b/x.py", "nvidia/a/of_b.py"}
    assert set(stack.read(own).distributions(own)) == {"nvidia-b"}
    assert not (own.environment.bin / "torchrun").exists()
    assert sorted(shared.rglob("*")) == before
    assert str(site_packages(shared)) not in path_of(own)


def test_what_is_taken_away_does_not_come_back_from_below(
    tmp_path: Path, shared: Path, own: OwnPaths
) -> None:
    new = venv(tmp_path / "new" / "venv")
    package(shared, "six", "1.0", "six.py")
    package(new, "six", "2.0", "six.py")
    stack.put(own, layer(new))
    stack.take_away(own, {"six"})
    assert stack.read(own).distributions(own) == {}
    stack.take_away(own, {"six"})
    assert stack.read(own).distributions(own) == {}


def test_a_folder_left_with_nothing_but_bytecode_is_gone(shared: Path, own: OwnPaths) -> None:
    package(shared, "a", "1.0", "space/a.py")
    package(shared, "b", "1.0", "b.py")
    cached = site_packages(shared) / "space" / "__pycache__"
    cached.mkdir()
    stack.take_away(own, {"a"})
    assert not (stack.read(own).layers[-1].site / "space").exists()


# --- what installers see ------------------------------------------------------------------------


def test_an_installer_sees_what_lies_elsewhere_and_takes_nothing_of_it(
    tmp_path: Path, shared: Path
) -> None:
    package(shared, "six", "1.0", "six.py")
    package(shared, "other", "1.0", "other.py")
    new = site_packages(venv(tmp_path / "new" / "venv"))
    shown = distributions.inside(site_packages(shared))
    distributions.show(shown, new)
    assert {one.name for one in distributions.inside(new)} == {"six", "other"}
    # it uninstalls one of them, as its record says
    gone = next(one for one in distributions.inside(new) if one.name == "six")
    for file in distributions.files(gone) - {gone.info.name}:
        (new / file).unlink()
    gone.info.rmdir()
    # and installs another of that name
    package(new.parents[2], "six", "2.0", "six.py")
    distributions.hide(shown, new)
    assert [one.info.name for one in distributions.inside(new)] == ["six-2.0.dist-info"]
    assert (site_packages(shared) / "six.py").exists()
    assert (site_packages(shared) / "six-1.0.dist-info" / "METADATA").exists()


def test_metadata_that_an_installer_has_linked_itself_stay(tmp_path: Path, shared: Path) -> None:
    """uv can be told to link what it installs to its own cache."""
    package(shared, "six", "1.0", "six.py")
    new = site_packages(venv(tmp_path / "new" / "venv"))
    (new / "six-1.0.dist-info").mkdir()
    (new / "six-1.0.dist-info" / "METADATA").symlink_to(tmp_path / "cache")
    distributions.hide(distributions.inside(site_packages(shared)), new)
    assert [one.name for one in distributions.inside(new)] == ["six"]


@pytest.mark.parametrize(
    ("direct", "line"),
    [
        (None, "six==1.0"),
        ({"url": "file:///p", "dir_info": {"editable": True}}, "-e file:///p"),
        ({"url": "file:///p", "dir_info": {}}, "six @ file:///p"),
        ({"url": "https://h/x.whl", "archive_info": {}}, "six @ https://h/x.whl"),
        (
            {"url": "https://h/r", "subdirectory": "s",
             "vcs_info": {"vcs": "git", "commit_id": "ab"}},
            "six @ git+https://h/r@ab#subdirectory=s",
        ),
    ],
)  # fmt: skip
def test_lines_of_the_record(shared: Path, direct: dict[str, object] | None, line: str) -> None:
    package(shared, "six", "1.0.0-0" if direct else "1.0", "six.py")
    (one,) = distributions.inside(site_packages(shared))
    if direct:
        (one.info / "direct_url.json").write_text(json.dumps(direct))
    assert distributions.line(one) == line


# --- in the cache -------------------------------------------------------------------------------


def test_a_layer_is_used_while_the_environment_below_it_is(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for fingerprint in ("shared", "layer-shared"):
        cache.environment(fingerprint).root.mkdir(parents=True)
    shelf = Shelf(FakeProvisioner(), cache)
    held = locks.together(cache.environment_use("shared"), wait=True)
    assert held is not None
    try:
        assert {one.fingerprint: one.in_use for one in shelf.all()} == {
            "shared": True,
            "layer-shared": True,
        }
        assert not shelf.remove("layer-shared")
    finally:
        os.close(held)
    assert shelf.remove("layer-shared")
    assert [one.fingerprint for one in shelf.all()] == ["shared"]
