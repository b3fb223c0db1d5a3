"""``wf ps``, ``wf show``, ``wf logs`` and ``wf rm``: what is known of runs, and forgetting it."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.conftest import World, make_world, until

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
workflows:
  - name: good
    provider: bash
    commands: [echo went well]
  - name: bad
    provider: bash
    commands: [echo went wrong >&2, exit 3]
  - name: long
    provider: bash
    commands:
      - echo begun
      - touch "$READY"
      - for i in {1..1200}; do [ -e "$GATE" ] && break; sleep 0.05; done
      - echo done
"""
ROW = {
    "name", "workflow", "executor", "status", "reason", "exit_code", "submitted_at", "started_at",
    "finished_at", "project", "fingerprint", "waiting", "progress"
}  # fmt: skip


@pytest.fixture
def project(world: World) -> World:
    world.workflows(FILE)
    return world


class Past(NamedTuple):
    """A project with two runs, which are looked at and left alone."""

    world: World
    first: str
    second: str


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    world = make_world(tmp_path_factory.mktemp("past"))
    world.workflows(FILE)
    return Past(world, *twice(world))


class Long:
    """A run that goes on until its gate is opened."""

    def __init__(self, world: World) -> None:
        self.gate = world.home / "gate"
        ready = world.home / "ready"
        before = set(world.runs())
        self.process = world.start("run", "long", GATE=str(self.gate), READY=str(ready))
        until(ready.exists, "a running job")
        (self.name,) = set(world.runs()) - before

    def end(self) -> None:
        self.gate.touch()
        assert self.process.wait(60) == 0


def twice(world: World) -> tuple[str, str]:
    """Run ``good``, then ``bad``; their names."""
    world.wf("run", "good")
    (first,) = world.runs()
    world.wf("run", "bad")
    (second,) = set(world.runs()) - {first}
    return first, second


# --- ps -----------------------------------------------------------------------------------------


def test_ps_before_anything_was_run(project: World) -> None:
    done = project.wf("ps")
    assert (done.code, done.out) == (0, "")
    assert "no runs yet" in done.err
    assert project.wf("ps", "--json").json() == []


def test_ps_shows_what_is_going_on(project: World) -> None:
    project.wf("run", "good")
    long = Long(project)
    lines = project.wf("ps").out.splitlines()
    assert lines[0].split() == ["RUN", "WORKFLOW", "WHERE", "STATUS", "TOOK", "AGE"]
    assert [line.split()[:4] for line in lines[1:]] == [[long.name, "long", "local", "running"]]
    long.end()
    assert project.wf("ps").out.splitlines()[1].split()[:4] == [
        long.name, "long", "local", "succeeded",
    ]  # fmt: skip


def test_ps_shows_all_newest_first(past: Past) -> None:
    project, first, second = past
    lines = [line.split() for line in project.wf("ps", "-a").out.splitlines()[1:]]
    assert [line[0] for line in lines] == [second, first]
    assert lines[0][3:5] == ["failed", "(3)"]
    assert lines[1][3] == "succeeded"


def test_ps_shows_the_newest_few(past: Past) -> None:
    project, first, second = past
    assert [row["name"] for row in project.wf("ps", "-n", "1", "--json").json()] == [second]
    assert [row["name"] for row in project.wf("ps", "-n", "9", "--json").json()] == [second, first]
    assert project.wf("ps", "-n", "many").code == 64


def test_ps_as_json(past: Past) -> None:
    project = past.world
    bad, good = project.wf("ps", "-a", "--json").json()
    assert set(bad) == set(good) == ROW
    assert (bad["workflow"], bad["status"], bad["reason"], bad["exit_code"]) == (
        "bad", "failed", "exit_code", 3,
    )  # fmt: skip
    assert good["submitted_at"] <= good["started_at"] <= good["finished_at"] <= bad["submitted_at"]


def test_ps_makes_a_lost_index_again(project: World) -> None:
    names = twice(project)
    before = project.wf("ps", "-a", "--json").json()
    for path in (project.home / "state").glob("index.sqlite*"):
        path.unlink()
    assert project.wf("ps", "-a", "--json").json() == before
    assert project.wf("show", project.beginning(names[0])).code == 0


def test_ps_says_what_to_do_about_a_broken_index(project: World) -> None:
    twice(project)
    index = project.home / "state" / "index.sqlite"
    for path in index.parent.glob("index.sqlite*"):
        path.unlink()
    index.write_bytes(b"not a database at all" * 100)
    done = project.wf("ps", "-a")
    assert done.code == 73
    assert "runs are safe in their folders" in done.err
    assert str(index) in done.err
    index.unlink()
    assert len(project.wf("ps", "-a", "--json").json()) == 2


def test_ps_leaves_an_index_of_a_newer_wf_alone(project: World) -> None:
    project.wf("run", "good")
    index = project.home / "state" / "index.sqlite"
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = project.wf("ps")
    assert done.code == 73
    assert "newer wf" in done.err


def test_ps_forgets_a_run_whose_folder_is_gone(project: World) -> None:
    first, second = twice(project)
    long = Long(project)
    shutil.rmtree(project.folder(first))
    for path in (project.home / "state").glob("index.sqlite*"):
        path.unlink()
    names = {row["name"] for row in project.wf("ps", "-a", "--json").json()}
    assert names == {second, long.name}
    long.end()


def test_ps_overlooks_what_is_being_removed(project: World) -> None:
    """As ``wf rm`` leaves it when it is killed in the middle."""
    project.wf("run", "good")
    (name,) = project.runs()
    shutil.copytree(project.folder(name), project.folder(f".{name}.removed"))
    for path in (project.home / "state").glob("index.sqlite*"):
        path.unlink()
    assert [row["name"] for row in project.wf("ps", "-a", "--json").json()] == [name]


@pytest.mark.parametrize("file", ["submitted.json", "state.json"])
@pytest.mark.parametrize("damage", ["", "{}", '{"status": "running"}', "\x00"])
def test_ps_is_not_stopped_by_one_damaged_folder(project: World, file: str, damage: str) -> None:
    first, second = twice(project)
    (project.folder(first) / file).write_text(damage)
    for path in (project.home / "state").glob("index.sqlite*"):
        path.unlink()
    done = project.wf("ps", "-a", "--json")
    assert done.code == 0, done.err
    assert second in {row["name"] for row in done.json()}
    shown = project.wf("show", first)
    # what a power cut leaves of a run's state is empty: that run is lost, and not forgotten
    cut = (file, damage) == ("state.json", "")
    assert shown.code in ({0} if cut else {64, 73})
    assert ("lost" in shown.out) is cut
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "file", ["manifest.json", "granted.json", "environment.json", "usage.json"]
)
def test_show_makes_do_with_what_is_left_of_a_damaged_folder(project: World, file: str) -> None:
    project.wf("run", "good")
    (name,) = project.runs()
    for damage in ("", "{", "[]", "{}", "\x00"):
        (project.folder(name) / file).write_text(damage)
        done = project.wf("show", "last")
        assert done.code == 0, done.err
        listed = project.wf("artifacts", "list", "last")
        assert listed.code == (73 if file == "manifest.json" else 0), listed.err


# --- show ---------------------------------------------------------------------------------------


def test_show(past: Past) -> None:
    project, first, second = past
    done = project.wf("show", first)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"● {first}   good   succeeded"
    said = {line[2:13].strip(): line[14:] for line in lines[1:]}
    assert said["end"] == "the job exited with 0"
    assert said["command"] == "echo went well"
    assert "submitted 20" in said["times"]
    assert "of processor time" in said["usage"]
    assert said["environment"].startswith("python 3.")
    assert said["source"] == "not a git repository"
    assert said["folder"] == str(project.folder(first))
    assert project.wf("show", second).out.splitlines()[0].endswith("failed")


def test_show_as_json_is_the_record(past: Past) -> None:
    project, name, _ = past
    document = project.wf("show", name, "--json").json()
    assert document["name"] == name
    assert document["schema_version"] == 1
    assert document["command"] == "echo went well"


def test_show_while_it_runs(project: World) -> None:
    long = Long(project)
    document = project.record()
    assert (document["status"], document["finished_at"], document["usage"]) == (
        "running", None, None,
    )  # fmt: skip
    assert project.wf("show", "last").code == 0
    long.end()


def test_a_run_is_found_by_what_is_unique_of_its_name(past: Past) -> None:
    project, first, second = past
    shared = 0
    while first[shared] == second[shared]:
        shared += 1
    assert project.record(first[: shared + 1])["name"] == first
    assert project.record(second[: shared + 1])["name"] == second
    assert project.record("last")["name"] == second


def test_a_name_that_fits_several_is_refused_and_they_are_named(project: World) -> None:
    project.wf("run", "good")
    (name,) = project.runs()
    twin = name[:-1] + "2"
    shutil.copytree(project.folder(name), project.folder(twin))
    for path in (project.home / "state").glob("index.sqlite*"):
        path.unlink()
    done = project.wf("show", name[:-1])
    assert done.code == 64
    assert f"fits more than one run: {name}, {twin}" in done.err
    # a whole name is never taken for the beginning of another
    assert project.record(name)["name"] == name


@pytest.mark.parametrize("verb", [("show",), ("logs",), ("rm",), ("artifacts", "list")])
@pytest.mark.parametrize("word", ["nothing-here-1", "../state", ".", "%", "/etc"])
def test_a_run_that_is_not_there(past: Past, verb: tuple[str, ...], word: str) -> None:
    project = past.world
    done = project.wf(*verb, word)
    assert done.code == 64
    assert f"there is no run `{word}`" in done.err
    assert "hint: `wf ps -a` lists all runs" in done.err
    assert len(project.runs()) == 2


def test_an_empty_word_is_no_beginning_of_a_name(project: World) -> None:
    """``wf rm "$RUN"`` where RUN is not set must not remove the only run there is."""
    project.wf("run", "good")
    assert project.wf("rm", "").code == 64
    assert len(project.runs()) == 1


def test_last_before_anything_was_run(project: World) -> None:
    done = project.wf("show", "last")
    assert done.code == 64
    assert "there is no run yet" in done.err


# --- logs ---------------------------------------------------------------------------------------


def test_logs_are_the_jobs_bytes(past: Past) -> None:
    project, good, bad = past
    done = project.wf("logs", good)
    assert (done.code, done.out, done.err) == (0, "went well\n", "")
    assert project.wf("logs", bad).out == "went wrong\n"


def test_logs_as_json(past: Past) -> None:
    project, name, _ = past
    document = project.wf("logs", name, "--json").json()
    assert document == {"run": name, "log": "went well\n", "offset": 0, "size": 10}


def test_logs_follow_until_the_end(project: World) -> None:
    import subprocess

    long = Long(project)
    follower = subprocess.Popen(
        project.argv("logs", "-f", "last"),
        cwd=project.project,
        env=project.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    project.started.append(follower)
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"begun\n"
    assert follower.poll() is None
    long.end()
    rest, _ = follower.communicate(timeout=60)
    assert rest == b"done\n"
    assert follower.returncode == 0


def test_logs_of_a_run_that_is_over_end_at_once(project: World) -> None:
    project.wf("run", "good")
    assert project.wf("logs", "-f", "last").out == "went well\n"


def test_logs_of_what_never_started_are_what_the_installer_said(project: World) -> None:
    project.workflows(FILE + "    python: '3.30'\n")
    done = project.wf("run", "long", UV_PYTHON_DOWNLOADS="never", READY="/", GATE="/")
    assert done.code == 69
    assert "3.30" in project.wf("logs", "last").out


def test_logs_that_are_no_text_pass_untouched(world: World) -> None:
    import subprocess

    world.workflows(
        "workflows:\n  - name: raw\n    provider: bash\n"
        "    commands: [\"printf '\\\\377\\\\000\\\\033[31m\\\\r\\\\n'\"]\n"
    )
    world.wf("run", "raw")
    done = subprocess.run(
        world.argv("logs", "last"), cwd=world.project, env=world.variables,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == b"\xff\x00\x1b[31m\r\n"
    assert "\N{REPLACEMENT CHARACTER}" in world.wf("logs", "last", "--json").json()["log"]


# --- rm -----------------------------------------------------------------------------------------


def test_rm_forgets_a_run_and_all_it_left(project: World) -> None:
    first, second = twice(project)
    done = project.wf("rm", first)
    assert (done.code, done.out) == (0, "")
    assert f"removed {first}" in done.err
    assert project.runs() == [second]
    assert [row["name"] for row in project.wf("ps", "-a", "--json").json()] == [second]
    assert project.wf("show", first).code == 64


def test_rm_takes_several(project: World) -> None:
    first, second = twice(project)
    assert project.wf("rm", first, second, "last").code == 0
    assert project.runs() == []


def test_rm_removes_none_if_one_is_not_there(project: World) -> None:
    names = twice(project)
    assert project.wf("rm", names[0], "nothing-1").code == 64
    assert project.runs() == sorted(names)


def test_rm_refuses_a_run_that_is_going_on(project: World) -> None:
    long = Long(project)
    done = project.wf("rm", long.name)
    assert done.code == 64
    assert f"{long.name} is still running" in done.err
    assert "hint:" in done.err
    assert project.runs() == [long.name]
    long.end()
    assert project.wf("rm", long.name).code == 0


def test_rm_does_not_follow_links(project: World, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "x").write_text("")
    project.workflows(
        "workflows:\n  - name: job\n    provider: bash\n    artifacts: [model]\n"
        f"    commands: ['ln -s {precious} model/out']\n"
    )
    project.wf("run", "job")
    assert project.wf("rm", "last").code == 0
    assert (precious / "x").exists()


def test_a_name_is_free_again_and_last_is_what_is_left(project: World) -> None:
    first, second = twice(project)
    project.wf("rm", second)
    assert project.record("last")["name"] == first


# --- phases -------------------------------------------------------------------------------------


def test_phases_that_a_job_reports_stand_on_the_record(world: World) -> None:
    world.workflows(
        "workflows:\n"
        "  - name: train\n"
        "    provider: bash\n"
        "    commands:\n"
        "      - |\n"
        '        printf "%s\\n" "phase: fit 2.5 s, 100 samples" "seed 42" \\\n'
        '          "phase: test 0.125 s" "phase: fit 1.5 s, 60 samples" >> "$WF_NOTES"\n'
    )
    done = world.wf("run", "train")
    assert "note: seed 42" in done.err
    assert "phase:" not in done.err
    record = world.record()
    assert record["notes"] == ["seed 42"]
    assert list(record["phases"]) == ["environment", "wait", "fit", "test", "collection"]
    assert record["phases"]["fit"] == 4.0
    assert record["phases"]["test"] == 0.125
    assert all(seconds >= 0 for seconds in record["phases"].values())
    assert record["samples"] == {"fit": 160}
    (line,) = (
        line for line in world.wf("show", "last").out.splitlines() if line.startswith("  phases ")
    )
    assert "fit 4.0s (160 samples, 40/s) · test 0.12s · collection" in line


def test_there_are_no_phases_before_a_run_is_over(project: World) -> None:
    long = Long(project)
    record = project.record(long.name)
    assert (record["phases"], record["samples"]) == (None, None)
    long.end()
    assert list(project.record(long.name)["phases"]) == ["environment", "wait", "collection"]
    assert "\n  phases " not in project.wf("show", long.name).out
