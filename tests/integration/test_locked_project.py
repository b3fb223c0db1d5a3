"""Environments of projects that the real uv has locked, from packages made on the spot."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.cached import Cache
from runner.environments.cache import EnvironmentCache
from runner.environments.uv.provisioner import UvProvisioner
from runner.errors import ENVIRONMENT, WfError
from runner.plan.environment import EnvironmentSpec, LockedProject
from tests.fakes import packages
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from pathlib import Path

    from runner.environments.interface import Environment

pytestmark = pytest.mark.integration

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = """\
[project]
name = "demo"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["branch", "twig; sys_platform == 'win32'"]
[project.optional-dependencies]
extra = ["bud"]
[dependency-groups]
dev = ["leaf<2"]
docs = ["bud"]
"""


class Desk:
    """A project, an index, and a cache of environments."""

    def __init__(self, folder: Path) -> None:
        self.project, self.links = folder / "project", folder / "links"
        self.log = folder / "log"
        for name in ("bud", "twig", "leaf"):
            packages.wheel(self.links, name)
        packages.wheel(self.links, "leaf", "2.0")
        packages.wheel(self.links, "branch", requires=("leaf>=1",))
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **packages.index(self.links),
        }
        self._cache = EnvironmentCache(UvProvisioner(self.variables, {}), Cache(folder / "cache"))
        self._home = folder / "cache" / "environments"

    def lock(self, pyproject: str) -> LockedProject:
        """The project as `uv lock` leaves it."""
        self.project.mkdir(exist_ok=True)
        (self.project / "pyproject.toml").write_text(pyproject)
        subprocess.run(
            [sys.executable, "-m", "uv", "lock", "-q", "--python", sys.executable],
            cwd=self.project,
            env=self.variables,
            check=True,
        )
        lock = (self.project / "uv.lock").read_text()
        return LockedProject("pyproject.toml", pyproject, lock)

    def obtain(self, project: LockedProject, *more: str) -> Environment:
        """The environment of the project."""
        spec = EnvironmentSpec(OWN, packages=more, project=project)
        return self._cache.obtain(spec, RecordingObserver(), self.log)

    def refused(self, project: LockedProject) -> WfError:
        """Why there is none."""
        with pytest.raises(WfError) as caught:
            self.obtain(project)
        assert caught.value.kind == ENVIRONMENT
        assert not [path for path in self._home.iterdir() if path.is_dir()]
        return caught.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_it_has_what_uv_sync_would_install(desk: Desk) -> None:
    """Dependencies and the group `dev`; no extras, no other groups, not the project itself."""
    project = desk.lock(PROJECT)
    assert desk.obtain(project).lock == ("branch==1.0", "leaf==1.0")
    assert desk.obtain(project, "bud").lock == ("branch==1.0", "bud==1.0", "leaf==1.0")


def test_the_index_may_have_gone_on(desk: Desk) -> None:
    project = desk.lock(PROJECT)
    packages.wheel(desk.links, "branch", "3.0", requires=("leaf>=1",))
    assert "branch==1.0" in desk.obtain(project).lock


def test_other_default_groups_are_honoured(desk: Desk) -> None:
    groups = '[tool.uv]\ndefault-groups = ["docs"]\n'
    lock = desk.obtain(desk.lock(PROJECT + groups)).lock
    assert lock == ("branch==1.0", "bud==1.0", "leaf==1.0")


def test_a_lock_that_does_not_fit_is_said(desk: Desk) -> None:
    project = desk.lock(PROJECT)
    changed = PROJECT.replace('"branch"', '"branch", "bud"')
    error = desk.refused(LockedProject(project.path, changed, project.lock))
    assert error.message == "`uv.lock` does not fit `pyproject.toml`, which was changed since"
    assert error.hint == "bring it up to date: uv lock"


def test_a_lock_that_cannot_be_read_is_said(desk: Desk) -> None:
    project = desk.lock(PROJECT)
    error = desk.refused(LockedProject("sub/pyproject.toml", PROJECT, project.lock + "x\n"))
    assert error.message == "`sub/uv.lock` cannot be used"
    assert "TOML parse error" in str(error.details)
    # the whole of it is in the log
    assert "TOML parse error" in desk.log.read_text()


def test_another_python_than_the_project_asks_for_is_said(desk: Desk) -> None:
    project = desk.lock(PROJECT)
    other = project.lock.replace(">=3.10", ">=3.99")
    changed = PROJECT.replace(">=3.10", ">=3.99")
    error = desk.refused(LockedProject(project.path, changed, other))
    assert error.message == "`pyproject.toml` asks for Python >=3.99"
    assert "--python" in str(error.hint)


def test_a_package_that_is_gone_is_named(desk: Desk) -> None:
    project = desk.lock(PROJECT)
    (desk.links / "leaf-1.0-py3-none-any.whl").unlink()
    error = desk.refused(project)
    assert error.message == "cannot install `leaf==1.0` (uv.lock)"


def test_members_of_a_workspace_are_code(desk: Desk) -> None:
    """What they need is installed, and they are not."""
    member = desk.project / "member"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text(
        '[project]\nname = "member"\nversion = "0.1"\nrequires-python = ">=3.10"\n'
        'dependencies = ["bud"]\n'
    )
    project = desk.lock(
        '[project]\nname = "root"\nversion = "0.1"\nrequires-python = ">=3.10"\n'
        'dependencies = ["member", "branch"]\n'
        '[tool.uv.workspace]\nmembers = ["member"]\n'
        "[tool.uv.sources]\nmember = { workspace = true }\n"
    )
    assert desk.obtain(project).lock == ("branch==1.0", "bud==1.0", "leaf==2.0")
