"""What is the same for a job on this machine and for one in a container, sentence by sentence."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import commands, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.conftest import World

pytestmark = pytest.mark.integration

WORKFLOWS = r"""
workflows:
- name: save
  provider: bash
  commands:
  - mkdir -p out/sub && cd out
  - export WORD=weights
  - echo $WORD > sub/model
  - 'printf "\377\000 bytes\r50%%\rdone\n"'
  - echo said elsewhere >&2
  artifacts:
  - path: out
- name: use
  provider: bash
  commands:
  - cat out/sub/model
  - echo changed > out/sub/model
  deps: [save]
- name: fail
  provider: bash
  commands: [echo before, "(exit 3)", echo after]
- name: killed
  provider: bash
  commands: [kill -KILL $$]
- name: eat
  provider: bash
  commands: ["python3 -c 'b = bytearray(300_000_000); print(len(b))'"]
  resources:
    memory: 64MB
- name: sleep
  provider: bash
  commands: [echo begun, sleep 1000]
- name: leave
  provider: bash
  commands: [nohup sleep 98765 >/dev/null 2>&1 &, echo gone]
- name: look
  provider: bash
  commands: [pwd, 'echo "$WF_RUN $WF_WORKFLOW $OMP_NUM_THREADS [$CUDA_VISIBLE_DEVICES]"', nproc]
  resources:
    cpu: 1
"""


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def there(executor: str, request: pytest.FixtureRequest) -> World:
    """A world whose runs go to the executor."""
    made: World = request.getfixturevalue("docked" if executor == "docker" else "world")
    made.workflows(WORKFLOWS)
    return made


def run(world: World, executor: str, *words: str) -> Any:
    return world.wf("run", *words, "--executor", executor)


def test_output_is_the_jobs_byte_by_byte(there: World, executor: str) -> None:
    done = run(there, executor, "save")
    assert done.code == 0, done.err
    log = there.wf("show", "last", "--json").json()
    assert (log["executor"], log["status"], log["exit_code"]) == (executor, "succeeded", 0)
    said = (there.folder(log["name"]) / "log").read_bytes()
    assert sorted(said.splitlines()) == sorted(
        b"\xff\x00 bytes\r50%\rdone\nsaid elsewhere\n".splitlines()
    )


def test_artifacts_are_the_callers(there: World, executor: str) -> None:
    assert run(there, executor, "save").code == 0
    assert there.wf("artifacts", "pull", "last", "-o", "got").code == 0
    kept = there.project / "got" / "out" / "sub" / "model"
    assert kept.read_text() == "weights\n"
    assert kept.stat().st_uid == there.home.stat().st_uid


def test_what_is_depended_on_is_seen_and_cannot_be_changed(there: World, executor: str) -> None:
    assert run(there, executor, "save").code == 0
    done = run(there, executor, "use")
    assert (done.code, done.out) == (0, "weights\n"), done.err
    found = next(one for one in there.wf("ps", "-a", "--json").json() if one["workflow"] == "save")
    assert there.wf("artifacts", "verify", found["name"]).code == 0


def test_the_first_command_that_fails_ends_it_with_its_code(there: World, executor: str) -> None:
    done = run(there, executor, "fail")
    assert (done.code, done.out) == (3, "before\n")
    record = there.record()
    assert (record["status"], record["reason"]) == ("failed", "exit_code")


def test_a_job_that_is_killed_is_told_as_that(there: World, executor: str) -> None:
    assert run(there, executor, "killed").code == 128 + signal.SIGKILL
    assert there.record()["status"] == "failed"


def test_running_out_of_memory_is_told_with_the_limit(there: World, executor: str) -> None:
    done = run(there, executor, "eat")
    assert done.code not in {0, 69}
    assert there.record()["reason"] == "out_of_memory"
    assert "64 MB" in done.err


def test_stop_ends_it(there: World, executor: str) -> None:
    assert run(there, executor, "sleep", "-d").code == 0
    name = there.running()
    until(lambda: "begun" in there.wf("logs", name).out, "its first line")
    assert there.wf("stop", name).code == 0
    assert there.record(name)["status"] == "cancelled"


def test_nothing_of_it_outlives_it(there: World, executor: str) -> None:
    done = run(there, executor, "leave")
    assert (done.code, done.out) == (0, "gone\n"), done.err
    assert not any(b"98765" in words for _, words in commands())


def test_it_is_told_what_it_was_granted(there: World, executor: str, tmp_path: Path) -> None:
    done = run(there, executor, "look")
    assert done.code == 0, done.err
    where, told, cores = done.out.splitlines()
    record = there.record()
    assert where.startswith(str(tmp_path))
    assert told == f"{record['name']} look 1 []"
    assert cores == "1"
    assert record["resources"]["enforced"]["cpus"] in {"affinity", "cpuset"}
