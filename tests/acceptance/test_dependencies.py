"""Workflows that need each other: what is run, what is reused, and what a job is given."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from tests.conftest import Result, World

CHAIN = """\
workflows:
  - name: train
    provider: bash
    depends-on: [prepare]
    commands: [cat data/words, data/tool, ls -l data, cp data/words model/words]
    artifacts: [model]
  - name: prepare
    provider: bash
    commands:
      - printf '#!/bin/sh\\necho tool speaks\\n' > data/tool
      - chmod 755 data/tool
      - ln -s tool data/link
      - mkdir data/empty
      - cat words.txt > data/words
    artifacts: [data]
"""
DIAMOND = """\
workflows:
  - name: join
    provider: bash
    depends-on: [left, right]
    commands: [cat l/a r/a]
  - name: left
    provider: bash
    depends-on: [base]
    commands: [cp b/a l/a]
    artifacts: [l]
    resources: {cpu: 1}
  - name: right
    provider: bash
    depends-on: [base]
    commands: [cp b/a r/a]
    artifacts: [r]
    resources: {cpu: 1}
  - name: base
    provider: bash
    commands: [echo shared > b/a]
    artifacts: [b]
"""


@pytest.fixture
def chain(world: World) -> World:
    """A project in which `train` depends on `prepare`."""
    world.workflows(CHAIN)
    world.write("words.txt", "hello\n")
    return world


def listed(world: World) -> list[str]:
    """The workflows of all runs, oldest first."""
    return [run["workflow"] for run in reversed(world.wf("ps", "-a", "--json").json())]


def plan(world: World, *words: str) -> list[tuple[str, str, str]]:
    """What would be done, and why."""
    jobs = world.wf("plan", *words, "--json").json()["jobs"]
    return [(job["workflow"], job["action"], job["reason"]) for job in jobs]


def ok(done: Result) -> Result:
    assert done.code == 0, done.err
    return done


# --- chains and diamonds --------------------------------------------------------------------------


def test_what_a_workflow_needs_is_run_first_and_its_artifacts_are_there(chain: World) -> None:
    done = ok(chain.wf("run", "train"))
    assert listed(chain) == ["prepare", "train"]
    assert done.out.startswith("hello\ntool speaks\n")
    assert "link -> tool" in done.out
    assert "empty" in done.out
    record = chain.record()
    prepared = chain.wf("ps", "-a", "--json").json()[1]["name"]
    assert record["dependencies"] == [
        {
            "workflow": "prepare",
            "run": prepared,
            "mode": "run",
            "tag": None,
            "artifacts": ["data"],
        }
    ]
    assert record["artifacts"][0]["files"] == 1


def test_where_it_runs_is_where_what_it_needs_runs(chain: World) -> None:
    for executor in ("docker", "local"):
        planned = chain.wf("plan", "train", "--executor", executor, "--json").json()
        assert [job["executor"] for job in planned["jobs"]] == [executor, executor]


def test_a_shared_dependency_is_run_once(world: World) -> None:
    world.workflows(DIAMOND)
    done = ok(world.wf("run", "join"))
    assert done.out.endswith("shared\nshared\n")
    assert sorted(listed(world)) == ["base", "join", "left", "right"]
    assert listed(world)[0] == "base"


def test_one_job_at_a_time_streams_each(world: World) -> None:
    world.workflows(DIAMOND.replace("cp b/a l/a", "cp b/a l/a; echo left speaks"))
    done = ok(world.wf("run", "join", "--parallel", "1"))
    assert done.out == "left speaks\nshared\nshared\n"


def test_a_failed_dependency_ends_the_run_with_its_code(chain: World) -> None:
    chain.workflows(CHAIN.replace("cat words.txt > data/words", "exit 7"))
    done = chain.wf("run", "train")
    assert done.code == 7
    assert re.search(r"train +skipped: prepare failed", done.err)
    assert listed(chain) == ["prepare"]
    again = chain.wf("run", "train", "--json")
    assert (again.json()["workflow"], again.json()["status"]) == ("prepare", "failed")


def test_what_a_failed_job_left_is_never_reused(chain: World) -> None:
    chain.workflows(CHAIN.replace("cat words.txt > data/words", "exit 7"))
    chain.wf("run", "prepare")
    assert plan(chain, "train")[0][1] == "run"


# --- reuse ----------------------------------------------------------------------------------------


def test_a_run_that_was_the_same_is_reused(chain: World) -> None:
    ok(chain.wf("run", "train"))
    first = chain.wf("ps", "-a", "--json").json()[1]["name"]
    same = f"same code, variables, environment and inputs as {first}"
    assert plan(chain, "train") == [("prepare", "reuse", same), ("train", "run", "asked for")]
    done = ok(chain.wf("run", "train"))
    assert listed(chain) == ["prepare", "train", "train"]
    assert f"reused: {same}" in done.err
    assert done.out.startswith("hello\n")


def test_a_run_of_its_own_can_be_reused_later(chain: World) -> None:
    ok(chain.wf("run", "prepare"))
    ok(chain.wf("run", "train"))
    assert listed(chain) == ["prepare", "train"]


def test_fresh_runs_all_of_it_again(chain: World) -> None:
    ok(chain.wf("run", "train"))
    assert plan(chain, "train", "--fresh")[0] == ("prepare", "run", "nothing is reused (--fresh)")
    ok(chain.wf("run", "train", "--fresh"))
    assert listed(chain) == ["prepare", "train", "prepare", "train"]


@pytest.mark.parametrize("in_git", [True, False])
def test_a_change_of_code_is_told_and_runs_it_again(chain: World, in_git: bool) -> None:  # noqa: FBT001
    if in_git:
        chain.git()
    ok(chain.wf("run", "train"))
    first = chain.wf("ps", "-a", "--json").json()[1]["name"]
    chain.write("words.txt", "other\n")
    assert plan(chain, "train")[0] == (
        "prepare", "run", f"code changed since {first} (words.txt)",
    )  # fmt: skip
    assert ok(chain.wf("run", "train")).out.startswith("other\n")
    # and what was there at first is found again
    chain.write("words.txt", "hello\n")
    assert plan(chain, "train")[0][1] == "reuse"


def test_an_execute_bit_is_a_change_too(chain: World) -> None:
    ok(chain.wf("run", "train"))
    (chain.project / "words.txt").chmod(0o755)
    assert "(words.txt)" in plan(chain, "train")[0][2]


def test_a_change_to_another_workflow_of_the_file_is_none(chain: World) -> None:
    ok(chain.wf("run", "train"))
    chain.workflows(CHAIN.replace("[model]", "[model, other]"))
    assert plan(chain, "train")[0][1] == "reuse"


def test_only_the_code_that_is_included_counts(chain: World) -> None:
    include = "  - name: prepare\n    depends-on: {repo: {include: [words.txt]}}\n"
    chain.workflows(CHAIN.replace("  - name: prepare\n", include))
    ok(chain.wf("run", "train"))
    chain.write("README.md", "nothing that counts\n")
    assert plan(chain, "train")[0][:2] == ("prepare", "reuse")
    chain.write("words.txt", "other\n")
    assert plan(chain, "train")[0][:2] == ("prepare", "run")


def test_artifacts_that_are_gone_are_made_again(chain: World) -> None:
    ok(chain.wf("run", "train"))
    first = chain.wf("ps", "-a", "--json").json()[1]["name"]
    (chain.folder(first) / "artifacts" / "data" / "words").unlink()
    assert plan(chain, "train")[0] == ("prepare", "run", f"the artifacts of {first} are gone")
    ok(chain.wf("run", "train"))


def test_the_index_can_be_lost(chain: World) -> None:
    ok(chain.wf("run", "train"))
    for path in Path(chain.variables["WF_HOME"]).glob("index.sqlite*"):
        path.unlink()
    assert plan(chain, "train")[0][1] == "reuse"


# --- what a job is given --------------------------------------------------------------------------


def test_inputs_are_files_of_their_own(chain: World) -> None:
    spoiling = "stat -c 'names %h' data/words, echo spoilt > data/words, cat data/words,"
    chain.workflows(CHAIN.replace("cat data/words,", spoiling))
    assert "names 1\nspoilt\n" in ok(chain.wf("run", "train")).out
    first = chain.wf("ps", "-a", "--json").json()[1]["name"]
    kept = chain.folder(first) / "artifacts" / "data"
    assert (kept / "words").read_text() == "hello\n"
    assert plan(chain, "train")[0][1] == "reuse"


def test_inputs_take_the_place_of_the_projects_own_files(chain: World) -> None:
    chain.write("data/words", "the project's own\n")
    chain.write("data/more", "stays\n")
    chain.workflows(CHAIN.replace("ls -l data", "cat data/more"))
    done = ok(chain.wf("run", "train"))
    assert done.out == "hello\ntool speaks\nstays\n"
    assert (chain.project / "data" / "words").read_text() == "the project's own\n"


def test_inputs_are_not_written_through_a_link_of_the_project(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    world.workflows("""\
workflows:
  - {name: make, provider: bash, commands: [echo made > d/x], artifacts: [d]}
  - {name: look, provider: bash, deps: [make], commands: [cat d/x]}
""")
    ok(world.wf("run", "make"))
    os.symlink(outside, world.project / "d")
    assert ok(world.wf("run", "look")).out == "made\n"
    assert list(outside.iterdir()) == []


def test_two_inputs_at_one_path_are_told(world: World) -> None:
    world.workflows("""\
workflows:
  - {name: a, provider: bash, commands: [echo a > d/x, echo a > d/a], artifacts: [d]}
  - {name: b, provider: bash, commands: [echo b > d/x], artifacts: [d]}
  - {name: c, provider: bash, depends-on: [a, b], commands: [cat d/x d/a]}
""")
    done = ok(world.wf("run", "c"))
    assert done.out == "b\na\n"
    assert "warning: `d` comes from" in done.err


def test_inputs_lie_below_the_working_directory_of_who_needs_them(world: World) -> None:
    world.workflows("""\
workflows:
  - {name: a, provider: bash, working_dir: one, commands: [echo a > d/x], artifacts: [d]}
  - {name: b, provider: bash, working_dir: two, depends-on: [a], commands: [cat d/x]}
""")
    world.write("one/keep", "")
    world.write("two/keep", "")
    assert ok(world.wf("run", "b")).out == "a\n"


def test_edits_made_meanwhile_do_not_reach_later_jobs(world: World, tmp_path: Path) -> None:
    world.workflows("""\
workflows:
  - name: first
    provider: bash
    commands: ['until test -e "$GO"; do sleep 0.05; done']
  - {name: second, provider: bash, depends-on: [first], commands: [cat words.txt]}
""")
    world.write("words.txt", "as submitted\n")
    run = world.start("run", "second", "-e", "X=1", GO=str(tmp_path / "go"))
    world.running()
    world.write("words.txt", "edited\n")
    (tmp_path / "go").touch()
    assert run.wait(60) == 0
    assert world.wf("logs", "last").out == "as submitted\n"
    assert list((Path(world.variables["WF_HOME"]) / "submissions").iterdir()) == []


# --- deps and tags --------------------------------------------------------------------------------

LAST = """\
workflows:
  - {name: make, provider: bash, commands: [echo $RUN_NAME > d/x], artifacts: [d]}
  - {name: use, provider: bash, deps: [make], commands: [cat d/x]}
  - {name: tagged, provider: bash, deps: [':best'], commands: [cat d/x]}
  - {name: both, provider: bash, depends-on: ['make:best'], commands: [cat d/x]}
"""


def test_deps_take_the_last_run_and_never_run_it(world: World) -> None:
    world.workflows(LAST)
    done = world.wf("run", "use")
    assert done.code == 69
    assert "workflows.yaml:3:" in done.err
    assert "`wf run make` makes one" in done.err
    assert world.runs() == []
    ok(world.wf("run", "make"))
    ok(world.wf("run", "make"))
    newest = world.wf("ps", "--json").json()[0]["name"]
    assert ok(world.wf("run", "use")).out == f"{newest}\n"
    assert world.record()["dependencies"][0]["mode"] == "last"
    assert world.wf("validate").code == 0


def test_another_project_has_its_own_last_run(world: World, tmp_path: Path) -> None:
    world.workflows(LAST)
    ok(world.wf("run", "make"))
    other = type(world)(world.home, tmp_path / "other", world.variables)
    other.workflows(LAST)
    assert other.wf("run", "use").code == 69


def test_a_tag_chooses_the_run(world: World) -> None:
    world.workflows(LAST)
    assert "no run carries the tag `best`" in world.wf("run", "tagged").err
    ok(world.wf("run", "make", "-t", "best"))
    best = world.record()["name"]
    ok(world.wf("run", "make"))
    for name in ("tagged", "both"):
        assert ok(world.wf("run", name)).out == f"{best}\n"
        (given,) = world.record()["dependencies"]
        assert (given["mode"], given["tag"], given["run"]) == ("tag", "best", best)


# --- mistakes -------------------------------------------------------------------------------------


def test_mistakes_are_found_before_anything_runs(world: World) -> None:
    world.workflows("""\
workflows:
  - {name: a, provider: bash, depends-on: [b], commands: ls}
  - {name: b, provider: bash, depends-on: [a], commands: ls}
  - {name: c, provider: bash, depends-on: [d1], commands: ls}
  - {name: d, provider: bash, commands: ls}
""")
    for words in (("validate",), ("run", "d"), ("plan", "d")):
        done = world.wf(*words)
        assert done.code == 65
        assert "a -> b -> a" in done.err
        assert ":3:44:" in done.err
        assert "there is no workflow `d1`" in done.err
        assert "did you mean `d`?" in done.err
    assert world.runs() == []


def test_over_several_files(world: World) -> None:
    world.workflows("workflows: [{name: a, provider: bash, depends-on: [b], commands: echo a}]")
    world.write(
        ".dstack/workflows/more.yaml",
        "workflows: [{name: b, provider: bash, commands: echo b}]",
    )
    assert ok(world.wf("run", "a")).out == "b\na\n"


def fingerprint(record: Any) -> Any:
    return record["fingerprint"]["digest"]


def test_the_fingerprint_is_on_the_record(chain: World) -> None:
    ok(chain.wf("run", "prepare"))
    first = chain.record()
    ok(chain.wf("run", "prepare", "-e", "A=1"))
    second = chain.record()
    assert fingerprint(first) != fingerprint(second)
    assert first["fingerprint"]["code"] == second["fingerprint"]["code"]
    assert first["fingerprint"]["variables"] != second["fingerprint"]["variables"]
    assert first["project"] == str(chain.project)


def test_a_run_that_goes_on_is_not_reused(world: World, tmp_path: Path) -> None:
    world.workflows("""\
workflows:
  - {name: a, provider: bash, commands: ['until test -e "$GO"; do sleep 0.05; done']}
  - {name: b, provider: bash, depends-on: [a], commands: ls}
""")
    run = world.start("run", "a", GO=str(tmp_path / "go"))
    world.running()
    assert plan(world, "b")[0][1] == "run"
    (tmp_path / "go").touch()
    until(lambda: run.poll() is not None, "the end")
    assert plan(world, "b")[0][1] == "reuse"


def test_the_commands_own_output_is_no_code(chain: World) -> None:
    log = chain.project / "log.txt"
    for _ in range(2):
        with log.open("ab") as file:
            subprocess.run(
                chain.argv("run", "train"), cwd=chain.project, env=chain.variables,
                stdout=file, stderr=file, check=True,
            )  # fmt: skip
    assert listed(chain) == ["prepare", "train", "train"]


def test_what_a_killed_command_left_is_swept_and_what_goes_on_is_not(
    chain: World, tmp_path: Path
) -> None:
    submissions = Path(chain.variables["WF_HOME"]) / "submissions"
    (submissions / "1-dead" / "project").mkdir(parents=True)
    chain.workflows(
        CHAIN.replace(
            "cat words.txt >", 'until test -e "$GO"; do sleep 0.05; done; cat words.txt >'
        )
    )
    run = chain.start("run", "train", GO=str(tmp_path / "go"))
    chain.running()
    (living,) = submissions.iterdir()
    other = chain.start("run", "train", GO=str(tmp_path / "go"))
    until(lambda: len(list(submissions.iterdir())) == 2, "two submissions")
    assert living.is_dir()
    (tmp_path / "go").touch()
    assert (run.wait(60), other.wait(60)) == (0, 0)
    assert list(submissions.iterdir()) == []
