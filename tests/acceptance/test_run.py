"""``wf run``: what comes out, where, and with which code."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

HELLO = """\
workflows:
  - name: hello
    provider: bash
    commands:
      - echo to stdout
      - echo to stderr >&2
"""
PYTHON = """\
workflows:
  - name: train
    provider: python
    script: train.py
"""
KEYS = {
    "schema_version", "name", "workflow", "status", "reason", "message", "hint", "exit_code",
    "executor", "failure", "progress", "secrets",
    "submitted_at", "started_at", "finished_at", "history", "command", "resources", "environment",
    "container", "source", "variables", "dependencies", "artifacts", "notes", "usage", "plan",
    "ports", "attempts",
    "service", "project", "fingerprint", "waiting",
    "resumed_from", "restored", "added", "metrics", "phases", "samples",
}  # fmt: skip


def script(world: World, text: str) -> None:
    world.workflows(PYTHON)
    world.write("train.py", text)


def test_the_jobs_output_is_stdout_and_the_rest_stderr(world: World) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello")
    assert done.code == 0
    assert done.out == "to stdout\nto stderr\n"
    assert "to stdout" not in done.err


def test_what_is_said_of_a_run(world: World) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello")
    (name,) = world.runs()
    lines = done.err.splitlines()
    assert lines[0] == f"● {name}   hello   .dstack/workflows.yaml:2"
    assert re.fullmatch(r"  code      ✓ 1 file, \d+ B", lines[1])
    assert re.fullmatch(r"  env       ✓ python 3\.\d+\.\d+ · 0 packages · (built|cached)", lines[2])
    assert re.fullmatch(r"  devices   ✓ all \d+ cores?, shared", lines[3])
    assert re.fullmatch(r"✓ succeeded in \d+\.\ds", lines[-2])
    assert lines[-1] == f"  next: wf show {name}"


def test_a_name_is_an_adjective_an_animal_and_a_number(world: World) -> None:
    world.workflows(HELLO)
    world.wf("run", "hello")
    (name,) = world.runs()
    assert re.fullmatch(r"[a-z]+-[a-z]+-1", name)


@pytest.mark.parametrize("code", [1, 2, 3, 42, 64, 65, 69, 70, 78, 126, 127, 255])
def test_the_scripts_own_code_is_the_code(world: World, code: int) -> None:
    script(world, f"raise SystemExit({code})\n")
    done = world.wf("run", "train")
    assert done.code == code
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "exit_code")
    assert record["exit_code"] == code
    assert f"the job exited with {code}" in done.err


def test_a_traceback_is_code_1_and_stands_in_the_log(world: World) -> None:
    script(world, "raise RuntimeError('no convergence')\n")
    done = world.wf("run", "train")
    assert done.code == 1
    assert "RuntimeError: no convergence" in done.out
    assert "Traceback" not in done.err
    assert "RuntimeError: no convergence" in world.wf("logs", "last").out


@pytest.mark.parametrize(("number", "name"), [(9, "KILL"), (11, "SEGV"), (15, "TERM"), (6, "ABRT")])
def test_a_signal_is_128_and_its_number(world: World, number: int, name: str) -> None:
    script(world, f"import os\nos.kill(os.getpid(), {number})\n")
    done = world.wf("run", "train")
    assert done.code == 128 + number
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "signal")
    assert record["exit_code"] == 128 + number
    assert f"SIG{name}" in record["message"]


def test_words_behind_two_dashes_are_the_scripts(world: World) -> None:
    script(world, "import sys\nprint(sys.argv[1:])\n")
    words = ["--epochs", "3", "--json", "-e", "A=b", "two words", "", "--", "$(x)", "-h"]
    done = world.wf("run", "train", "--", *words)
    assert done.out == f"{words}\n"
    assert world.wf("run", "train", "--").out == "[]\n"


def test_words_of_the_file_come_first(world: World) -> None:
    world.workflows(PYTHON + "    args: --lr 0.1 --name 'a b'\n")
    world.write("train.py", "import sys\nprint(sys.argv)\n")
    assert world.wf("run", "train", "--", "--epochs", "3").out == (
        "['train.py', '--lr', '0.1', '--name', 'a b', '--epochs', '3']\n"
    )


def test_words_that_no_command_takes_are_refused(world: World) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello", "--", "word")
    assert done.code == 64
    assert "no command of `hello` takes the words after `--`" in done.err
    assert "hint: use them in a command as ${{ run.args }}" in done.err
    assert world.runs() == []


def test_variables_of_the_command_line_win(world: World) -> None:
    world.workflows(PYTHON + "    env: [SEED=1, KEPT=yes]\n")
    world.write("train.py", "import os\nprint(os.environ['SEED'], os.environ['KEPT'])\n")
    done = world.wf("run", "train", "-e", "SEED=7", "--env", "OTHER=a=b c")
    assert done.out == "7 yes\n"
    assert world.record()["variables"] == {"SEED": "7", "KEPT": "yes", "OTHER": "a=b c"}


@pytest.mark.parametrize("word", ["SEED", "=1", "1A=2", "A-B=1"])
def test_a_variable_that_is_none_is_refused(world: World, word: str) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello", "-e", word)
    assert done.code == 64
    assert "--env" in done.err
    assert world.runs() == []


def test_cpus_of_the_command_line_win(world: World) -> None:
    script(world, "import os\nprint(len(os.sched_getaffinity(0)))\n")
    assert world.wf("run", "train", "--cpus", "1").out == "1\n"
    assert len(world.record()["resources"]["cpus"]) == 1


def test_memory_of_the_command_line_is_recorded(world: World) -> None:
    world.workflows(HELLO)
    assert world.wf("run", "hello", "--memory", "100MB").code == 0
    assert world.record()["resources"]["memory"] == 100_000_000


def test_no_gpus_can_be_chosen(world: World) -> None:
    world.workflows(HELLO + "    resources: {gpu: 64}\n")
    assert world.wf("run", "hello").code == 69
    assert world.wf("run", "hello", "--gpus", "0").code == 0


def test_a_python_can_be_chosen(world: World) -> None:
    import sys

    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    script(world, "import sys\nprint('%d.%d' % sys.version_info[:2])\n")
    assert world.wf("run", "train", "--python", own).out == f"{own}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cpus", "0"), "--cpus: a number of at least 1"),
        (("--cpus", "many"), "--cpus: a whole number"),
        (("--gpus", "-1"), "--gpus"),
        (("--gpus", "1.5"), "--gpus: a whole number"),
        (("--memory", "16"), "--memory: an amount of memory with its unit"),
        (("--memory", "lots"), "--memory"),
        (("--python", "2.7"), "--python: there is no environment with Python 2.7"),
        (("--python", "three"), "--python: a Python version"),
        (("--nonsense",), "--nonsense"),
        (("more",), "more"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    world: World, words: tuple[str, ...], said: str
) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello", *words)
    assert done.code == 64
    assert said in done.err
    assert "hint:" in done.err
    assert done.out == ""
    assert world.runs() == []


def test_which_workflow_must_be_said(world: World) -> None:
    world.workflows(HELLO)
    done = world.wf("run")
    assert done.code == 64
    assert "no workflow is named" in done.err


def test_a_run_as_json(world: World) -> None:
    world.workflows(HELLO + "    artifacts: [model]\n")
    done = world.wf("run", "hello", "--json")
    assert done.code == 0
    document = done.json()
    assert set(document) == KEYS
    assert set(document["resources"]) == {
        "cpus", "gpus", "memory", "simulated_gpus", "queue", "enforced"
    }  # fmt: skip
    assert set(document["environment"]) == {
        "kind", "fingerprint", "python", "python_reason", "as_of", "as_of_reason", "lock", "locked"
    }  # fmt: skip
    assert {"commit", "branch", "dirty"} <= set(document["source"])
    assert set(document["artifacts"][0]) == {"path", "files", "bytes", "digest"}
    assert set(document["usage"]) == {
        "wall_seconds", "cpu_seconds", "peak_memory", "samples", "cpu", "memory", "gpus"
    }  # fmt: skip
    assert document["workflow"] == "hello"
    assert document["status"] == "succeeded"
    assert document["executor"] == "local"
    assert document["exit_code"] == 0
    assert document["submitted_at"] <= document["started_at"] <= document["finished_at"]
    assert document == world.record()
    # the job's own output goes where talk goes
    assert "to stdout\nto stderr\n" in done.err


def test_a_failed_run_as_json_has_the_jobs_code(world: World) -> None:
    script(world, "raise SystemExit(3)\n")
    done = world.wf("run", "train", "--json")
    assert done.code == 3
    assert done.json()["status"] == "failed"
    assert done.json()["exit_code"] == 3


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (("run", "nothing", "--json"), "usage", 64),
        (("run", "hello", "--cpus", "4096", "--json"), "unsatisfiable", 69),
        (("show", "nothing", "--json"), "usage", 64),
    ],
)
def test_an_error_as_json(world: World, words: tuple[str, ...], kind: str, code: int) -> None:
    world.workflows(HELLO)
    done = world.wf(*words)
    assert done.code == code
    document = done.json()
    assert set(document) == {"error", "exit_code", "message", "hint", "details", "problems"}
    assert (document["error"], document["exit_code"]) == (kind, code)
    assert document["message"]
    assert "error:" in done.err


def test_a_json_that_is_the_scripts_own_word_is_not_wfs(world: World) -> None:
    world.workflows(HELLO)
    done = world.wf("run", "hello", "--", "--json")
    assert (done.code, done.out) == (64, "")


def test_a_dry_run_runs_nothing(world: World) -> None:
    world.workflows(HELLO)
    cache = world.home / "cache"
    done = world.wf("run", "hello", "--dry-run", WF_CACHE=str(cache))
    assert done.code == 0
    assert done.out == world.wf("plan", "hello", WF_CACHE=str(cache)).out
    assert world.runs() == []
    assert not cache.exists()


def test_statuses_are_gone_through_in_order(world: World) -> None:
    world.workflows(HELLO)
    world.wf("run", "hello")
    record = world.record()
    assert [entry["status"] for entry in record["history"]] == [
        "pending", "provisioning", "running", "collecting", "succeeded",
    ]  # fmt: skip
    times = [entry["at"] for entry in record["history"]]
    assert times == sorted(times)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", times[0])


def test_the_job_knows_its_run(world: World) -> None:
    script(
        world,
        "import os\n"
        "print(os.environ['RUN_NAME'], os.environ['WF_RUN'], os.environ['WF_WORKFLOW'])\n",
    )
    done = world.wf("run", "train")
    (name,) = world.runs()
    assert done.out == f"{name} {name} train\n"


def test_what_the_job_notes_is_on_the_record(world: World) -> None:
    script(
        world,
        "import os\n"
        "with open(os.environ['WF_NOTES'], 'a') as notes:\n"
        "    notes.write('one thing\\n\\nand \\x1b[31manother\\n')\n",
    )
    done = world.wf("run", "train")
    assert world.record()["notes"] == ["one thing", "and [31manother"]
    assert "note: one thing" in done.err
    assert "\x1b" not in done.err


def test_what_is_left_over_from_a_launcher_does_not_reach_the_job(world: World) -> None:
    script(
        world,
        "import os\n"
        "names = 'RANK WORLD_SIZE MASTER_ADDR SLURM_JOB_ID PYTHONPATH PYTHONHOME'.split()\n"
        "print([name for name in names if name in os.environ], os.environ['MINE'])\n",
    )
    done = world.wf(
        "run", "train", RANK="3", WORLD_SIZE="4", MASTER_ADDR="x", SLURM_JOB_ID="1", MINE="kept",
        PYTHONPATH=os.getcwd(),
    )  # fmt: skip
    assert done.out == "[] kept\n"


def test_output_appears_unbuffered(world: World) -> None:
    script(world, "import os\nprint('first')\nos.write(1, b'second\\n')\n")
    assert world.wf("run", "train").out == "first\nsecond\n"


def test_the_working_directory_is_where_things_are(world: World) -> None:
    world.workflows(
        "workflows:\n"
        "  - name: train\n"
        "    provider: python\n"
        "    working_dir: nested/place\n"
        "    script: train.py\n"
        "    artifacts: [model]\n"
    )
    world.write(
        "nested/place/train.py",
        "import os\n"
        "print(os.getcwd().endswith('/nested/place'), os.path.exists('../../top.txt'))\n"
        "open('model/x', 'w').close()\n",
    )
    world.write("top.txt", "")
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "True True\n")
    assert world.record()["artifacts"][0]["files"] == 1


def test_wf_can_be_called_from_below_the_project(world: World) -> None:
    import subprocess

    world.workflows(HELLO)
    below = world.project / "a" / "b"
    below.mkdir(parents=True)
    done = subprocess.run(
        world.argv("run", "hello"), cwd=below, env=world.variables, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert "../../.dstack/workflows.yaml:2" in done.stderr.decode()


def test_another_file_can_be_named(world: World) -> None:
    world.write("other.yaml", HELLO)
    assert world.wf("run", "hello", "-f", "other.yaml").code == 0
    assert world.wf("run", "hello", "--file", str(world.project / "other.yaml")).code == 0


def test_without_a_workflow_file_that_is_said(world: World) -> None:
    done = world.wf("run", "hello")
    assert done.code == 64
    assert "there is no .dstack/workflows.yaml here or in a folder above" in done.err
    assert world.wf("run", "hello", "--file", "nope.yaml").code == 64
    assert world.runs() == []


def test_usage_is_measured(world: World) -> None:
    script(world, "x = bytearray(50_000_000)\nsum(range(300_000))\n")
    world.wf("run", "train")
    usage = world.record()["usage"]
    assert usage["wall_seconds"] > 0
    assert usage["cpu_seconds"] > 0
    assert usage["peak_memory"] > 50_000_000


def test_runs_at_the_same_time_do_not_mix(world: World) -> None:
    script(world, "import os\nopen('model/name', 'w').write(os.environ['WF_RUN'])\n")
    world.workflows(PYTHON + "    artifacts: [model]\n")
    runs = [world.start("run", "train") for _ in range(4)]
    assert [run.wait(120) for run in runs] == [0] * 4
    assert len(world.runs()) == 4
    for name in world.runs():
        assert (world.folder(name) / "artifacts" / "model" / "name").read_text() == name
    statuses = {row["status"] for row in world.wf("ps", "-a", "--json").json()}
    assert statuses == {"succeeded"}


def test_the_workspace_goes_and_the_rest_stays(world: World) -> None:
    world.workflows(HELLO)
    world.wf("run", "hello")
    (name,) = world.runs()
    kept = sorted(path.name for path in world.folder(name).iterdir())
    assert "workspace" not in kept
    assert {"log", "state.json", "submitted.json", "environment.json", "granted.json"} <= set(kept)
    assert not [name for name in kept if name.endswith(".new")]
    state = json.loads((world.folder(name) / "state.json").read_text())
    assert state["status"] == "succeeded"


def test_a_program_that_is_not_there_is_said(world: World) -> None:
    """bash itself, say."""
    world.workflows(HELLO)
    folder = world.home / "empty"
    folder.mkdir()
    done = world.wf("run", "hello", PATH=str(folder))
    assert done.code == 78
    assert "the job cannot be started: No such file or directory: bash" in done.err
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "environment")
