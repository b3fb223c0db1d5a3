"""A job is held to the memory it asked for, and told of when it wanted more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.process.confinement.hierarchy import hierarchies
from tests.conftest import ROOT, program, require

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

HOG = "x = []\nfor _ in range(4000): x.append(bytearray(1 << 20))\n"


def hog(world: World, code: str = HOG, limit: str = "64MiB") -> None:
    world.workflows(
        "workflows:\n  - name: job\n    provider: python\n    script: job.py\n"
        f"    resources: {{memory: {limit}}}\n"
    )
    world.write("job.py", code)


def the_kernel_can() -> bool:
    """Whether a group can be had that limits memory."""
    trees = hierarchies()
    return trees.memory is not None and os.access(trees.memory.own, os.W_OK)


def test_running_out_of_memory_is_named(world: World) -> None:
    hog(world)
    done = world.wf("run", "job")
    assert done.code == 137
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "out_of_memory")
    assert record["message"].startswith("the job was ended, as it ran out of memory (limit 67.1 MB")
    assert ", peak " in record["message"]
    assert "`--memory 128MiB`" in record["hint"]
    assert "ran out of memory" in done.err
    assert record["resources"]["enforced"]["memory"] in {"cgroup v2", "cgroup v1", "watcher"}


def test_more_memory_as_the_hint_says_is_enough(world: World) -> None:
    hog(world, "x = bytearray(80 << 20)\n")
    assert world.wf("run", "job").code == 137
    assert world.wf("run", "job", "--memory", "128MiB").code == 0


def test_a_job_that_fails_of_a_worker_that_was_ended(world: World) -> None:
    worker = "import os, sys\nif not os.fork():\n    x = bytearray(200 << 20)\n    os._exit(0)\n"
    hog(world, worker + "sys.exit(4 if os.wait()[1] else 0)\n")
    done = world.wf("run", "job")
    record = world.record()
    assert record["reason"] == "out_of_memory"
    if record["resources"]["enforced"]["memory"] == "cgroup v1":
        # the others end the whole job at once
        assert done.code == 4
        assert record["message"].startswith(
            "the job exited with 4: 1 process of it was ended, as it ran out of memory (limit"
        )


def test_a_job_that_makes_nothing_of_it_is_warned(world: World) -> None:
    hog(world, "import os\nif not os.fork():\n    x = bytearray(200 << 20)\nos.wait()\n")
    done = world.wf("run", "job")
    record = world.record()
    if record["resources"]["enforced"]["memory"] != "cgroup v1":
        pytest.skip("the whole job is ended at once here")
    assert done.code == 0
    assert "warning: the job succeeded although 1 process of it was ended" in done.err


def test_the_limit_holds_from_the_first_instruction(world: World) -> None:
    if not the_kernel_can():
        pytest.skip("no group with a limit can be made here (root can)")
    hog(world, "print(open('/proc/self/cgroup').read())\n")
    done = world.wf("run", "job")
    assert ":memory:" in done.out
    assert "/wf-" in done.out.split(":memory:")[1].splitlines()[0]


def test_a_job_without_memory_is_not_held(world: World) -> None:
    world.workflows("workflows: [{name: job, provider: bash, commands: ['true']}]")
    world.wf("run", "job")
    assert world.record()["resources"]["enforced"]["memory"] is None


def test_the_job_is_ended_before_wf_where_the_machine_has_no_more(world: World) -> None:
    own = int(Path("/proc/self/oom_score_adj").read_text(encoding="ascii"))
    world.workflows(
        "workflows:\n  - name: job\n    provider: bash\n    commands:\n"
        "      - cat /proc/self/oom_score_adj\n"
        "      # wf has it back in the moment after the start\n"
        f"      - until grep -qx -e {own} /proc/$PPID/oom_score_adj; do sleep 0.01; done\n"
    )
    assert int(world.wf("run", "job").out) == max(500, own)


def test_a_kill_that_nobody_here_sent_is_no_lack_of_the_jobs_memory(world: World) -> None:
    hog(world, "import os\nos.kill(os.getpid(), 9)\n")
    world.wf("run", "job")
    record = world.record()
    assert record["reason"] == "signal"
    assert "wf did not send it" in record["message"]


AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def a_python_of_nobody() -> str:
    """An interpreter that another user can run, and that finds wf; or skip."""
    require("setpriv", program("setpriv"))
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    look = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport runner.process.job"
    for python in (sys.executable, "/usr/bin/python3"):
        tried = [*AS_NOBODY, "sh", "-c", 'exec "$0" -c "$1"', python, look]
        if not subprocess.run(tried, check=False, capture_output=True, cwd="/").returncode:
            return python
    pytest.skip("no interpreter that another user can run finds wf")


def test_a_job_of_an_ordinary_user_is_held_by_looking() -> None:
    """One that may make no group, and has no service manager: its processes are watched."""
    python = a_python_of_nobody()
    script = (
        "import json, os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from runner.process.job import JobProcess\n"
        "from runner.process.signals import Signals\n"
        "from runner.process.sink import LogFile\n"
        "from runner.process.values import JobCommand\n"
        "log = os.open('/dev/null', os.O_WRONLY)\n"
        "def run(code):\n"
        f"    argv = ({python!r}, '-c', code)\n"
        "    command = JobCommand(argv, {'PATH': os.environ['PATH']}, Path('/'), memory=64 << 20)\n"
        "    process = JobProcess(command, LogFile(log))\n"
        "    name = process.held.memory\n"
        "    exited = process.wait(Signals(), lambda: None, lambda _: None)\n"
        "    return [name, exited.code, exited.signal, exited.memory.killed, exited.left_behind]\n"
        f"hog = run({HOG!r})\n"
        "daemon = run('import os, time\\n'\n"
        "             'first = os.fork()\\n'\n"
        "             'if first: os.waitpid(first, 0)\\n'\n"
        "             'if first or (os.setsid() and 0) or os.fork(): os._exit(0)\\n'\n"
        "             'os.closerange(0, 99)\\n'\n"
        "             'time.sleep(600)')\n"
        "print(json.dumps([hog, daemon]))\n"
    )
    done = subprocess.run(
        [*AS_NOBODY, python, "-"],
        input=script.encode(), capture_output=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"]}, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    held, daemon = json.loads(done.stdout)
    assert held == ["watcher", None, 9, 1, 0]
    assert daemon == ["watcher", 0, None, 0, 1]
