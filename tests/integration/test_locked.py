"""``wf run --packages-of RUN``: a former environment once more, from packages made here."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import commands, end_finishers, until
from tests.fakes import packages
from tests.fakes.package_index import PackageIndex

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKFLOW = """\
workflows:
  - name: train
    provider: python
    script: train.py
    requirements: requirements.txt
  - name: bare
    provider: python
    script: bare.py
  - name: installing
    provider: bash
    commands:
      - pip install --quiet leaf
      - python -c "import leaf; print(leaf.__version__)"
"""


@pytest.fixture
def links(world: World) -> Path:
    """A folder of packages, the only place that is installed from."""
    folder = world.home / "links"
    packages.pip(folder)
    packages.wheel(folder, "leaf")
    packages.wheel(folder, "branch", requires=("leaf>=1",))
    # for what jobs install themselves as well
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    world.variables.update(packages.index(folder) | pip)
    world.workflows(WORKFLOW)
    world.write("requirements.txt", "branch\n")
    world.write("train.py", "import leaf\nprint(leaf.__version__)\n")
    world.write("bare.py", "print('bare')\n")
    return folder


@pytest.fixture
def former(world: World, links: Path) -> dict[str, Any]:
    """A run with leaf 1.0; the index has leaf 2.0 since."""
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    packages.wheel(links, "leaf", "2.0")
    record: dict[str, Any] = world.record()
    return record


def prune(world: World) -> None:
    """Take all environments away, also from those who are still busy with them."""
    folder = world.home / "cache" / "environments"
    end_finishers(world.home)
    # its helpers end a moment later, and make folders until then
    until(lambda: not compiling(world), "the end of its helpers")

    def gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    until(gone, "no environment")


def compiling(world: World) -> bool:
    """Whether bytecode is made for an environment."""
    home, worker = os.fsencode(world.home), b"finishing/worker.py"
    return any(
        all(any(part in word for word in said) for part in (home, worker)) for _, said in commands()
    )


def environments(world: World) -> list[str]:
    """The environments there are."""
    folder = world.home / "cache" / "environments"
    return [path.name for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


def alter(wheel: Path) -> None:
    """Another file of the same name."""
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("other.py", "")


def test_every_run_has_a_lock_with_hashes(world: World, former: dict[str, Any]) -> None:
    kept = world.folder(former["name"]) / "pylock.toml"
    text = kept.read_text()
    assert text.startswith('lock-version = "1.0"\n')
    assert [line for line in text.splitlines() if line.startswith("name")] == [
        'name = "branch"',
        'name = "leaf"',
    ]
    assert text.count("sha256") == 2
    assert not kept.is_symlink()
    # a copy, and not another name of the environment's own
    assert kept.stat().st_nlink == 1
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_locked_run_has_the_old_version_after_the_index_went_on(
    world: World, former: dict[str, Any]
) -> None:
    prune(world)
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert (again.code, again.out) == (0, "1.0\n"), again.err
    environment = world.record()["environment"]
    assert environment["lock"] == former["environment"]["lock"]
    assert environment["python"] == former["environment"]["python"]
    assert environment["locked"] == former["name"]
    assert former["environment"]["locked"] is None
    locks = [
        (world.folder(run) / "pylock.toml").read_text()
        for run in (former["name"], world_last(world))
    ]
    assert locks[0] == locks[1]
    # and without it, there is the new one
    assert world.wf("run", "train").out == "2.0\n"


def world_last(world: World) -> str:
    """The name of the newest run."""
    name: str = world.record()["name"]
    return name


def test_requirements_written_since_do_not_count(world: World, former: dict[str, Any]) -> None:
    world.write("requirements.txt", "leaf==2.0\n")
    assert world.wf("run", "train", "--packages-of", former["name"][:-2]).out == "1.0\n"


def test_the_environment_itself_is_used_while_it_is_there(
    world: World, former: dict[str, Any], links: Path
) -> None:
    shutil.rmtree(links)
    again = world.wf("run", "train", "--packages-of", "last")
    assert (again.code, again.out) == (0, "1.0\n"), again.err
    assert "· cached" in again.err
    assert world.record()["environment"]["fingerprint"] == former["environment"]["fingerprint"]


def test_an_environment_that_is_not_what_it_was_is_not_used(
    world: World, former: dict[str, Any]
) -> None:
    name = former["environment"]["fingerprint"]
    ready = world.home / "cache" / "environments" / name / "ready.json"
    said = json.loads(ready.read_text())
    ready.write_text(json.dumps({**said, "lock": ["branch==1.0", "leaf==2.0"]}))
    again = world.wf("run", "train", "--packages-of", "last")
    assert (again.code, again.out) == (0, "1.0\n"), again.err
    assert "· built" in again.err
    assert world.record()["environment"]["fingerprint"] != name


def test_what_cannot_be_had_any_more_is_named(
    world: World, former: dict[str, Any], links: Path
) -> None:
    prune(world)
    (links / "leaf-1.0-py3-none-any.whl").unlink()
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    assert again.out == ""
    assert f"the environment of {former['name']} cannot be had again: leaf==1.0" in again.err
    assert "- leaf==1.0" in again.err
    assert "branch==1.0" not in again.err
    assert environments(world) == []
    failed = world.record()
    assert (failed["status"], failed["reason"]) == ("failed", "environment")


def test_another_file_of_the_same_name_is_refused(
    world: World, former: dict[str, Any], links: Path
) -> None:
    prune(world)
    alter(links / "leaf-1.0-py3-none-any.whl")
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    assert "leaf==1.0 is no longer the same file" in again.err
    assert "sha256:" in again.err
    assert environments(world) == []
    # which stands in nobody's way
    assert world.wf("run", "train").code == 0


def test_the_same_files_may_lie_elsewhere_by_now(
    world: World, former: dict[str, Any], links: Path
) -> None:
    moved = links.rename(links.parent / "moved")
    world.variables.update(UV_FIND_LINKS=str(moved), PIP_FIND_LINKS=str(moved))
    prune(world)
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert (again.code, again.out) == (0, "1.0\n"), again.err
    # and only the same
    alter(moved / "leaf-1.0-py3-none-any.whl")
    prune(world)
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    assert "leaf==1.0 is no longer the same file" in again.err


def test_a_run_without_hashes_is_built_from_its_versions_and_that_is_said(
    world: World, former: dict[str, Any], links: Path
) -> None:
    """As runs of older versions are: no ``pylock.toml``."""
    (world.folder(former["name"]) / "pylock.toml").unlink()
    prune(world)
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert (again.code, again.out) == (0, "1.0\n"), again.err
    assert f"{former['name']} has no hashes on its record" in again.err
    prune(world)
    (links / "leaf-1.0-py3-none-any.whl").unlink()
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    assert "leaf==1.0 cannot be had" in again.err


def test_a_lock_that_was_changed_by_hand_is_told_as_a_difference(
    world: World, former: dict[str, Any]
) -> None:
    """What is installed must be what the record says, whatever the lock says."""
    recorded = world.folder(former["name"]) / "environment.json"
    said = json.loads(recorded.read_text())
    recorded.write_text(json.dumps({**said, "lock": ["branch==1.0", "leaf==0.9", "twig==1.0"]}))
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    lines = [line.strip(" │") for line in again.err.splitlines()]
    at = lines.index("- leaf==0.9")
    assert f"the environment of {former['name']} cannot be had again: leaf, twig would" in again.err
    assert lines[at : at + 3] == ["- leaf==0.9", "+ leaf==1.0", "- twig==1.0"]
    assert environments(world) == [said["fingerprint"]]


def test_another_interpreter_is_another_environment(world: World, former: dict[str, Any]) -> None:
    recorded = world.folder(former["name"]) / "environment.json"
    said = json.loads(recorded.read_text())
    recorded.write_text(json.dumps({**said, "python": "3.11.99"}))
    again = world.wf("run", "train", "--packages-of", former["name"])
    assert again.code == 78
    assert "- python==3.11.99" in again.err
    assert "uv python install 3.11.99" in again.err


def test_the_bare_interpreter_can_be_had_again(world: World, links: Path) -> None:
    assert links.is_dir()
    assert world.wf("run", "bare").code == 0
    text = (world.folder(world_last(world)) / "pylock.toml").read_text()
    assert text.endswith("packages = []\n")
    prune(world)
    again = world.wf("run", "bare", "--packages-of", "last")
    assert (again.code, again.out) == (0, "bare\n"), again.err
    assert world.record()["environment"]["lock"] == []


def test_a_workflow_runs_in_the_environment_of_another(
    world: World, former: dict[str, Any]
) -> None:
    world.write("bare.py", "import branch, leaf\nprint(leaf.__version__)\n")
    assert world.wf("run", "bare", "--packages-of", former["name"]).out == "1.0\n"


def test_what_a_job_installed_itself_is_locked_with_the_rest(world: World, links: Path) -> None:
    first = world.wf("run", "installing")
    assert first.out.endswith("1.0\n"), first.err
    record = world.record()
    assert "leaf" in (world.folder(record["name"]) / "pylock.toml").read_text()
    packages.wheel(links, "leaf", "2.0")
    again = world.wf("run", "installing", "--packages-of", record["name"])
    assert again.out.endswith("1.0\n"), again.err
    assert world.record()["environment"]["lock"] == record["environment"]["lock"]


def test_what_a_job_installs_besides_is_told(world: World, former: dict[str, Any]) -> None:
    world.workflows(WORKFLOW.replace("--quiet leaf", "--quiet leaf==2.0"))
    again = world.wf("run", "installing", "--packages-of", former["name"])
    assert again.out.endswith("2.0\n"), again.err
    told = f"the job has installed what {former['name']} did not have: - leaf==1.0, + leaf==2.0"
    assert told in again.err


def test_the_plan_says_it(world: World, former: dict[str, Any]) -> None:
    planned = world.wf("plan", "train", "--packages-of", "last", "--json").json()
    environment = planned["jobs"][-1]["environment"]
    assert environment["locked"] == former["name"]
    assert environment["python"] == former["environment"]["python"]
    assert environment["requirements"] == []
    assert planned["environment"]["ready"] is True
    assert (
        f"all else as in {former['name']}" in world.wf("plan", "train", "--packages-of", "last").out
    )
    prune(world)
    planned = world.wf("plan", "train", "--packages-of", "last", "--json").json()
    assert planned["environment"]["ready"] is False


def test_what_chooses_versions_has_no_say(world: World, former: dict[str, Any]) -> None:
    limits = world.write("limits.txt", "leaf>1\n")
    prune(world)
    again = world.wf("run", "train", "--packages-of", former["name"], UV_CONSTRAINT=str(limits))
    assert (again.code, again.out) == (0, "1.0\n"), again.err


def only_by_network(world: World) -> None:
    """Take the folder of packages out of the configuration."""
    for name in ("UV_OFFLINE", "UV_FIND_LINKS", "PIP_NO_INDEX"):
        del world.variables[name]
    world.variables["PIP_FIND_LINKS"] = ""


def test_an_index_with_a_password_is_locked_without_it(world: World, links: Path) -> None:
    with PackageIndex(links) as index:
        only_by_network(world)
        world.variables["UV_DEFAULT_INDEX"] = index.url_for("ada", "lovelace")
        first = world.wf("run", "train")
        assert (first.code, first.out) == (0, "1.0\n"), first.err
        record = world.record()
        text = (world.folder(record["name"]) / "pylock.toml").read_text()
        assert f'"http://{index.host}/files/leaf-1.0-py3-none-any.whl"' in text
        assert "lovelace" not in text
        packages.wheel(links, "leaf", "2.0")
        prune(world)
        again = world.wf("run", "train", "--packages-of", "last")
        assert (again.code, again.out) == (0, "1.0\n"), again.err
        prune(world)
        (links / "leaf-1.0-py3-none-any.whl").unlink()
        again = world.wf("run", "train", "--packages-of", record["name"])
    assert again.code == 78
    assert "leaf==1.0 cannot be had" in again.err
    assert "lovelace" not in again.err


def test_a_run_as_of_a_day_is_locked_as_of_that_day(world: World, links: Path) -> None:
    packages.wheel(links, "leaf", "2.0")
    dates = {
        "leaf-1.0-py3-none-any.whl": "2022-05-20T12:00:00Z",
        "branch-1.0-py3-none-any.whl": "2022-05-20T12:00:00Z",
        "leaf-2.0-py3-none-any.whl": "2022-06-20T12:00:00Z",
    }
    with PackageIndex(links, dates=dates) as index:
        only_by_network(world)
        world.variables["UV_DEFAULT_INDEX"] = index.url
        asked = ("--as-of", "2022-05-20", "--python", OWN)
        first = world.wf("run", "train", *asked)
        assert (first.code, first.out) == (0, "1.0\n"), first.err
        former = world.record()
        prune(world)
        again = world.wf("run", "train", "--packages-of", "last")
        assert (again.code, again.out) == (0, "1.0\n"), again.err
        environment = world.record()["environment"]
        for key in ("as_of", "lock", "python"):
            assert environment[key] == former["environment"][key]
        done = world.wf("run", "train", "--packages-of", "last", "--as-of", "2022-05-20")
        assert done.code == 64
        assert "--as-of asks for another environment than --packages-of" in done.err


def test_the_index_that_the_requirements_name_is_asked_for_the_lock(
    world: World, links: Path
) -> None:
    with PackageIndex(links) as index:
        only_by_network(world)
        world.write("requirements.txt", f"--index-url {index.url_for('ada', 'lovelace')}\nleaf\n")
        assert world.wf("run", "train").out == "1.0\n"
        text = (world.folder(world_last(world)) / "pylock.toml").read_text()
        assert f'"http://{index.host}/files/leaf-1.0-py3-none-any.whl"' in text
        assert "lovelace" not in text


def test_a_lock_that_cannot_be_made_does_not_fail_the_run(world: World, links: Path) -> None:
    """As where a job installs what no index has."""
    packages.wheel(world.project / "own", "twig")
    local = "--quiet --find-links own twig"
    world.workflows(
        WORKFLOW.replace("--quiet leaf", local).replace("import leaf", "import twig as leaf")
    )
    done = world.wf("run", "installing")
    assert done.code == 0, done.err
    assert "there is no pylock.toml of the run: Because twig was not found" in done.err
    assert links.is_dir()
    record = world.record()
    assert not (world.folder(record["name"]) / "pylock.toml").exists()
    assert record["environment"]["lock"] == ["twig==1.0"]


@pytest.mark.usefixtures("former")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--python", "3.11"], "--python"),
        (["--all"], "`--packages-of` is for one workflow"),
    ],
    ids=["python", "all"],
)
def test_what_does_not_go_with_it_is_said(world: World, words: list[str], said: str) -> None:
    done = world.wf("run", *words, "--packages-of", "last")
    assert done.code == 64
    assert said in done.err


@pytest.mark.usefixtures("links")
def test_a_run_without_an_environment_cannot_be_locked_to(world: World) -> None:
    world.write("requirements.txt", "no-such-leaf\n")
    assert world.wf("run", "train").code == 78
    done = world.wf("run", "train", "--packages-of", "last")
    assert done.code == 64
    assert "has no environment on its record" in done.err
    assert world.wf("run", "train", "--packages-of", "nobody").code == 64
    assert len(world.runs()) == 1


def test_what_it_depends_on_is_as_the_file_says(world: World, former: dict[str, Any]) -> None:
    world.workflows(
        WORKFLOW + "  - name: after\n    provider: python\n    script: bare.py\n"
        "    depends-on: [train]\n"
    )
    world.write("bare.py", "import leaf\nprint('after', leaf.__version__)\n")
    world.write("requirements.txt", "leaf==2.0\n")
    done = world.wf("run", "after", "--packages-of", former["name"])
    assert done.code == 0, done.err
    assert done.out.splitlines() == ["2.0", "after 1.0"]
