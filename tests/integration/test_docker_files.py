"""What a job in a container finds, and what it leaves behind: as locally, and whose it is."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import (
    PATIENCE_SECONDS,
    carriers,
    end_carriers,
    make_world,
    program,
    require,
    until,
)
from tests.integration.test_docker_life import adrift
from tests.servers.images import BASE, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
EDITOR = """\
#!/bin/sh
echo "$@"
id -u
echo edited > notebook.txt
"""


def files(world: World, run: str = "last") -> dict[str, str]:
    """What is kept of a run, by the paths it had, with the texts."""
    listed = world.wf("artifacts", "list", run, "--json").json()
    top = world.folder(world.record(run)["name"]) / "artifacts"
    return {
        str(path.relative_to(top)).removeprefix("@root"): path.read_text()
        for path in top.rglob("*")
        if path.is_file() and not path.is_symlink() and listed
    }


def foreign(top: Path) -> list[Path]:
    """What is not the caller's."""
    return [path for path in top.rglob("*") if path.lstat().st_uid != os.getuid()]


def test_artifacts_are_kept_wherever_in_the_container_they_lie(
    docked: World, dockerd: Dockerd
) -> None:
    docked.workflows(f"""\
workflows:
  - name: make
    image: {SMALL}
    commands:
      - mkdir -p data /out/deep && echo inside > data/x && echo 1 > /out/deep/a
      - ln -s a /out/deep/link && mkfifo /out/pipe && echo home > ~/h.txt
      - echo 1 > /tmp/1.ckpt; echo 2 > /tmp/2.ckpt; echo no > /tmp/3.log
    artifacts: [data, /out, "~/h.txt", "/tmp/*.ckpt", /etc/passwd, /workflow/data/x]
""")
    done = docked.wf("run", "make")
    assert done.code == 0, done.err
    kept = files(docked)
    # that of the image
    assert kept.pop("/etc/passwd") == "root:x:0:0:root:/root:/bin/sh\n"
    assert kept == {
        "data/x": "inside\n",
        "/workflow/data/x": "inside\n",
        "/out/deep/a": "1\n",
        "/home/wf/h.txt": "home\n",
        "/tmp/1.ckpt": "1\n",
        "/tmp/2.ckpt": "2\n",
    }
    folder = docked.folder(docked.record()["name"])
    assert os.readlink(folder / "artifacts/@root/out/deep/link") == "a"
    assert "not files, and so not kept: /out/pipe" in done.err
    # all else has vanished with the container
    assert dockerd.containers(docked.home) == []
    assert not {"fetched", "fetching", "home", "workspace"} & set(os.listdir(folder))


def test_artifacts_of_a_job_with_secrets_are_kept_too(docked: World) -> None:
    """What it is told in private is gone by then; the daemon wants to mount it all the same."""
    docked.workflows(f"""\
workflows:
  - name: make
    image: {SMALL}
    commands: ['echo ${{#KEY}} > /out']
    artifacts: [/out]
""")
    docked.wf("secrets", "add", "KEY", given="sesame\n")
    done = docked.wf("run", "make")
    assert done.code == 0, done.err
    assert files(docked) == {"/out": "6\n"}
    folder = docked.folder(docked.record()["name"])
    assert not {"variables", "notes.unmasked"} & set(os.listdir(folder))


def test_what_had_an_absolute_path_goes_into_the_next_container(docked: World) -> None:
    """It is never put onto the machine: nothing of a container belongs there."""
    place = docked.project.parent / "absolute"
    docked.workflows(f"""\
workflows:
  - name: make
    image: {SMALL}
    commands:
      - mkdir -p {place}/sub && echo 1 > {place}/sub/x && chmod 751 {place}/sub
      - ln -s sub/x {place}/link && echo 2 > /tmp/wf-two
    artifacts: [{place}, /tmp/wf-two]
  - name: see
    image: {SMALL}
    depends-on: [make]
    commands:
      - cat {place}/link /tmp/wf-two && stat -c %a {place}/sub /tmp && echo 3 >> {place}/sub/x
      - stat -c %u {place}/sub/x && test $(wc -l < {place}/sub/x) -gt 2
    artifacts: [{place}]
""")
    done = docked.wf("run", "see")
    assert (done.code, done.out.split()) == (1, ["1", "2", "751", "1777", str(os.getuid())])
    again = docked.wf("resume", "last")
    assert again.code == 0, again.err
    assert files(docked)[f"{place}/sub/x"] == "1\n3\n3\n"
    assert not place.exists()
    assert not Path("/tmp/wf-two").exists()


def test_what_a_failed_attempt_had_goes_with_its_container(docked: World, dockerd: Dockerd) -> None:
    docked.write(
        "again.dstack.yml",
        f"""\
type: task
image: {SMALL}
commands:
  - mkdir /out
  - echo 1 > /out/$WF_ATTEMPT
  - test -e /workflow/known || (touch /workflow/known; false)
artifacts: [/out]
retry: true
""",
    )
    done = docked.wf("run", "again")
    assert done.code == 0, done.err
    assert files(docked) == {"/out/2": "1\n"}
    assert dockerd.containers(docked.home) == []


SOMEBODY = """\
type: task
image: {image}
user: "1234:1234"
commands: [echo one > out/x, echo two > out/y]
artifacts: [out]
{more}"""


def test_what_was_given_to_a_job_that_cannot_start_is_given_back(docked: World) -> None:
    more = 'volumes: ["/nowhere/at/all:/data"]\n'
    docked.write("job.dstack.yml", SOMEBODY.format(image=SMALL, more=more))
    done = docked.wf("run", "job")
    assert done.code == 78, done.err
    assert "/nowhere/at/all" in done.err
    assert foreign(docked.folder(docked.record()["name"])) == []


def test_an_image_that_cannot_give_the_workspace_away_says_so(
    docked: World, without_chown: str
) -> None:
    docked.write("job.dstack.yml", SOMEBODY.format(image=without_chown, more=""))
    done = docked.wf("run", "job")
    assert done.code != 0
    assert "what the run has stays yours, and the job (1234:1234) cannot write to it" in done.err
    assert "chown" in done.err


@pytest.fixture
def without_chown(dockerd: Dockerd) -> Iterator[str]:
    """An image that has a shell, and cannot give files away."""
    made = dockerd.client.create_container(SMALL, ["rm", "/bin/chown"])["Id"]
    dockerd.client.start(made)
    dockerd.client.wait(made)
    image = dockerd.client.commit(made, repository="wf-chownless", tag="1")
    dockerd.client.remove_container(made)
    yield "wf-chownless:1"
    dockerd.client.remove_image(image["Id"], force=True)


def test_inputs_lie_where_they_lie_locally(docked: World) -> None:
    """Also large ones, which locally are laid below the workspace instead of being copied."""
    docked.workflows(f"""\
workflows:
  - name: data
    provider: bash
    commands: ['truncate -s 80M data/large', 'echo 1 > data/small']
    artifacts: [data]
  - name: see
    image: {SMALL}
    depends-on: [data]
    commands: ['wc -c < data/large', 'cat data/small /workflow/data/small']
""")
    done = docked.wf("run", "see")
    assert done.code == 0, done.err
    assert done.out.split() == [str(80 << 20), "1", "1"]


def test_a_mounted_artifact_is_seen_while_the_job_runs(docked: World) -> None:
    docked.workflows(f"""\
workflows:
  - name: live
    image: {SMALL}
    commands: [echo 1 > out/x, 'cat $WF_ARTIFACTS/out/x', echo own > $WF_ARTIFACTS/own]
    artifacts: [{{path: out, mount: true}}]
""")
    done = docked.wf("run", "live")
    assert (done.code, done.out) == (0, "1\n"), done.err
    assert files(docked) == {"out/x": "1\n", "own": "own\n"}


def test_a_run_is_gone_on_from_with_what_it_left(docked: World) -> None:
    docked.workflows(f"""\
workflows:
  - name: train
    image: {SMALL}
    commands: ['echo x >> out/steps', 'cat out/steps', 'test $(wc -l < out/steps) -gt 1']
    artifacts: [out]
""")
    assert docked.wf("run", "train").code == 1
    done = docked.wf("resume", "last")
    assert (done.code, done.out) == (0, "x\nx\n"), done.err


@pytest.mark.parametrize("user", ["0:0", "65534:65534"])
def test_what_another_user_writes_inside_is_the_callers(docked: World, user: str) -> None:
    docked.write(
        "other.dstack.yml",
        f"""\
type: task
image: {SMALL}
user: "{user}"
commands:
  - id -u
  - mkdir -p out/locked && echo 1 > out/locked/x && chmod 700 out/locked
  - mkdir /tmp/elsewhere && echo 2 > /tmp/elsewhere/y && chmod 600 /tmp/elsewhere/y
artifacts: [out, /tmp/elsewhere]
""",
    )
    # a folder that everybody inside may write to
    (docked.project / "out").mkdir()
    (docked.project / "out").chmod(0o777)
    done = docked.wf("run", "other")
    assert (done.code, done.out) == (0, f"{user.partition(':')[0]}\n"), done.err
    folder = docked.folder(docked.record()["name"])
    assert files(docked) == {"out/locked/x": "1\n", "/tmp/elsewhere/y": "2\n"}
    assert foreign(folder) == []


def test_a_failure_names_the_file_of_the_project(docked: World) -> None:
    docked.write("src/train.py", "import os\n\nos.environ['NOT_THERE']\n")
    docked.workflows(f"""\
workflows:
  - name: train
    image: {BASE}
    commands: [cd /workflow && python3 /workflow/src/train.py]
""")
    done = docked.wf("run", "train")
    assert done.code == 1
    assert docked.record()["failure"]["place"]["path"] == "src/train.py"
    assert "src/train.py:3" in done.err


def test_an_editor_in_a_container_works_in_the_project_itself(
    docked: World, dockerd: Dockerd
) -> None:
    docked.write("tools/openvscode-server", EDITOR).chmod(0o755)
    docked.write("notebook.txt", "as it was\n")
    docked.workflows("""\
workflows:
  - {name: edit, provider: code, setup: ['export PATH=$PWD/tools:$PATH']}
""")
    done = docked.wf("run", "edit", "--executor", "docker")
    assert done.code == 0, done.err
    assert (docked.project / "notebook.txt").read_text() == "edited\n"
    assert foreign(docked.project) == []
    (port,) = docked.record()["ports"]
    words, user = done.out.splitlines()
    assert (f"--port {port} " in words, user) == (True, str(os.getuid()))
    assert dockerd.containers(docked.home) == []


def test_artifacts_of_a_container_that_nobody_looks_after_any_more(
    docked: World, dockerd: Dockerd
) -> None:
    docked.workflows(f"""\
workflows:
  - name: long
    image: {SMALL}
    commands: ['mkdir /out', 'echo 1 > /out/x', 'echo 2 > data/y', 'sleep 1000']
    artifacts: [/out, data]
""")
    docked.start("run", "long", "-d").wait()
    run = docked.running()
    workspace = docked.folder(run) / "workspace"
    until((workspace / "data/y").exists, "the files")
    # who stands by must not get as far as to take over
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in carriers(docked.home):
            os.kill(pid, number)
    until(lambda: docked.record(run)["status"] == "lost", "the end")
    assert files(docked, run) == {"/out/x": "1\n", "data/y": "2\n"}
    assert dockerd.containers(docked.home) == []


def test_what_a_container_had_that_somebody_removes_is_said_not_to_be_kept(
    docked: World, dockerd: Dockerd
) -> None:
    docked.workflows(f"""\
workflows:
  - name: long
    image: {SMALL}
    commands: ['mkdir /out', 'echo 1 > /out/x', 'echo 2 > data/y', 'sleep 1000']
    artifacts: [/out, data]
""")
    wf = docked.start("run", "long")
    run = docked.running()
    until((docked.folder(run) / "workspace/data/y").exists, "the files")
    (container,) = dockerd.containers(docked.home)
    dockerd.client.remove_container(container["Id"], force=True)
    _, said = wf.communicate(timeout=PATIENCE_SECONDS)
    # it may be seen that it was killed, before it is gone
    assert docked.record(run)["status"] in {"lost", "failed"}
    assert files(docked, run) == {"data/y": "2\n"}
    assert b"not all artifacts could be kept: `/out`" in said


@pytest.fixture
def nobody(dockerd_alone: Callable[..., Dockerd]) -> Iterator[tuple[World, Dockerd]]:
    """A world of somebody who is not root, and a daemon that he may use."""
    require("setpriv", program("setpriv"))
    server = dockerd_alone()
    socket = Path(server.address.removeprefix("unix://"))
    socket.chmod(0o666)
    socket.parent.chmod(0o711)
    with tempfile.TemporaryDirectory(prefix="wf-nobody-") as name:
        top = Path(name)
        top.chmod(0o711)
        world = make_world(top)
        world.variables |= server.variables
        for path in (top, *top.rglob("*")):
            os.lchown(path, NOBODY, NOBODY)
        try:
            yield world, server
        finally:
            end_carriers(world.home)


def as_nobody(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_NOBODY, *world.argv(*words)],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )


@pytest.mark.parametrize("user", ["", "root", "1234:1234"])
def test_what_a_container_writes_belongs_to_a_caller_who_is_not_root(
    nobody: tuple[World, Dockerd], user: str
) -> None:
    world, server = nobody
    task = world.write(
        "other.dstack.yml",
        f"""\
type: task
image: {SMALL}
user: "{user or 65534}"
commands:
  - id -u
  - mkdir -p out/locked && echo 1 > out/locked/x && chmod 700 out out/locked
  - mkdir /tmp/elsewhere && echo 2 > /tmp/elsewhere/y && chmod 600 /tmp/elsewhere/y
artifacts: [out, /tmp/elsewhere]
""",
    )
    if not user:
        task.write_text(task.read_text().replace('user: "65534"\n', ""))
    done = as_nobody(world, "run", "other")
    assert done.returncode == 0, done.stderr
    number = {"": "65534", "root": "0"}.get(user, user.partition(":")[0])
    assert done.stdout == f"{number}\n"
    (run,) = world.runs()
    runs = world.folder(run).parent
    kept = runs / run / "artifacts"
    assert (kept / "out/locked/x").read_text() == "1\n"
    assert (kept / "@root/tmp/elsewhere/y").read_text() == "2\n"
    strange = [path for path in runs.rglob("*") if path.lstat().st_uid != NOBODY]
    assert strange == []
    assert not (world.folder(run) / "workspace").exists()
    assert server.containers(world.home) == []
    assert as_nobody(world, "rm", run).returncode == 0


def test_it_does_even_where_nobody_saw_its_end(nobody: tuple[World, Dockerd]) -> None:
    """Both wf and who stood by were killed, and somebody has removed the container since."""
    world, server = nobody
    world.write(
        "other.dstack.yml",
        f"""\
type: task
image: {SMALL}
user: "1234:1234"
commands:
  - mkdir -p out && echo 1 > out/x && chmod 700 out && touch begun
  - sleep 1000
artifacts: [out]
""",
    )
    assert as_nobody(world, "run", "other", "--detach").returncode == 0
    (run,) = world.runs()
    until((world.folder(run) / "workspace/begun").exists, "what it writes")
    adrift(world, run)
    (container,) = server.containers(world.home)
    server.client.remove_container(container["Id"], force=True)
    done = as_nobody(world, "wait", run)
    assert "lost" in done.stderr
    kept = world.folder(run) / "artifacts/out/x"
    assert kept.read_text() == "1\n"
    assert kept.stat().st_uid == NOBODY
    assert as_nobody(world, "rm", run).returncode == 0
