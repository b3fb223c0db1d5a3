"""Environments made by the real uv, from packages made on the spot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CACHE, kill, require, until
from tests.fakes import packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration


@pytest.fixture
def links(world: World, tmp_path: Path) -> Path:
    """A folder of packages, the only place that is installed from."""
    folder = tmp_path / "links"
    packages.wheel(folder, "leaf")
    packages.wheel(folder, "leaf", "2.0")
    packages.wheel(folder, "branch", requires=("leaf>=1",))
    world.variables.update(packages.index(folder))
    world.workflows(packages.WORKFLOW)
    world.write("train.py", "import leaf\nprint(leaf.__version__)\n")
    return folder


def environments(world: World) -> list[str]:
    """What is in the cache, but for locks."""
    folder = world.home / "cache" / "environments"
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.suffix not in {".lock", ".use"})


@pytest.mark.usefixtures("links")
def test_requirements_are_installed_and_recorded(world: World) -> None:
    world.write("requirements.txt", "branch  # and what it needs\nleaf<2\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n")
    environment = world.record()["environment"]
    assert environment["kind"] == "venv"
    assert environment["lock"] == ["branch==1.0", "leaf==1.0"]
    assert environments(world) == [environment["fingerprint"]]


@pytest.mark.parametrize("apart", [False, True], ids=["index", "address"])
def test_the_list_of_packages_is_uvs_own(world: World, links: Path, *, apart: bool) -> None:
    packages.wheel(links, "Zope_Twig", "2021.01.05", requires=("a.b",))
    packages.wheel(links, "a.b", "1.0rc1+cu118")
    packages.wheel(links, "A_c", "0")
    lines = ["zope.twig", "A.C", "leaf"]
    if apart:
        address = packages.wheel(links.parent / "apart", "Leaf_Apart", "3.0").as_uri()
        lines.append(f"leaf-apart @ {address}")
    world.write("requirements.txt", "\n".join(lines))
    done = world.wf("run", "train")
    assert done.code == 0, done.err
    environment = world.record()["environment"]
    made = world.home / "cache" / "environments" / environment["fingerprint"]
    frozen = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "freeze", "--python", made / "venv" / "bin" / "python"],
        env=world.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert environment["lock"] == frozen.stdout.splitlines()
    assert len(environment["lock"]) == len(lines) + 1


@pytest.mark.usefixtures("links")
def test_the_same_requirements_use_the_same_environment(world: World) -> None:
    world.write("requirements.txt", "leaf\n")
    assert "· built" in world.wf("run", "train").err
    world.write("requirements.txt", "# a comment changes nothing\nleaf\n")
    again = world.wf("run", "train")
    assert "· cached" in again.err
    assert again.out == "2.0\n"
    assert len(environments(world)) == 1


@pytest.mark.usefixtures("links")
def test_other_requirements_get_another_environment(world: World) -> None:
    world.write("requirements.txt", "leaf==1.0\n")
    assert world.wf("run", "train").out == "1.0\n"
    world.write("requirements.txt", "leaf==2.0\n")
    assert world.wf("run", "train").out == "2.0\n"
    assert len(environments(world)) == 2


@pytest.mark.usefixtures("links")
def test_included_and_constraining_files_count(world: World) -> None:
    world.write("requirements.txt", "-r requirements/base.txt\n-c requirements/limits.txt\n")
    world.write("requirements/base.txt", "leaf\n")
    world.write("requirements/limits.txt", "leaf<2\n")
    assert world.wf("run", "train").out == "1.0\n"
    world.write("requirements/limits.txt", "leaf\n")
    assert world.wf("run", "train").out == "2.0\n"


@pytest.mark.usefixtures("links")
def test_commands_of_the_environment_come_first(world: World) -> None:
    world.write("requirements.txt", "leaf==1.0\n")
    world.workflows(
        "workflows:\n"
        "  - name: train\n"
        "    provider: bash\n"
        "    requirements: requirements.txt\n"
        "    commands:\n"
        "      - python -c 'import leaf; print(leaf.__version__)'\n"
        '      - test "$(command -v python)" = "$VIRTUAL_ENV/bin/python"\n'
    )
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n")


@pytest.mark.usefixtures("links")
def test_what_cannot_be_installed_is_named_with_its_place(world: World) -> None:
    world.write("requirements.txt", "-r more.txt\n")
    world.write("more.txt", "leaf\n\n# not there\nno-such-leaf==1.0\n")
    done = world.wf("run", "train")
    assert done.code == 78
    assert done.out == ""
    assert "there is no package `no-such-leaf==1.0` (more.txt:4)" in done.err
    assert "no-such-leaf was not found" in done.err  # uv's own words
    assert "hint:" in done.err
    assert "Traceback" not in done.err
    assert environments(world) == []


@pytest.mark.usefixtures("links")
def test_a_failed_installation_is_on_the_record(world: World) -> None:
    world.write("requirements.txt", "no-such-leaf==1.0\n")
    assert world.wf("run", "train").code == 78
    record = world.record()
    assert record["status"] == "failed"
    assert record["reason"] == "environment"
    assert "no-such-leaf==1.0" in record["message"]
    assert record["exit_code"] is None
    assert record["started_at"] is None
    assert record["finished_at"] is not None
    assert "no-such-leaf" in world.wf("logs", "last").out
    # and nothing is in the way of the next attempt
    world.write("requirements.txt", "leaf\n")
    assert world.wf("run", "train").code == 0


@pytest.mark.usefixtures("links")
def test_a_failed_installation_as_json(world: World) -> None:
    world.write("requirements.txt", "no-such-leaf==1.0\n")
    done = world.wf("run", "train", "--json")
    assert done.code == 78
    error = done.json()
    assert error["error"] == "environment"
    assert error["exit_code"] == 78
    assert "no-such-leaf" in error["details"]


@pytest.mark.usefixtures("links")
def test_requirements_that_exclude_each_other_are_said(world: World) -> None:
    world.write("requirements.txt", "branch\nleaf<1\n")
    done = world.wf("run", "train")
    assert done.code == 78
    assert "requirements.txt:" in done.err
    assert environments(world) == []


def test_a_package_whose_build_fails_is_said(world: World, links: Path) -> None:
    source = packages.slow_source(links, "broken", links / "gate", links / "no-such-folder" / "x")
    assert source.exists()
    world.write("requirements.txt", "leaf\nbroken\n")
    done = world.wf("run", "train")
    assert done.code == 78
    assert "`broken` (requirements.txt:2)" in done.err
    assert environments(world) == []


def test_no_device_is_held_while_packages_install(world: World, links: Path) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    world.write("requirements.txt", "held\nleaf\n")
    world.workflows(
        packages.WORKFLOW
        + f"    resources: {{cpu: {cores()}}}\n"
        + "  - name: other\n    provider: bash\n    commands: [echo in between]\n"
        + f"    resources: {{cpu: {cores()}}}\n"
    )
    installing = world.start("run", "train")
    until(began.exists, "the middle of the installation")
    done = world.wf("run", "other", "--no-wait")
    assert (done.code, done.out) == (0, "in between\n")
    gate.touch()
    assert installing.wait(60) == 0


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "stopped")],
    ids=["int", "term"],
)
def test_interrupted_while_packages_install(
    world: World, links: Path, number: signal.Signals, code: int, reason: str
) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    world.write("requirements.txt", "held\n")
    installing = world.start("run", "train")
    until(began.exists, "the middle of the installation")
    installing.send_signal(number)
    _, err = installing.communicate(timeout=60)
    gate.touch()
    assert installing.returncode == code
    assert b"Traceback" not in err
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", reason)
    assert environments(world) == []


def test_killed_while_packages_install(world: World, links: Path) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    world.write("requirements.txt", "held\nleaf\n")
    installing = world.start("run", "train")
    until(began.exists, "the middle of the installation")
    kill(installing)
    record = world.record()
    assert record["status"] == "lost"
    assert "provisioning" in record["message"]
    assert [run["status"] for run in world.wf("ps", "-a", "--json").json()] == ["lost"]
    gate.touch()
    # half an environment is not trusted, and stands in nobody's way
    assert world.wf("run", "train").out == "2.0\n"


def test_pips_configuration_says_where_packages_come_from(world: World, links: Path) -> None:
    """A user behind a company mirror has a pip.conf and no variables."""
    for name in packages.index(links):
        del world.variables[name]
    for name in [name for name in world.variables if name.startswith(("PIP_", "UV_"))]:
        del world.variables[name]
    world.variables["UV_CACHE_DIR"] = str(world.home / "uv")
    config = world.home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    # nobody listens on that port: it must not even be asked
    config.write_text(
        "[global]\n"
        "index-url = http://127.0.0.1:9/simple\n"
        "no-index = true\n"
        "[install]\n"
        f"find-links = {links}\n"
    )
    world.write("requirements.txt", "branch\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "2.0\n"), done.err


def test_a_uv_toml_in_the_project_does_not_turn_the_index(world: World, links: Path) -> None:
    other = links.parent / "other"
    packages.wheel(other, "leaf", "66.6")
    world.write("uv.toml", f'find-links = ["{other}"]\n')
    world.write("pyproject.toml", f'[tool.uv]\nfind-links = ["{other}"]\n')
    world.write("requirements.txt", "leaf\n")
    assert world.wf("run", "train").out == "2.0\n"


def test_a_python_that_is_not_here_is_said(world: World) -> None:
    world.workflows("workflows:\n  - {name: train, provider: bash, commands: [echo hi]}\n")
    done = world.wf("run", "train", "--python", "3.30", UV_PYTHON_DOWNLOADS="never")
    assert done.code == 69
    assert "there is no Python 3.30 on this machine" in done.err
    assert "hint: install it (uv python install 3.30)" in done.err
    assert environments(world) == []
    assert world.record()["reason"] == "cannot_be_satisfied"


def test_a_package_from_the_registry(world: World) -> None:
    world.workflows(packages.WORKFLOW)
    world.write("requirements.txt", "six==1.16.0\n")
    world.write("train.py", "import six\nprint(six.__version__)\n")
    done = world.wf("run", "train", UV_CACHE_DIR=str(CACHE / "uv"))
    if done.code == 78 and "request" in done.err:
        require("registry", "no package registry can be reached")
    assert (done.code, done.out) == (0, "1.16.0\n"), done.err
    assert world.record()["environment"]["lock"] == ["six==1.16.0"]


def cores() -> int:
    """How many cores there are to be leased."""
    return len(os.sched_getaffinity(0))
