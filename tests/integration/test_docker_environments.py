"""Packages for jobs in containers: installed inside the image, once, and used by all runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker.errors import APIError, ImageNotFound

from runner.cached import Cache
from runner.containers.values import BUILD_LABEL
from tests.conftest import FINISHING_SECONDS, kill, until
from tests.fakes import packages
from tests.servers.images import BASE, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

_SCRIPT = "import held, sys\nprint(held.__file__, held.__version__, sys.prefix)\n"


@pytest.fixture
def links(docked: World, tmp_path: Path) -> Path:
    """A folder that packages are installed from, and nothing else."""
    return _supplied(docked, tmp_path)


def _supplied(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    for version in ("1.0", "2.0"):
        packages.wheel(folder, "held", version)
    world.variables |= packages.index(folder)
    world.variables |= {"PIP_FIND_LINKS": str(folder), "UV_CACHE_DIR": str(tmp_path / "uv")}
    world.write("requirements.txt", "held==1.0\n")
    world.write("train.py", _SCRIPT)
    world.workflows(packages.WORKFLOW)
    return folder


def environments(world: World) -> list[Path]:
    """The folders of those in the cache."""
    folder = Cache(Path(world.variables["WF_CACHE"])).environments
    return sorted(path for path in folder.iterdir() if path.is_dir())


def finished(made: Path) -> None:
    """Wait until nobody is at work in an environment any more."""
    until((made / "finished.json").exists, "a finished environment", FINISHING_SECONDS)


@pytest.mark.usefixtures("links")
def test_packages_are_installed_for_the_python_of_the_image(docked: World) -> None:
    done = docked.wf("run", "train", "--executor", "docker")
    assert done.code == 0, done.err
    (made,) = environments(docked)
    assert done.out.split()[1:] == ["1.0", str(made / "venv")]
    assert docked.record()["environment"]["lock"] == ["held==1.0"]
    assert docked.record()["environment"]["python"] == _python(docked)


def _python(world: World) -> str:
    world.workflows(
        f"workflows:\n- name: which\n  provider: docker\n  image: {BASE}\n"
        "  commands: [\"python3 -c 'import platform; print(platform.python_version())'\"]\n"
    )
    return world.wf("run", "which").out.strip()


@pytest.mark.usefixtures("links")
def test_the_plan_tells_where_and_in_what(docked: World) -> None:
    before = docked.wf("plan", "train", "--executor", "docker")
    assert f"docker, in {BASE} (" in before.out
    assert "the image's python with requirements.txt" in before.out
    assert "will be built" in before.out
    assert (
        "will be pulled"
        in docked.wf("plan", "train", "--executor", "docker", WF_BASE_IMAGE="not/here:1").out
    )
    docked.wf("run", "train", "--executor", "docker")
    after = docked.wf("plan", "train", "--executor", "docker")
    assert after.out == before.out.replace("will be built", "ready")
    docked.workflows("workflows:\n- {name: bare, provider: python, script: train.py}\n")
    assert "what the image has" in docked.wf("plan", "bare", "--executor", "docker").out


@pytest.mark.usefixtures("links")
def test_the_next_run_takes_what_is_there(docked: World) -> None:
    first = docked.wf("run", "train", "--executor", "docker")
    again = docked.wf("run", "train", "--executor", "docker")
    assert (first.code, first.out) == (0, again.out), again.err
    assert "· built" in first.err
    assert "· cached" in again.err


@pytest.mark.usefixtures("links")
def test_it_is_removed_as_any_other(docked: World) -> None:
    docked.wf("run", "train", "--executor", "docker")
    (made,) = environments(docked)
    finished(made)
    done = docked.wf("env", "prune", "--all")
    assert (done.code, environments(docked)) == (0, []), done.err
    assert "· built" in docked.wf("run", "train", "--executor", "docker").err


def test_nothing_is_at_work_in_it_when_it_is_removed(
    docked: World, dockerd: Dockerd, links: Path
) -> None:
    made = _being_compiled(docked, dockerd, links)
    # one that takes long to end is left alone
    until(lambda: _pruned(docked) == [], "a removed environment")
    assert "running" not in _compiling(dockerd, made)
    until(lambda: not _compiling(dockerd, made), "a daemon without its container")


def test_it_stays_until_its_container_has_ended(
    world: World, dockerd_alone: Callable[..., Dockerd], tmp_path: Path
) -> None:
    server = dockerd_alone()
    server.give(BASE)
    world.variables |= server.variables
    made = _being_compiled(world, server, _supplied(world, tmp_path))
    until(lambda: "running" in _compiling(server, made), "a container at work")
    server.freeze()
    # asking again makes no difference
    assert (_pruned(world), _pruned(world)) == ([made], [made])
    server.thaw()
    until(lambda: _pruned(world) == [], "a removed environment")
    assert "running" not in _compiling(server, made)


def _being_compiled(world: World, dockerd: Dockerd, links: Path) -> Path:
    """A new environment, and a container in which it is compiled for a while."""
    packages.slow_to_compile(links, "large", 1500)
    world.write("requirements.txt", "held==1.0\nlarge\n")
    world.wf("run", "train", "--executor", "docker")
    (made,) = environments(world)
    until(lambda: _compiling(dockerd, made), "a container that compiles")
    return made


def _pruned(world: World) -> list[Path]:
    """The environments that are left."""
    done = world.wf("env", "prune", "--all")
    assert done.code == 0, done.err
    return environments(world)


def _compiling(dockerd: Dockerd, environment: Path) -> list[str]:
    """What the containers are doing in which it is compiled."""
    python = f"{environment}/venv/bin/python"
    return [
        one["State"]
        for one in dockerd.client.containers(all=True)
        if one["Command"].startswith(python) and "compileall" in one["Command"]
    ]


@pytest.mark.usefixtures("links")
def test_it_is_no_environment_of_this_machine(docked: World) -> None:
    docked.wf("run", "train", "--executor", "docker")
    there = docked.wf("run", "train")
    assert "· built" in there.err
    assert len(environments(docked)) == 2


@pytest.mark.usefixtures("links")
def test_another_content_of_an_image_is_another_environment(
    docked: World, dockerd: Dockerd
) -> None:
    docked.wf("run", "train", "--executor", "docker")
    made = dockerd.client.create_container(BASE, ["true"])
    other = dockerd.client.commit(made["Id"], repository="wf-other", tag="1", changes="ENV OTHER=1")
    dockerd.client.remove_container(made["Id"])
    try:
        done = docked.wf("run", "train", "--executor", "docker", WF_BASE_IMAGE="wf-other:1")
        assert done.code == 0, done.err
        assert "· built" in done.err
    finally:
        _take_away(dockerd, other["Id"])


def _take_away(dockerd: Dockerd, image: str) -> None:
    """Remove an image as soon as Docker lets it go.

    What finishes an environment inside an image goes on behind the run, and may start its
    container at any moment: only the removal itself can tell that nothing runs there.
    """

    def gone() -> bool:
        try:
            dockerd.client.remove_image(image, force=True)
        except ImageNotFound:
            return True
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            return False
        return True

    until(gone, "an image in which nothing runs")


@pytest.mark.usefixtures("links")
def test_everything_belongs_to_the_caller_and_stays_as_it_was_built(docked: World) -> None:
    docked.wf("run", "train", "--executor", "docker")
    (made,) = environments(docked)
    finished(made)
    owners = {path.lstat().st_uid for path in made.rglob("*")}
    assert owners == {os.getuid()}
    said = json.loads((made / "finished.json").read_text())
    assert (said["files"], said["skipped"], said["no_lock"]) == (1, 0, None)
    assert list(made.glob("venv/lib/python*/site-packages/__pycache__/held.cpython-*.pyc"))
    # root may write anywhere: the right is what counts
    assert not (made / "venv").stat().st_mode & 0o222
    verified = docked.wf("env", "verify", made.name)
    assert (verified.code, verified.out.split()) == (0, [made.name, "intact"])
    shown = docked.wf("env", "show", made.name, "--json")
    assert json.loads(shown.out)["image"] == _image(docked)


def _image(world: World) -> str:
    planned = json.loads(world.wf("plan", "train", "--executor", "docker", "--json").out)
    assert planned["environment"]["ready"] is True
    return str(json.loads(world.wf("env", "list", "--json").out)["environments"][0]["image"])


@pytest.mark.usefixtures("links")
def test_what_was_changed_in_it_is_built_anew(docked: World) -> None:
    docked.wf("run", "train", "--executor", "docker")
    (made,) = environments(docked)
    finished(made)
    (module,) = made.glob("venv/lib/python*/site-packages/held.py")
    module.parent.chmod(0o755)
    module.unlink()
    module.write_text("__version__ = 'another'\n")
    done = docked.wf("run", "train", "--executor", "docker")
    assert (done.code, done.out.split()[1]) == (0, "1.0"), done.err
    assert "built anew" in done.err


@pytest.mark.usefixtures("links")
def test_a_run_is_repeated_with_its_own_packages(docked: World) -> None:
    docked.wf("run", "train", "--executor", "docker")
    former = docked.record()["name"]
    docked.write("requirements.txt", "held\n")
    newest = docked.wf("run", "train", "--executor", "docker")
    same = docked.wf("run", "train", "--executor", "docker", "--packages-of", former)
    assert (newest.out.split()[1], same.out.split()[1]) == ("2.0", "1.0"), same.err


@pytest.fixture
def named(docked: World, dockerd: Dockerd) -> Iterator[Callable[[str], str]]:
    """Gives a name of the world's base image to another content; its id."""
    made = []

    def name(content: str) -> str:
        container = dockerd.client.create_container(BASE, ["true"])
        change = f"ENV CONTENT={content}"
        made.append(dockerd.client.commit(container["Id"], "wf-moving", "1", changes=change)["Id"])
        dockerd.client.remove_container(container["Id"])
        return str(made[-1])

    docked.variables["WF_BASE_IMAGE"] = "wf-moving:1"
    yield name
    for image in made:
        _take_away(dockerd, image)


_CONTENT = (
    "workflows:\n- name: say\n  provider: docker\n  image: wf-moving:1\n"
    '  commands: ["echo $CONTENT"]\n'
)


@pytest.mark.parametrize("again", [("--locked",), ("say", "--packages-of")])
def test_a_run_is_repeated_in_the_image_that_it_was_in(
    docked: World, dockerd: Dockerd, named: Callable[[str], str], again: tuple[str, ...]
) -> None:
    docked.workflows(_CONTENT)
    old = named("old")
    assert docked.wf("run", "say").out == "old\n"
    former = docked.record()["name"]
    named("new")
    assert docked.wf("run", "say").out == "new\n"
    same = docked.wf("run", *again, former)
    assert (same.code, same.out) == (0, "old\n"), same.err
    assert "warning" not in same.err
    record = docked.record()
    assert record["container"]["image_id"] == old
    assert (record["container"]["image"], record["environment"]["locked"]) == (
        "wf-moving:1",
        former,
    )
    _take_away(dockerd, old)
    other = docked.wf("run", *again, former)
    assert (other.code, other.out) == (0, "new\n"), other.err
    assert f"warning: wf-moving:1 was {old[7:19]} then, which is gone" in other.err


@pytest.mark.usefixtures("links")
def test_packages_of_a_run_are_those_in_its_image(
    docked: World, named: Callable[[str], str]
) -> None:
    old = named("old")
    docked.wf("run", "train", "--executor", "docker")
    former = docked.record()
    named("new")
    docked.variables["WF_BASE_IMAGE"] = BASE
    same = docked.wf("run", "train", "--executor", "docker", "--packages-of", former["name"])
    assert "· cached" in same.err, same.err
    assert docked.record()["container"]["image_id"] == old
    assert docked.record()["environment"]["fingerprint"] == former["environment"]["fingerprint"]


def test_an_image_may_say_which_python_it_has(docked: World, named: Callable[[str], str]) -> None:
    named("old PYTHON_VERSION=3.11.9")
    docked.workflows(_CONTENT)
    docked.wf("run", "say")
    environment = docked.record()["environment"]
    assert (environment["kind"], environment["python"]) == ("image", "3.11.9")
    assert "python 3.11.9 · what the image has" in docked.wf("show", "last").out


def test_what_an_image_has_cannot_be_had_without_it(
    docked: World, named: Callable[[str], str]
) -> None:
    named("old")
    docked.workflows(_CONTENT)
    docked.wf("run", "say")
    done = docked.wf("run", "say", "--executor", "local", "--packages-of", "last")
    assert done.code == 64
    assert "is that of its image: wf-moving:1" in done.err


@pytest.mark.usefixtures("links")
def test_the_environment_of_this_machine_serves_in_no_container(docked: World) -> None:
    docked.wf("run", "train")
    former = docked.record()
    done = docked.wf("run", "train", "--executor", "docker", "--packages-of", former["name"])
    if done.code == 0:  # an interpreter of the very same version: then built for itself
        assert former["environment"]["fingerprint"] not in done.out
    else:
        assert f"the image has no Python {former['environment']['python']}" in done.err


def test_what_a_job_installs_comes_on_top_and_vanishes(docked: World, links: Path) -> None:
    packages.wheel(links, "more")
    docked.workflows(
        "workflows:\n- name: train\n  provider: bash\n  requirements: requirements.txt\n"
        "  commands:\n  - pip install --no-index more\n"
        "  - python -c 'import held, more; print(held.__version__, more.__file__)'\n"
    )
    done = docked.wf("run", "train", "--executor", "docker")
    assert done.code == 0, done.err + done.out
    version, place = done.out.splitlines()[-1].split()
    run = docked.record()
    assert (version, run["environment"]["lock"]) == ("1.0", ["held==1.0", "more==1.0"])
    assert place.startswith(str(docked.folder(run["name"])))
    assert not os.path.lexists(place)
    made = environments(docked)[0]
    finished(made)
    assert not list(made.rglob("more*"))


@pytest.mark.usefixtures("links")
def test_a_package_of_the_project_is_installed_inside(docked: World) -> None:
    (docked.project / "lib").mkdir()
    packages.unpacked(docked.project / "lib", "lib")
    docked.write("lib/lib.py", "")
    docked.write("requirements.txt", "held==1.0\n-e ./lib\n")
    docked.write("train.py", "import held, lib\nprint(lib.__file__)\n")
    done = docked.wf("run", "train", "--executor", "docker")
    assert done.code == 0, done.err
    run = docked.record()
    workspace = docked.folder(run["name"]) / "workspace"
    assert done.out.strip() == str(workspace / "lib" / "lib.py")
    assert run["environment"]["lock"] == ["held==1.0", "lib @ file:lib"]


def _slow(links: Path, docked: World) -> None:
    """A package whose build waits for a gate; what it writes lies where such a build may write."""
    cache = Path(docked.variables["UV_CACHE_DIR"])
    cache.mkdir(exist_ok=True)
    packages.slow_source(links, "slow", cache / "gate", cache / "began")
    docked.write("requirements.txt", "held==1.0\nslow\n")


def _builders(dockerd: Dockerd, world: World) -> list[str]:
    """The containers that build environments of this world, by their ids."""
    cache = world.variables["WF_CACHE"]
    return [
        one["Id"]
        for one in dockerd.client.containers(all=True)
        if one["Labels"].get(BUILD_LABEL, "").startswith(cache)
    ]


def _building(dockerd: Dockerd, world: World, times: int = 1) -> str:
    """Wait for the container in which the package is built, for the time given."""
    began = Path(world.variables["UV_CACHE_DIR"]) / "began"
    until(lambda: began.exists() and len(began.read_text().splitlines()) == times, "a build")
    (one,) = _builders(dockerd, world)
    return one


def test_a_password_of_an_index_is_not_seen_from_outside(
    docked: World, dockerd: Dockerd, links: Path
) -> None:
    _slow(links, docked)
    docked.start(
        "run", "train", "--executor", "docker",
        UV_DEFAULT_INDEX="https://me:sesame@127.0.0.1:1/simple",
    )  # fmt: skip
    told = dockerd.client.inspect_container(_building(dockerd, docked))
    assert "sesame" not in json.dumps(told)
    assert "UV_FIND_LINKS" in json.dumps(told)


def test_nor_is_that_of_a_proxy_that_docker_is_told(
    docked: World, dockerd: Dockerd, links: Path
) -> None:
    _slow(links, docked)
    config = docked.home / ".docker" / "config.json"
    config.parent.mkdir()
    proxies = {"httpProxy": "http://me:sesame@127.0.0.1:1", "noProxy": "localhost"}
    config.write_text(json.dumps({"proxies": {"default": proxies}}))
    docked.start("run", "train", "--executor", "docker")
    container = _building(dockerd, docked)
    told = json.dumps(dockerd.client.inspect_container(container))
    assert ("sesame" in told, "no_proxy=localhost" in told) == (False, True)
    pids = [words[1] for words in dockerd.client.top(container)["Processes"]]
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in pids]
    assert any(b"HTTP_PROXY=http://me:sesame@127.0.0.1:1" in one for one in environments)


def test_a_build_ends_with_the_run_that_wants_it(
    docked: World, dockerd: Dockerd, links: Path
) -> None:
    _slow(links, docked)
    run = docked.start("run", "train", "--executor", "docker")
    _building(dockerd, docked)
    run.send_signal(signal.SIGINT)
    assert run.wait() == 130
    until(lambda: not _builders(dockerd, docked), "no container")
    assert not [path for path in environments(docked) if path.is_dir()]


def test_after_a_killed_build_the_next_one_is_alone(
    docked: World, dockerd: Dockerd, links: Path
) -> None:
    _slow(links, docked)
    run = docked.start("run", "train", "--executor", "docker")
    first = _building(dockerd, docked)
    kill(run)
    again = docked.start("run", "train", "--executor", "docker")
    assert _building(dockerd, docked, 2) != first
    (Path(docked.variables["UV_CACHE_DIR"]) / "gate").touch()
    assert again.wait() == 0


@pytest.mark.usefixtures("links")
def test_an_image_without_the_python_that_is_asked_for(docked: World) -> None:
    done = docked.wf("run", "train", "--executor", "docker", "--python", "3.7")
    assert done.code == 69
    assert "the image has no Python 3.7" in done.err


@pytest.mark.usefixtures("links")
def test_an_image_in_which_uv_does_not_start(docked: World) -> None:
    done = docked.wf("run", "train", "--executor", "docker", WF_BASE_IMAGE=SMALL)
    assert done.code == 78
    assert "uv does not start there" in done.err


def _lock(world: World, more: str = "") -> None:
    """Have uv lock a project that asks for a package; ``more`` are further tables of it."""
    (world.project / "requirements.txt").unlink()
    world.workflows(packages.WORKFLOW.replace("    requirements: requirements.txt\n", ""))
    world.write(
        "pyproject.toml",
        '[project]\nname = "demo"\nversion = "0.1"\nrequires-python = ">=3.10"\n'
        f'dependencies = ["held<2"]\n{more}',
    )
    subprocess.run(
        [sys.executable, "-m", "uv", "lock", "-q", "--python", sys.executable],
        cwd=world.project,
        env=world.variables,
        check=True,
    )


@pytest.mark.usefixtures("links")
def test_a_locked_project_has_inside_what_it_has_locked(docked: World) -> None:
    _lock(docked)
    for state in ("built", "cached"):
        done = docked.wf("run", "train", "--executor", "docker")
        assert (done.code, state in done.err) == (0, True), done.err
        (made,) = environments(docked)
        assert done.out.split()[1:] == ["1.0", str(made / "venv")]


def test_a_locked_project_may_have_packages_of_its_own(
    docked: World, links: Path, tmp_path: Path
) -> None:
    own = links.rename(tmp_path / "own")
    links.mkdir()
    _lock(docked, f'[tool.uv]\nfind-links = ["{own}"]\n')
    done = docked.wf("run", "train", "--executor", "docker")
    assert done.code == 0, done.err
    assert done.out.split()[1] == "1.0"
