"""``wf run --locked RUN``: source, variables and environment of a former run once more."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import program, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

pytestmark = pytest.mark.integration

WORKFLOWS = """\
workflows:
  - name: train
    provider: bash
    commands:
      - echo "$GREETING ${{ size }}" ${{ run.args }}
      - for f in $(ls -A); do if test -f $f; then printf '%s ' $f; cat $f; fi; done
      - cp code.txt model/
    artifacts: [model]
"""


@pytest.fixture
def project(world: World) -> World:
    """A repository with one commit."""
    require("git", program("git"))
    world.workflows(WORKFLOWS)
    world.write(".dstack/variables.yaml", "variables:\n  global:\n    size: small\n")
    world.write("code.txt", "first\n")
    world.write(".gitignore", "ignored*\n")
    world.git()
    return world


def git(world: World, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=world.project, env=world.variables, check=True, capture_output=True
    )
    return done.stdout.decode()


def ran(world: World, *words: str) -> tuple[str, Any]:
    """The output and the record of a run."""
    done = world.wf("run", *words)
    assert done.code == 0, done.err
    return done.out, world.record()


def same(world: World, former: tuple[str, Any], *words: str) -> Result:
    """Repeat a run: what it comes to is the same, and it counts as the same."""
    out, record = former
    done = world.wf("run", "--locked", record["name"], *words)
    assert (done.code, done.out) == (0, out), done.err
    again = world.record()
    for key in ("workflow", "command", "fingerprint", "variables", "source", "artifacts"):
        assert again[key] == record[key], key
    assert again["environment"]["locked"] == record["name"]
    assert left_over(world) == []
    return done


def left_over(world: World) -> list[str]:
    folder = world.home / "state" / "submissions"
    return os.listdir(folder) if folder.exists() else []


def refused(world: World, run: str, code: int = 69) -> str:
    """Nothing is run, and nothing stays."""
    before = world.runs()
    done = world.wf("run", "--locked", run)
    assert done.code == code, done.err
    assert world.runs() == before
    assert left_over(world) == []
    return done.err


def test_what_was_committed_comes_from_its_commit(project: World) -> None:
    former = ran(project, "train", "-e", "GREETING=hi", "--size", "large", "--", "a b")
    assert former[0].startswith("hi large a b\n")
    project.write("code.txt", "second\n")
    project.write("new.txt", "new\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "another state of things")
    done = same(project, former)
    name = former[1]["name"]
    said = f"the code is what {name} had; the project differs: 2 files: code.txt, new.txt (new)"
    assert said in done.err
    planned = project.wf("plan", "--locked", name)
    assert said in planned.err
    assert left_over(project) == []


def test_uncommitted_changes_of_every_kind_come_back(project: World) -> None:
    project.write("gone.txt", "to be deleted\n")
    project.write("moved.txt", "stays the same, line by line\n" * 20)
    (project.project / "data.bin").write_bytes(bytes(range(256)) * 40)
    (project.project / "link").symlink_to("code.txt")
    project.write("tool.sh", "echo tool\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "more files")
    # changed, deleted, moved, executable, another link, another binary: nothing of it committed
    project.write("code.txt", "changed\n")
    (project.project / "gone.txt").unlink()
    (project.project / "moved.txt").rename(project.project / "renamed.txt")
    git(project, "add", "-A")
    (project.project / "data.bin").write_bytes(bytes(reversed(range(256))) * 40)
    (project.project / "link").unlink()
    (project.project / "link").symlink_to("renamed.txt")
    (project.project / "tool.sh").chmod(0o755)
    project.workflows(
        WORKFLOWS.replace(
            "commands:\n",
            "commands:\n      - ls -F; readlink link; cksum data.bin\n",
        )
    )
    former = ran(project, "train")
    assert "tool.sh*" in former[0]
    assert "gone.txt" not in former[0]
    git(project, "reset", "-q", "--hard")
    same(project, former)


def test_untracked_files_are_taken_while_they_are_what_they_were(project: World) -> None:
    project.write("new.txt", "never committed\n")
    former = ran(project, "train")
    project.write("other.txt", "made since\n")
    project.write("code.txt", "changed since\n")
    same(project, former)
    project.write("new.txt", "changed\n")
    said = refused(project, former[1]["name"])
    assert f"the source of {former[1]['name']} cannot be had again: 1 file changed since" in said
    assert "│ new.txt" in said
    assert f"--packages-of {former[1]['name']}" in said


def test_what_was_committed_later_is_found_there(project: World) -> None:
    project.write("new.txt", "not yet committed\n")
    former = ran(project, "train")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "the new file")
    project.write("new.txt", "and changed\n")
    git(project, "commit", "-qam", "changed")
    same(project, former)


def test_a_commit_that_was_rebased_away_is_not_missed(project: World) -> None:
    project.write("code.txt", "second\n")
    git(project, "commit", "-qam", "second")
    former = ran(project, "train")
    commit = former[1]["source"]["commit"]
    # the same files in another commit, and then others
    git(project, "commit", "-q", "--amend", "-m", "in other words")
    project.write("code.txt", "third\n")
    git(project, "commit", "-qam", "third")
    for words in (["reflog", "expire", "--expire=now", "--all"], ["gc", "-q", "--prune=now"]):
        git(project, *words)
    assert subprocess.run(
        ["git", "cat-file", "-e", commit], cwd=project.project, check=False, capture_output=True
    ).returncode
    same(project, former)
    # but what was never committed went with it
    project.write("code.txt", "never committed\n")
    lost = ran(project, "train")
    project.write("code.txt", "fourth\n")
    git(project, "commit", "-qam", "fourth")
    same(project, lost)  # the commit is still there, and the changes are known
    git(project, "checkout", "-q", "--orphan", "anew")
    git(project, "commit", "-qm", "one commit of all")
    git(project, "branch", "-qD", "main")
    for words in (["reflog", "expire", "--expire=now", "--all"], ["gc", "-q", "--prune=now"]):
        git(project, *words)
    said = refused(project, lost[1]["name"])
    assert "│ code.txt" in said
    assert f"the commit {lost[1]['source']['commit'][:10]} is gone" in said


def test_without_git_the_project_must_be_what_it_was(world: World) -> None:
    world.workflows(WORKFLOWS.replace(" ${{ size }}", ""))
    world.write("code.txt", "first\n")
    former = ran(world, "train")
    world.write("new.txt", "new\n")
    (world.project / "code.txt").chmod(0o755)
    same(world, former)
    world.write("code.txt", "second\n")
    (world.project / "new.txt").unlink()
    said = refused(world, former[1]["name"])
    assert "│ code.txt" in said
    assert "commit" not in said.replace("in no commit", "")


def test_workflow_files_and_variables_files_are_those_of_then(project: World) -> None:
    former = ran(project, "train")
    project.workflows("workflows:\n  - name: other\n    provider: bash\n    commands: [echo no]\n")
    project.write(".dstack/variables.yaml", "variables:\n  global:\n    size: huge\n")
    git(project, "commit", "-qam", "another workflow")
    same(project, former)


def test_what_is_chosen_anew_wins(project: World) -> None:
    former = ran(project, "train", "-e", "GREETING=hi", "-e", "MORE=1", "--", "words")
    name = former[1]["name"]
    out, record = ran(project, "--locked", name, "-e", "GREETING=ho", "--size", "tiny")
    assert out.startswith("ho tiny words\n")
    assert record["variables"] == {"GREETING": "ho", "MORE": "1", "size": "tiny"}
    assert record["fingerprint"]["variables"] != former[1]["fingerprint"]["variables"]


def test_a_variable_that_was_passed_on_is_wanted_again(project: World) -> None:
    project.variables["GREETING"] = "from outside"
    former = ran(project, "train", "-e", "GREETING")
    assert former[0].startswith("from outside small\n")
    assert "from outside" not in (project.folder(former[1]["name"]) / "submitted.json").read_text()
    project.variables["GREETING"] = "another time"
    out, _ = ran(project, "--locked", former[1]["name"])
    assert out.startswith("another time small\n")
    del project.variables["GREETING"]
    said = refused(project, former[1]["name"], 64)
    assert "`GREETING` has no value" in said


def test_it_goes_from_any_folder_and_from_a_clone(project: World, tmp_path: Path) -> None:
    former = ran(project, "train")
    name = former[1]["name"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own, project.project = project.project, elsewhere
    same(project, former)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", own, clone], check=True, env=project.variables)
    shutil.rmtree(own)
    said = refused(project, name)
    assert f"the project of {name} is gone: {own}" in said
    project.project = clone
    project.write("code.txt", "changed in the clone\n")
    same(project, former)


def test_a_project_below_the_top_of_a_repository(project: World) -> None:
    top = project.project
    (top / "sub").mkdir()
    project.project = top / "sub"
    project.workflows(WORKFLOWS.replace(" ${{ size }}", ""))
    project.write("code.txt", "below\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "below")
    project.write("code.txt", "below, changed\n")
    former = ran(project, "train")
    git(project, "reset", "-q", "--hard")
    same(project, former)


def test_line_ends_come_back_as_they_were(project: World) -> None:
    project.write(".gitattributes", "*.txt text eol=crlf\n")
    (project.project / "code.txt").write_bytes(b"one\r\ntwo\r\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "with line ends of another system")
    (project.project / "code.txt").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    former = ran(project, "train")
    (project.project / "code.txt").write_bytes(b"")
    same(project, former)


def test_an_ignored_script_is_code_all_the_same(project: World) -> None:
    project.workflows("workflows:\n  - name: train\n    provider: python\n    script: ignored.py\n")
    project.write("ignored.py", "print('ignored')\n")
    former = ran(project, "train")
    project.write("code.txt", "changed since\n")
    done = project.wf("run", "--locked", former[1]["name"])
    assert (done.code, done.out) == (0, "ignored\n"), done.err
    project.write("ignored.py", "print('changed')\n")
    assert "│ ignored.py" in refused(project, former[1]["name"])


def test_what_it_depended_on_is_the_same_run(project: World) -> None:
    project.workflows(
        WORKFLOWS.replace("artifacts:", "depends-on: [prepare]\n    artifacts:")
        + "  - name: prepare\n    provider: bash\n    commands: [date +%N > data/now]\n"
        "    artifacts: [data]\n"
    )
    git(project, "commit", "-qam", "with data")
    former = ran(project, "train")
    (given,) = former[1]["dependencies"]
    project.write("code.txt", "changed since\n")
    assert project.wf("run", "train").code == 0  # which makes another one
    same(project, former)
    assert project.record()["dependencies"] == [given]
    # else it is made anew, from the same code
    assert project.wf("rm", given["run"]).code == 0
    done = project.wf("run", "--locked", former[1]["name"])
    assert done.code == 0, done.err
    again = project.record()
    assert again["dependencies"][0]["run"] != given["run"]
    assert again["fingerprint"] == former[1]["fingerprint"]


def test_a_run_that_was_repeated_can_be_reused(project: World) -> None:
    former = ran(project, "train")
    project.write("code.txt", "changed since\n")
    same(project, former)
    again = project.record()["name"]
    git(project, "checkout", "-q", "code.txt")
    project.workflows(
        WORKFLOWS + "  - name: after\n    provider: bash\n    depends-on: [train]\n"
        "    commands: [cat model/code.txt]\n"
    )
    jobs = project.wf("plan", "after", "--json").json()["jobs"]
    assert (jobs[0]["action"], jobs[0]["run"]) == ("reuse", again)


def test_in_the_background_the_copy_goes_with_the_last_that_needs_it(project: World) -> None:
    project.workflows(
        WORKFLOWS.replace("artifacts:", "depends-on: [prepare]\n    artifacts:")
        + "  - name: prepare\n    provider: bash\n    commands: [cp code.txt data/]\n"
        "    artifacts: [data]\n"
    )
    git(project, "commit", "-qam", "with data")
    former = ran(project, "train")[1]
    project.write("code.txt", "changed since\n")
    for words in ([], ["--fresh"]):
        done = project.wf("run", "--locked", former["name"], "-d", *words)
        assert done.code == 0, done.err
        name = done.out.strip()
        assert project.wf("wait", name).code == 0
        until(lambda: not left_over(project), "the end of the copy")
        again = project.record(name)
        assert again["fingerprint"] == former["fingerprint"]
        assert (project.folder(name) / "artifacts/model/code.txt").read_text() == "first\n"


def test_another_workflow_in_the_source_of_a_run(project: World) -> None:
    project.workflows(
        WORKFLOWS + "  - name: other\n    provider: bash\n    commands: [cat code.txt]\n"
    )
    git(project, "commit", "-qam", "another workflow")
    former = ran(project, "train", "-e", "GREETING=hi", "--size", "large")
    project.write("code.txt", "changed since\n")
    out, record = ran(project, "other", "--locked", former[1]["name"])
    assert out == "first\n"
    assert record["variables"] == {"size": "small"}
    assert record["source"] == former[1]["source"]


def test_its_environment_alone_leaves_the_code_as_it_is(project: World) -> None:
    former = ran(project, "train")
    project.write("code.txt", "changed since\n")
    out, record = ran(project, "train", "--packages-of", former[1]["name"])
    assert "changed since" in out
    assert record["environment"]["locked"] == former[1]["name"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--packages-of", "last"], "--packages-of beside --locked"),
        (["--file", "x.yaml"], "--file beside --locked"),
        (["--python", "3.11"], "--python asks for another environment than --locked"),
        (["--all"], "`--locked` is for one workflow"),
    ],
)
def test_what_does_not_go_with_it_is_said(project: World, words: list[str], said: str) -> None:
    ran(project, "train")
    done = project.wf("run", "--locked", "last", *words)
    assert done.code == 64
    assert said in done.err


def test_a_run_of_an_older_version_says_so(project: World) -> None:
    _, record = ran(project, "train")
    submitted = project.folder(record["name"]) / "submitted.json"
    text = submitted.read_text().replace('"asked": {', '"said": {')
    submitted.write_text(text)
    said = refused(project, record["name"], 64)
    assert f"it is not on the record of {record['name']} what was asked for" in said


def test_a_run_whose_code_changed_while_it_was_copied_says_so(project: World) -> None:
    _, record = ran(project, "train")
    (project.folder(record["name"]) / "code.json").unlink()
    said = refused(project, record["name"], 64)
    assert f"it is not known what the code of {record['name']} was" in said


def test_the_repository_is_not_touched(project: World) -> None:
    project.write("code.txt", "uncommitted\n")
    former = ran(project, "train")
    git(project, "stash", "-q")

    def state() -> dict[str, bytes]:
        found = (project.project / ".git").rglob("*")
        return {str(path): path.read_bytes() for path in found if path.is_file()}

    before = state()
    same(project, former)
    assert state() == before


def test_files_that_are_no_code_come_as_they_are(project: World) -> None:
    """`repo.include` says what the code is; all else is there as it is now."""
    project.workflows(
        "workflows:\n  - name: train\n    provider: bash\n    commands: [cat src/code notes.txt]\n"
        "    depends-on: {repo: {include: [src]}}\n"
    )
    project.write("src/code", "code of then\n")
    project.write("notes.txt", "notes of then\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "notes")
    former = ran(project, "train")
    project.write("src/code", "code of now\n")
    project.write("src/new", "new\n")
    project.write("notes.txt", "notes of now\n")
    done = project.wf("run", "--locked", former[1]["name"])
    assert (done.code, done.out) == (0, "code of then\nnotes of now\n"), done.err
    assert project.record()["fingerprint"] == former[1]["fingerprint"]
    assert "2 files: src/code, src/new (new)" in done.err
