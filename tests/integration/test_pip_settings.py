"""A pip.conf of somebody behind a company mirror, and where the real uv installs from with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import packages
from tests.fakes.package_index import PackageIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

SECRET = "s3cr3t-w0rd"


@pytest.fixture
def configure(world: World) -> Callable[[str], None]:
    """Write the user's pip.conf, the only thing that says where packages come from."""
    for name in [name for name in world.variables if name.startswith(("PIP_", "UV_"))]:
        del world.variables[name]
    world.variables["UV_CACHE_DIR"] = str(world.home / "uv")
    world.workflows(packages.WORKFLOW)
    world.write("train.py", "import leaf\nprint(leaf.__version__)\n")
    world.write("requirements.txt", "leaf\n")

    def configured(text: str) -> None:
        config = world.home / ".config" / "pip" / "pip.conf"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(text, encoding="utf-8")

    return configured


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[PackageIndex]:
    folder = tmp_path / "mirror"
    packages.wheel(folder, "leaf", "2.0")
    with PackageIndex(folder) as made:
        yield made


@pytest.fixture
def extra(tmp_path: Path) -> Iterator[PackageIndex]:
    folder = tmp_path / "extra"
    packages.wheel(folder, "leaf", "1.0")
    with PackageIndex(folder) as made:
        yield made


def log(world: World) -> str:
    """What the installer said in the last run."""
    path = world.folder(world.record()["name"]) / "environment.log"
    return path.read_text(encoding="utf-8")


def test_the_best_version_of_all_indexes_is_taken_as_pip_does(
    world: World, configure: Callable[[str], None], mirror: PackageIndex, extra: PackageIndex
) -> None:
    own = mirror.url_for("user", SECRET)
    configure(f"[global]\nindex-url = {own}\nextra-index-url = {extra.url_for('me', SECRET)}\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "2.0\n"), done.err
    # which indexes these were is the first thing in the log
    assert log(world).splitlines()[:3] == [
        f"index: {extra.url.replace('//', '//***@')}",
        f"index: {mirror.url.replace('//', '//***@')} (default)",
        "UV_INDEX_STRATEGY=unsafe-best-match",
    ]
    assert SECRET not in log(world)


def test_who_wants_the_first_index_says_so(
    world: World, configure: Callable[[str], None], mirror: PackageIndex, extra: PackageIndex
) -> None:
    configure(f"[global]\nindex-url = {mirror.url}\nextra-index-url = {extra.url}\n")
    done = world.wf("run", "train", UV_INDEX_STRATEGY="first-index")
    assert (done.code, done.out) == (0, "1.0\n"), done.err


def test_constraints_and_folders_are_found_from_where_wf_is_called(
    world: World, configure: Callable[[str], None], tmp_path: Path
) -> None:
    packages.wheel(world.project / "wheels", "leaf", "1.0")
    packages.wheel(world.project / "wheels", "leaf", "2.0")
    limits = tmp_path / "limits.txt"
    limits.write_text("leaf<2\n")
    configure(f"[global]\nno-index = true\nfind-links = wheels /not/there\nconstraint = {limits}\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    # what the file says is part of the environment's name
    limits.write_text("leaf\n")
    assert world.wf("run", "train").out == "2.0\n"


def test_nothing_is_built_where_only_wheels_are_allowed(
    world: World, configure: Callable[[str], None], tmp_path: Path
) -> None:
    folder = tmp_path / "sources"
    packages.slow_source(folder, "leaf", tmp_path, tmp_path / "began")
    packages.wheel(folder, "leaf", "0.5")
    configure(f"[global]\nno-index = true\nfind-links = {folder}\n[install]\nonly-binary = leaf\n")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "0.5\n"), done.err
    assert not (tmp_path / "began").exists()


def test_the_proxy_of_pips_is_asked(
    world: World, configure: Callable[[str], None], mirror: PackageIndex
) -> None:
    # the mirror stands in for a proxy: it is asked for whole addresses
    configure(
        f"[global]\nindex-url = http://nowhere.invalid/simple\nproxy = {mirror.host}\nretries = 0\n"
    )
    world.wf("run", "train")
    assert "http://nowhere.invalid/simple/leaf/" in mirror.asked
