"""GPUs that exist: a job computes on exactly what it leased, and as fast as without wf.

Jobs ask the CUDA driver itself which devices it lets them use, by its C interface (CUDA Driver API,
"Device Management"), so that nothing has to be installed.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_SECONDS, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.gpu, pytest.mark.integration]

# how far two measurements of the same thing lie apart on a device that others leave alone
NOISE = 0.05
PAIRS = 5
WORKFLOW = """\
workflows:
  - {name: none, provider: bash, commands: ['"$GPU_PYTHON" job.py']}
  - {name: one, provider: bash, commands: ['"$GPU_PYTHON" job.py'], resources: {gpu: 1}}
  - {name: speed, provider: bash, commands: ['"$GPU_PYTHON" job.py speed'], resources: {gpu: 1}}
"""
JOB = """\
import ctypes, json, os, sys, time, uuid
cuda = ctypes.CDLL("libcuda.so.1")
NO_DEVICE = 100

def ok(code):
    if code:
        sys.exit(f"the CUDA driver answers {code}")

def devices():
    code = cuda.cuInit(0)
    if code == NO_DEVICE:
        return []
    ok(code)
    count = ctypes.c_int()
    ok(cuda.cuDeviceGetCount(ctypes.byref(count)))
    found = []
    for index in range(count.value):
        device, raw = ctypes.c_int(), (ctypes.c_ubyte * 16)()
        ok(cuda.cuDeviceGet(ctypes.byref(device), index))
        ok(cuda.cuDeviceGetUuid(raw, device))
        found.append("GPU-" + str(uuid.UUID(bytes=bytes(raw))))
    return found

def bytes_per_second():
    context, memory, size = ctypes.c_void_p(), ctypes.c_uint64(), 1 << 30
    ok(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
    ok(cuda.cuCtxSetCurrent(context))
    ok(cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(size)))
    def fill(times):
        for _ in range(times):
            ok(cuda.cuMemsetD32_v2(memory, ctypes.c_uint(7), ctypes.c_size_t(size // 4)))
        ok(cuda.cuCtxSynchronize())
    fill(50)
    started = time.perf_counter()
    fill(500)
    return 500 * size / (time.perf_counter() - started)

said = {"devices": devices()}
if sys.argv[1:] == ["speed"]:
    said["speed"] = bytes_per_second()
print(json.dumps(said), flush=True)
if "GATE" in os.environ:
    with open(os.environ["GATE"] + ".seen", "w") as file:
        json.dump(said, file)
    os.rename(os.environ["GATE"] + ".seen", os.environ["GATE"] + ".ready")
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.02)
"""


def _no_driver() -> str | None:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no CUDA driver (libcuda.so.1) is installed"
    return None


@pytest.fixture
def project(world: World) -> World:
    require("gpu", _no_driver())
    world.workflows(WORKFLOW)
    world.write("job.py", JOB)
    world.variables["GPU_PYTHON"] = sys.executable
    return world


def bare(world: World, *words: str) -> Any:
    """What the same script says without wf."""
    done = subprocess.run(
        [sys.executable, "job.py", *words],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_job_computes_on_exactly_the_device_it_leased(project: World) -> None:
    said = project.wf("run", "one").json()
    assert len(said["devices"]) == 1
    assert said["devices"] == project.record()["resources"]["gpus"]


def test_a_job_that_asked_for_none_has_none(project: World) -> None:
    assert bare(project)["devices"]
    assert project.wf("run", "none").json()["devices"] == []


def test_two_jobs_at_once_compute_on_different_devices(project: World, tmp_path: Path) -> None:
    there = len(bare(project)["devices"])
    require("two GPUs", None if there > 1 else "there is one GPU only")
    gate = tmp_path / "gate"
    holder = project.start("run", "one", GATE=str(gate))
    ready = tmp_path / "gate.ready"
    until(ready.exists, "a job that holds a GPU")
    other = project.wf("run", "one").json()["devices"]
    assert len(other) == 1
    assert other != json.loads(ready.read_text())["devices"]
    gate.touch()
    assert holder.wait(PATIENCE_SECONDS) == 0


def test_a_leased_gpu_is_as_fast_as_a_bare_one(project: World) -> None:
    """Measured by the job itself, in turn with the same script started by hand."""
    ratios = []
    for _ in range(PAIRS):
        alone = bare(project, "speed")["speed"]
        ratios.append(project.wf("run", "speed").json()["speed"] / alone)
    assert statistics.median(ratios) == pytest.approx(1, abs=NOISE), ratios
