"""What lies in the project is installed by the real uv, on top of a shared environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    packages.wheel(folder, "twig")
    world.variables.update(packages.index(folder))
    world.workflows(packages.WORKFLOW)
    return folder


def installed(world: World) -> list[str]:
    """What stands on the record of the last run."""
    found: list[str] = world.record()["environment"]["lock"]
    return found


def tree(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.usefixtures("links")
def test_the_project_itself_with_an_extra(world: World) -> None:
    packages.project(world.project, "mine", requires=("branch",), extras={"more": "twig"})
    world.write("requirements.txt", "leaf==1.0\n-e .[more]\n")
    world.write(
        "train.py",
        "import os, mine, branch, twig, leaf\n"
        "print(mine.where == os.path.abspath('mine.py'), leaf.__version__)\n",
    )
    before = tree(world.project)
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "True 1.0\n"), done.err
    assert installed(world) == ["branch==1.0", "leaf==1.0", "mine @ file:.", "twig==1.0"]
    assert tree(world.project) == before
    assert "-e .[more], in an environment of the run's own" in done.err


@pytest.mark.usefixtures("links")
def test_the_shared_environment_has_nothing_of_the_project(world: World) -> None:
    packages.project(world.project / "library", "mine")
    world.write("requirements.txt", "leaf==1.0\n./library\n")
    world.write("train.py", "import mine\n")
    assert world.wf("run", "train").code == 0
    world.write("requirements.txt", "leaf==1.0\n")
    again = world.wf("run", "train")
    assert "· cached" in again.err
    assert again.code == 1


@pytest.mark.parametrize("form", ["{path}", "mine @ {uri}", "{uri}", "mine[more] @ {uri}"])
def test_an_archive_that_a_lab_shares_is_part_of_the_shared_environment(
    world: World, links: Path, form: str
) -> None:
    wheel = packages.wheel(links.parent / "shared", "mine", "1.0", requires=("leaf",))
    line = form.format(path=wheel, uri=wheel.as_uri())
    world.write("requirements.txt", f"leaf==1.0\n{line}\n")
    world.write("train.py", "import mine, leaf\nprint(mine.__version__)\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert installed(world) == ["leaf==1.0", f"mine @ {wheel.as_uri()}"]
    assert "· cached" in world.wf("run", "train").err
    packages.wheel(wheel.parent, "mine", "1.0", padding=10)
    assert "· built" in world.wf("run", "train").err


@pytest.mark.usefixtures("links")
def test_what_is_worked_on_is_what_the_run_copied(world: World) -> None:
    packages.project(world.project / "library", "mine")
    world.write("requirements.txt", "-e ./library\n")
    world.write("train.py", "import mine\nprint(mine.value)\n")
    world.write("library/mine.py", "value = 1\n")
    assert world.wf("run", "train").out == "1\n"
    world.write("library/mine.py", "value = 2\n")
    assert world.wf("run", "train").out == "2\n"


@pytest.mark.usefixtures("links")
def test_what_it_needs_in_another_version_goes_on_top(world: World) -> None:
    packages.project(world.project / "library", "mine", requires=("leaf<2",))
    world.write("requirements.txt", "leaf\n./library\n")
    world.write("train.py", "import leaf\nprint(leaf.__version__)\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert installed(world) == ["leaf==1.0", "mine @ file:library"]


def test_a_wheel_of_the_project_that_git_ignores(world: World, links: Path) -> None:
    wheel = packages.wheel(world.project / "wheels", "own", requires=("twig",))
    world.write(".gitignore", "*.whl\n")
    world.git()
    world.write("requirements.txt", f"./wheels/{wheel.name}\n")
    world.write("train.py", "import own, twig\nprint(own.__version__)\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert installed(world) == [f"own @ file:wheels/{wheel.name}", "twig==1.0"]
    assert links.exists()


def test_a_build_that_fails_names_the_line(world: World, links: Path) -> None:
    packages.project(world.project / "library", "mine")
    world.write("library/backend.py", "raise SystemExit('no compiler')\n")
    world.write("requirements.txt", "leaf\n\n-e ./library\n")
    world.write("train.py", "")
    done = world.wf("run", "train")
    assert done.code == 78
    assert "cannot install `-e ./library` (requirements.txt:3)" in done.err
    assert "no compiler" in done.err
    assert str(world.home) not in done.err
    assert links.exists()


@pytest.mark.usefixtures("links")
def test_what_it_needs_and_cannot_be_had_names_the_line(world: World) -> None:
    packages.project(world.project / "library", "mine", requires=("no-such-package",))
    world.write("requirements.txt", "./library\n")
    world.write("train.py", "")
    done = world.wf("run", "train")
    assert done.code == 78
    assert "cannot install what `./library` (requirements.txt:1) needs" in done.err
    assert "no-such-package" in done.err


@pytest.mark.usefixtures("links")
def test_settings_of_a_build_reach_it(world: World) -> None:
    packages.project(world.project / "library", "mine")
    world.write("requirements.txt", 'mine @ file:./library --config-settings "fast=yes"\n')
    world.write("train.py", "import mine\nprint(mine.settings['fast'])\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "yes\n"), done.err


@pytest.mark.usefixtures("links")
def test_commands_may_install_on_top_of_it(world: World, links: Path) -> None:
    packages.pip(links)
    wheel = links / "twig-1.0-py3-none-any.whl"
    packages.project(world.project / "library", "mine")
    world.write("requirements.txt", "./library\n")
    world.workflows(
        "workflows:\n  - name: train\n    provider: bash\n    requirements: requirements.txt\n"
        "    commands:\n      - pip install --no-index $LINKS/twig-1.0-py3-none-any.whl\n"
        "      - python -c 'import mine, twig'\n"
    )
    done = world.wf("run", "train", "-e", f"LINKS={links}")
    assert done.code == 0, done.err
    inside, beside = installed(world)
    assert inside == "mine @ file:library"
    assert beside.startswith(f"twig @ {wheel.as_uri()}")
