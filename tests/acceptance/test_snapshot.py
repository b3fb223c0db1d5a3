"""A run works on a copy of the project: what is in it, and what never gets in or out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import hear, program, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

LIST = """\
workflows:
  - name: list
    provider: bash
    commands: ["find . -name .git -prune -o ! -type d -print | LC_ALL=C sort"]
"""


@pytest.fixture
def repository(world: World) -> World:
    """A project whose files git can be asked for."""
    require("git", program("git"))
    world.workflows(LIST)
    return world


def listed(world: World) -> list[str]:
    """The files the job sees, but for the workflow file."""
    done = world.wf("run", "list")
    assert done.code == 0, done.err
    return [line for line in done.out.splitlines() if line != "./.dstack/workflows.yaml"]


def test_outside_git_everything_is_copied_but_what_can_be_made_again(world: World) -> None:
    world.workflows(LIST)
    for path in (
        "train.py", ".hidden", "a/b/c.txt", "__pycache__/x.pyc", "node_modules/x.js",
        "a/.ipynb_checkpoints/x", "env/pyvenv.cfg", "env/bin/python",
    ):  # fmt: skip
        world.write(path, "")
    assert listed(world) == ["./.hidden", "./a/b/c.txt", "./train.py"]
    record = world.record()
    assert record["source"] == {"commit": None, "branch": None, "dirty": None, "untracked": []}


def test_tracked_and_untracked_files_are_copied_and_ignored_ones_are_not(
    repository: World,
) -> None:
    repository.write("tracked.py", "")
    repository.write(".gitignore", "*.log\n/data/\n")
    repository.git()
    repository.write("untracked.py", "")
    repository.write("ignored.log", "")
    repository.write("data/huge.bin", "")
    assert listed(repository) == ["./.gitignore", "./tracked.py", "./untracked.py"]


def test_a_tracked_file_that_is_ignored_is_copied(repository: World) -> None:
    repository.write("kept.log", "")
    repository.git()
    repository.write(".gitignore", "*.log\n")
    assert "./kept.log" in listed(repository)


def test_a_tracked_file_that_was_deleted_is_not_there(repository: World) -> None:
    repository.write("gone.py", "")
    repository.git()
    (repository.project / "gone.py").unlink()
    assert listed(repository) == []


def test_what_was_changed_is_copied_as_it_stands(repository: World) -> None:
    repository.write("file", "committed")
    repository.workflows(LIST.replace("find .", "cat file; exit; find ."))
    repository.git()
    repository.write("file", "changed")
    assert repository.wf("run", "list").out == "changed"


def test_commit_branch_and_changes_are_on_the_record(repository: World) -> None:
    repository.write("file", "one\n")
    repository.git()
    repository.wf("run", "list")
    source = repository.record()["source"]
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository.project, capture_output=True, check=True
    )
    assert source["commit"] == head.stdout.decode().strip()
    assert (source["branch"], source["dirty"], source["untracked"]) == ("main", False, [])
    repository.write("file", "two\n")
    repository.write("new file", "")
    repository.wf("run", "list")
    record = repository.record()
    assert record["source"]["dirty"] is True
    assert record["source"]["untracked"] == ["new file"]
    diff = repository.folder(record["name"]) / "source.diff"
    reset = ["git", "checkout", "-q", "file"]
    for words in (reset, ["git", "apply", str(diff)]):
        subprocess.run(words, cwd=repository.project, env=repository.variables, check=True)
    assert (repository.project / "file").read_text() == "two\n"


def test_a_repository_without_a_commit_works(repository: World) -> None:
    subprocess.run(["git", "init", "-q"], cwd=repository.project, check=True)
    repository.write("file", "")
    assert listed(repository) == ["./file"]
    assert repository.record()["source"]["commit"] is None


def test_a_detached_head_has_no_branch(repository: World) -> None:
    repository.git()
    words = ["git", "checkout", "-q", "--detach"]
    subprocess.run(words, cwd=repository.project, env=repository.variables, check=True)
    assert repository.wf("run", "list").code == 0
    assert repository.record()["source"]["branch"] is None


def test_a_project_within_a_repository_is_that_folder_alone(repository: World) -> None:
    repository.write("file", "")
    above = repository.project.parent
    (above / "elsewhere").write_text("")
    for words in (["init", "-q"], ["add", "project"], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=above, env=repository.variables, check=True)
    assert listed(repository) == ["./file"]
    assert repository.record()["source"]["dirty"] is False


def test_git_variables_of_the_caller_do_not_lead_elsewhere(
    repository: World, tmp_path: Path
) -> None:
    repository.write("file", "")
    repository.write(".gitignore", "ignored\n")
    repository.git()
    repository.write("ignored", "")
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    done = repository.wf("run", "list", GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other))
    assert "./file" in done.out
    assert "./ignored" not in done.out
    assert repository.record()["source"]["branch"] == "main"


def test_the_repository_is_only_read(repository: World) -> None:
    """``git status`` would write down anew what it knows of files that were touched."""
    file = repository.write("file", "")
    repository.git()
    os.utime(file, (1_000_000_000, 1_000_000_000))
    before = {path: path.read_bytes() for path in _git_files(repository)}
    assert repository.wf("run", "list").code == 0
    assert {path: path.read_bytes() for path in _git_files(repository)} == before


def _git_files(world: World) -> list[Path]:
    return sorted(path for path in (world.project / ".git").rglob("*") if path.is_file())


def test_without_git_on_the_path_everything_is_copied(world: World, tmp_path: Path) -> None:
    """A repository is then a folder like any other."""
    require("git", program("git"))
    world.workflows(LIST)
    world.write(".gitignore", "ignored\n")
    world.git()
    world.write("ignored", "")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "find", "sort"):
        import shutil

        (tools / name).symlink_to(shutil.which(name) or name)
    done = world.wf("run", "list", PATH=str(tools))
    assert done.code == 0, done.err
    assert done.out.splitlines() == ["./.dstack/workflows.yaml", "./.gitignore", "./ignored"]


def test_links_are_copied_as_links(world: World, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    world.write("real", "x")
    for name, target in (("latest", "real"), ("dangling", "nowhere"), ("loop", ".")):
        (world.project / name).symlink_to(target)
    world.workflows(LIST.replace('"find', '"readlink latest dangling loop; exit; find'))
    assert world.wf("run", "list").out == "real\nnowhere\n.\n"


def test_modes_and_times_are_kept(world: World) -> None:
    world.workflows(LIST.replace('"find', '"./tool; stat -c %Y tool; exit; find'))
    tool = world.write("tool", "#!/bin/sh\necho works\n")
    tool.chmod(0o755)
    os.utime(tool, (1_000_000_000, 1_000_000_000))
    assert world.wf("run", "list").out == "works\n1000000000\n"


def test_pipes_in_the_project_are_left_out(world: World) -> None:
    world.workflows(LIST)
    os.mkfifo(world.project / "pipe")
    assert listed(world) == []


def test_files_with_odd_names_are_copied(repository: World) -> None:
    names = ["with space", "new\nline", "-rf", '"quoted"', "\N{SNOWMAN}"]
    for name in names:
        repository.write(name, "")
    repository.workflows("workflows:\n  - {name: list, provider: python, script: list.py}\n")
    repository.write("list.py", "import os\nprint(sorted(map(os.fsencode, os.listdir('.'))))\n")
    expected = sorted([*map(os.fsencode, names), b".dstack", b"list.py"])
    assert repository.wf("run", "list").out == f"{expected}\n"
    repository.git()
    assert repository.wf("run", "list").out == f"{expected}\n"


def test_a_name_that_is_no_text_is_copied_and_recorded(repository: World) -> None:
    with open(os.fsencode(repository.project) + b"/\xff.bin", "w", encoding="ascii"):
        pass
    subprocess.run(["git", "init", "-q"], cwd=repository.project, check=True)
    done = repository.wf("run", "list")
    assert done.code == 0
    assert repository.wf("show", "last", "--json").code == 0
    assert repository.wf("show", "last").code == 0


def test_edits_while_it_runs_do_not_reach_it(world: World) -> None:
    gate, ready = world.home / "gate", world.home / "ready"
    world.workflows("workflows:\n  - {name: train, provider: python, script: train.py}\n")
    world.write(
        "train.py",
        "import os, time\n"
        f"open({str(ready)!r}, 'w').close()\n"
        "for _ in range(3000):\n"
        f"    if os.path.exists({str(gate)!r}):\n"
        "        break\n"
        "    time.sleep(0.02)\n"
        "import helper\n"
        "print(helper.VALUE, os.path.exists('late.txt'))\n",
    )
    world.write("helper.py", "VALUE = 'as submitted'\n")
    run = world.start("run", "train")
    until(ready.exists, "a running job")
    world.write("helper.py", "VALUE = 'edited'\n")
    world.write("late.txt", "")
    gate.touch()
    assert run.wait(60) == 0
    assert world.wf("logs", "last").out == "as submitted False\n"


def test_edits_while_it_waits_do_not_reach_it(world: World) -> None:
    cores = len(os.sched_getaffinity(0))
    gate, ready = world.home / "gate", world.home / "ready"
    world.workflows(
        "workflows:\n"
        "  - name: hold\n"
        "    provider: bash\n"
        f"    resources: {{cpu: {cores}}}\n"
        f"    commands: [\"touch '{ready}'; for i in {{1..600}}; do [ -e '{gate}' ] && break; "
        'sleep 0.1; done"]\n'
        "  - name: read\n"
        "    provider: bash\n"
        f"    resources: {{cpu: {cores}}}\n"
        "    commands: [cat file]\n"
    )
    world.write("file", "as submitted\n")
    world.start("run", "hold")
    until(ready.exists, "a running job")
    waiting = world.start("run", "read")
    hear(waiting, b"waiting for")
    world.write("file", "edited\n")
    gate.touch()
    assert waiting.wait(60) == 0
    assert world.wf("logs", "last").out == "as submitted\n"


def test_what_the_job_writes_does_not_reach_the_project(repository: World) -> None:
    repository.write("file", "mine\n")
    repository.git()
    repository.workflows(
        LIST.replace('"find', '"echo theirs > file; touch new; rm .dstack/workflows.yaml; find')
    )
    before = {path: path.stat().st_mtime_ns for path in _all(repository.project)}
    assert repository.wf("run", "list").code == 0
    assert {path: path.stat().st_mtime_ns for path in _all(repository.project)} == before


@pytest.mark.parametrize("git", [False, True], ids=["plain", "git"])
@pytest.mark.parametrize(("state", "cache"), [("state", "cache"), (".", "."), ("state", ".")])
def test_the_state_folder_within_the_project_is_no_part_of_it(
    world: World, state: str, cache: str, *, git: bool
) -> None:
    """As it is when a home folder is the project, or WF_HOME lies below it, or is it."""
    world.workflows(LIST)
    world.write("file", "")
    if git:
        require("git", program("git"))
        world.git()
    world.variables["WF_HOME"] = str(world.project / state)
    world.variables["WF_CACHE"] = str(world.project / cache)
    for _ in range(2):
        done = world.wf("run", "list", timeout=60)
        assert done.code == 0, done.err
        assert done.out.splitlines() == ["./.dstack/workflows.yaml", "./file"]


def test_a_submodule_is_copied_as_the_folder_it_is(repository: World, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "module.py").write_text("")
    inner = ["-c", "protocol.file.allow=always"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=library, env=repository.variables, check=True)
    repository.git()
    add = ["git", *inner, "submodule", "add", "-q", str(library), "vendor"]
    subprocess.run(add, cwd=repository.project, env=repository.variables, check=True)
    assert "./vendor/module.py" in listed(repository)


def test_a_script_that_git_ignores_is_copied_and_that_is_said(repository: World) -> None:
    repository.write(".gitignore", "local.py\n")
    repository.workflows("workflows:\n  - {name: list, provider: python, script: local.py}\n")
    repository.write("local.py", "print('here')\n")
    repository.git()
    done = repository.wf("run", "list")
    assert (done.code, done.out) == (0, "here\n")
    assert "warning: `local.py` is ignored by git" in done.err


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if ".git" not in path.parts)
