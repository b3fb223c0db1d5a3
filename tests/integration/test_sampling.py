"""What a job really uses is found, and looking for it touches the job's own processes only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

# counts what is opened and listed by one look, when all has come to rest
_COUNT = """
import json, os, signal, sys
from pathlib import Path
from runner.process.job import JobProcess
from runner.process.signals import Signals
from runner.process.sink import LogFile
from runner.process.values import JobCommand

touched, counting, ticks = [], False, 0
EVENTS = {"open", "os.listdir", "os.scandir"}
sys.addaudithook(lambda e, a: touched.append(str(a[0])) if counting and e in EVENTS else None)
script = f"for i in $(seq {sys.argv[1]}); do sleep 600 & done; wait"
log = os.open(os.devnull, os.O_WRONLY)
job = JobProcess(JobCommand(("bash", "-c", script), dict(os.environ), Path.cwd()), LogFile(log))

def tick():
    global counting, ticks
    ticks += 1
    if ticks == 2:
        counting = True
        reading = job.used()
        counting = False
        group = job.held.group
        print(json.dumps({"group": group and str(group), "memory": reading.memory,
                          "processes": sorted(job.processes()), "touched": touched}))
        os.killpg(job.pid, signal.SIGKILL)

job.wait(Signals(), lambda: None, lambda number: None, tick)
"""


def test_a_look_opens_files_of_the_jobs_processes_and_no_others(tmp_path: Path) -> None:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").exists()
    found = {}
    for number in (3, 30):
        command = [sys.executable, "-c", _COUNT, str(number)]
        done = subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
        found[number] = json.loads(done.stdout)
        if found[number]["group"] is None and not listed:
            pytest.skip("this kernel neither lists children nor lets us make control groups")
        assert len(found[number]["processes"]) == number + 1
        assert found[number]["memory"] > number * 100_000
        own = {"self", *map(str, found[number]["processes"])}
        for path in found[number]["touched"]:
            process = re.match(r"/proc/([^/]+)", path)
            assert process is None or process[1] in own
            assert path.rstrip("/") != "/proc"
    few, many = len(found[3]["touched"]), len(found[30]["touched"])
    assert many - few <= (30 - 3) * 4


_WORK = """\
import os, sys, time
held = bytearray(60_000_000)
for _ in range(2):
    if not os.fork():
        more = bytearray(40_000_000)
        until = time.monotonic() + 60
        # as long as it takes to have had so much of a processor, whatever else the machine does
        while time.process_time() < 1.2 and time.monotonic() < until:
            pass
        time.sleep(2.5)
        os._exit(0)
for _ in range(2):
    os.wait()
"""


@pytest.fixture
def worked(world: World) -> World:
    world.workflows("workflows:\n  - {name: work, provider: python, script: work.py}\n")
    world.write("work.py", _WORK)
    assert world.wf("run", "work").code == 0
    return world


def test_what_was_used_is_on_the_record_and_in_the_series(worked: World) -> None:
    usage = json.loads(worked.wf("show", "last", "--json").out)["usage"]
    assert 2.4 <= usage["cpu_seconds"] <= 30
    assert usage["cpu"]["mean"] == pytest.approx(
        usage["cpu_seconds"] / usage["wall_seconds"], rel=0.01
    )
    assert usage["cpu"]["peak"] > usage["cpu"]["mean"]
    # the two have 40 MB each for themselves, beside what is shared or was the parent's
    assert usage["memory"]["peak"] >= 140_000_000
    assert 0 < usage["memory"]["mean"] <= usage["memory"]["peak"]
    assert usage["gpus"] == []

    shown = worked.wf("show", "last", "--samples")
    header, *lines = shown.out.splitlines()
    assert header == "seconds,cpu,memory"
    assert len(lines) == usage["samples"]["count"] >= 2
    rows = [[float(field) for field in line.split(",")] for line in lines]
    assert 140_000_000 <= max(row[2] for row in rows) <= usage["memory"]["peak"]
    document = json.loads(worked.wf("show", "last", "--samples", "--json").out)
    assert [list(row.values()) for row in document["samples"]] == rows
    assert list(document["samples"][0]) == ["seconds", "cpu", "memory"]


def test_it_is_shown_in_words_and_as_bars(worked: World) -> None:
    shown = worked.wf("show", "last").out
    assert re.search(r"usage +\S+ · [\d.]+ of \d+ cores? · memory \S+ MB mean, \S+ MB at", shown)
    assert re.search(r"cpu +[▁▂▃▄▅▆▇█]+  at most", shown)
    assert re.search(r"memory +[▁▂▃▄▅▆▇█]+  at most \S+ MB", shown)


_WORKERS = """\
import os, time
held = bytearray(os.urandom(1)) * 150_000_000
for _ in range(4):
    if not os.fork():
        more = bytearray(os.urandom(1)) * 10_000_000
        time.sleep(4.5)
        os._exit(0)
for _ in range(4):
    os.wait()
"""


def test_what_workers_have_from_their_parent_counts_once(world: World) -> None:
    world.workflows("workflows:\n  - {name: work, provider: python, script: work.py}\n")
    world.write("work.py", _WORKERS)
    assert world.wf("run", "work").code == 0
    usage = world.record()["usage"]
    # 150 MB once, and four times 10 MB, beside the interpreter; not five times 150 MB
    assert 190_000_000 <= usage["memory"]["peak"] <= 400_000_000


_EPOCHS = """\
import time
for epoch in range(1, 1000):
    print(f"Epoch {epoch}/1000", flush=True)
    time.sleep(0.5)
"""


def test_how_long_a_job_goes_on_is_read_from_its_log(world: World) -> None:
    world.workflows(
        "workflows:\n  - {name: work, provider: python, script: work.py, resources: {cpu: 1}}\n"
    )
    world.write("work.py", _EPOCHS)
    world.start("run", "work")
    world.running()

    def likely() -> str | None:
        holders = world.wf("runners", "--json").json()["holders"]
        return holders[0]["likely_end"] if holders else None

    assert until(likely, "a likely end")
