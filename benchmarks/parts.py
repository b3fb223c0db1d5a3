"""What is measured: one function a part, each yielding rows of the table.

Every part has a world of its own, and leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.container import container
from benchmarks.first_line import first_line
from benchmarks.fitting import fitting
from benchmarks.installing import installing
from benchmarks.leases import leases
from benchmarks.masking import masking
from benchmarks.measure import (
    Command,
    FailedError,
    NotMeasuredError,
    PeakMemory,
    amount,
    difference,
    pairs,
    ratio,
)
from benchmarks.records import records
from benchmarks.world import PYTHON, ROOT, World, base_python, remove, uv
from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Effort, Row

_NOTHING = "pass\n"
_MB = 1_000_000

# small, pure, and known to every index; what a job installs is not what is measured here
_REQUIREMENTS = "attrs\nclick\nidna\niniconfig\npackaging\npluggy\nsortedcontainers\nurllib3\n"


def startup(effort: Effort) -> Iterator[Row]:
    """``wf --version`` and ``wf ps``, whole processes against an interpreter that does nothing."""
    runs = effort.pairs(40, 15)
    with World.make("startup") as world:
        bare = world.command(PYTHON, "-c", "pass").seconds
        timed = pairs(bare, world.wf("--version").seconds, runs)
        yield ratio("startup", "wf --version", timed, 2.0)
        world.workflow("noop", _NOTHING)
        world.commit()
        for _ in range(10):
            world.wf("run", "noop").run()
        timed = pairs(bare, world.wf("ps").seconds, runs)
        yield ratio("startup", "wf ps with 10 runs", timed, 4.0)


def noop(effort: Effort) -> Iterator[Row]:
    """A script that does nothing, whole processes, against its environment's own interpreter.

    The environment is there, the project is a git repository with a dozen files.
    """
    with World.make("noop") as world:
        world.workflow("noop", _NOTHING)
        for number in range(10):
            world.write(f"package/module_{number}.py", "value = 1\n" * 100)
        world.commit()
        world.wf("run", "noop").run()
        bare = world.command(world.python_of_last_run(), "noop.py")
        timed = pairs(bare.seconds, world.wf("run", "noop").seconds, effort.pairs(25, 8))
        yield difference("noop", "wf run, script that does nothing", timed, 0.2)


def many(effort: Effort) -> Iterator[Row]:
    """Many scripts that do nothing, two at a time: ``wf run --all`` against ``make -j2``.

    make starts the environment's own interpreter, and keeps no record.
    """
    if shutil.which("make") is None:
        raise NotMeasuredError("make is not installed")
    jobs = 60 if effort.quick else 200
    with World.make("many") as world:
        world.workflow("job-0", _NOTHING, cores=None)
        world.commit()
        world.wf("run", "job-0").run()
        python = world.python_of_last_run()
        names = [f"job-{number}" for number in range(jobs)]
        listed = "".join(
            f"  - {{name: {name}, provider: python, script: job-0.py}}\n" for name in names
        )
        world.write(".dstack/workflows.yaml", f"workflows:\n{listed}")
        world.write(
            "Makefile", f"JOBS = {' '.join(names)}\nall: $(JOBS)\n$(JOBS):\n\t@{python} job-0.py\n"
        )
        bare = world.command("make", "-s", "-j2")
        wf = world.wf("run", "--all", "--parallel", "2")
        timed = pairs(bare.seconds, wf.seconds, effort.pairs(5, 3))
        yield ratio("many", f"{jobs} scripts that do nothing, two at a time", timed, 3.0)


def environment(effort: Effort) -> Iterator[Row]:
    """Coming to an environment, cold and warm.

    Timed inside a process that does nothing else, a fresh one every time: from the plan to an
    environment that can be used, with the list of its packages and its mark of being complete.
    The difference of two whole runs would say the same with the noise of both. What every run
    imports before it comes to its environment is part of a run that does nothing.
    By hand: ``uv venv`` and ``uv pip install``, with the same index settings and interpreter.
    Packages come from uv's download cache, offline, so that no network decides.
    """
    from runner.environments.pip_settings import uv_variables

    program = uv()
    with World.make("environment") as online:
        online.workflow("noop", _NOTHING, requirements=_REQUIREMENTS)
        log = online.folder / "environment.log"
        try:
            online.inside("obtain", "noop", log)
        except FailedError as error:
            raise NotMeasuredError(f"the packages cannot be installed: {error}") from None
        online.settle()
        world = online.with_variables(UV_OFFLINE="1", **uv_variables(online.variables))
        cache, venv = Path(world.variables["WF_CACHE"]), world.folder / "venv"
        # not in the project: nothing there may turn the index
        by_hand = replace(world.command(), cwd=world.folder / "home")
        make = (program, "venv", "--no-project", "-q", "--python", base_python(), venv)
        install = (program, "pip", "install", "-q", "--python", venv / "bin" / "python",
                   "-r", world.project / "requirements.txt")  # fmt: skip

        def bare() -> float:
            shutil.rmtree(venv, ignore_errors=True)
            return sum(replace(by_hand, argv=argv).seconds() for argv in (make, install))

        def cold() -> float:
            remove(cache)
            taken = warm()
            world.settle()
            return taken

        def warm() -> float:
            return float(world.inside("obtain", "noop", log))

        timed = pairs(bare, cold, effort.pairs(15, 5))
        yield ratio("environment", "environment, cold, against uv by hand", timed, 1.15)

        def by_pip() -> float:
            shutil.rmtree(venv, ignore_errors=True)
            made = (base_python(), "-m", "venv", venv)
            installed = (venv / "bin" / "python", "-m", "pip", "install", "-q",
                         "-r", world.project / "requirements.txt")  # fmt: skip
            return sum(replace(by_hand, argv=argv).seconds() for argv in (made, installed))

        timed = pairs(by_pip, cold, effort.pairs(3, 1))
        yield ratio("environment", "environment, cold, against pip by hand", timed, None)
        found = [warm() for _ in range(effort.pairs(20, 8))]
        yield amount("environment", "environment, warm", found, "s", 0.02)


def training(effort: Effort) -> Iterator[Row]:
    """The bundled training on one core, against the same script with the same variables and core.

    Long enough for its start not to decide, and with the images already there. The job alone, as
    its record has it, shows what wf does to a job that runs; the whole process against the clock
    outside, which may take 0.2 s more for its start (the budget of a run that does nothing),
    keeps the record honest.
    """
    if effort.quick and effort.runs is None:
        raise NotMeasuredError("takes minutes, and this is a quick run")
    name = "train-mnist-no-gpu"
    script = Path("workflows/mnist/train.py")
    if not hasattr(os, "sched_setaffinity"):
        raise NotMeasuredError("this system has no affinity")
    with World.make("training") as world:
        for folder in (".dstack", "workflows"):
            shutil.copytree(ROOT / folder, world.project / folder, ignore=_bytecode)
        world.commit()
        data = world.folder / "data"
        words = ("--epochs", _EPOCHS, "--limit-train-batches", "1", "--data", str(data))
        try:
            world.wf("run", name, "--", "--data", str(data)).run()
        except FailedError as error:
            raise NotMeasuredError(f"the training cannot be run here: {error}") from None
        document = world.json("show", "last", "--json")
        python = world.python_of_last_run()
        job = Command(
            (python, script, *words),
            {
                **world.variables,
                "PATH": f"{python.parent}{os.pathsep}{world.variables['PATH']}",
                "PYTHONUNBUFFERED": "1",
                **dict.fromkeys(envvars.THREAD_COUNTS, "1"),
                envvars.CUDA_VISIBLE_DEVICES: "",
            },
            world.project,
            world.folder / "output",
            frozenset(document["resources"]["cpus"]),
        )
        run = world.wf("run", name, "--", *words)
        wall, cpu, whole = [], [], []
        for _ in range(effort.pairs(5, 1)):
            shutil.rmtree(world.project / "model", ignore_errors=True)
            bare = job.run()
            shutil.rmtree(world.project / "model", ignore_errors=True)
            wf = run.run()
            usage = world.json("show", "last", "--json")["usage"]
            wall.append((bare.wall, usage["wall_seconds"]))
            cpu.append((bare.cpu, usage["cpu_seconds"]))
            whole.append((bare.wall, wf.wall))
        yield ratio("training", "training, the job's time", wall, 1.01)
        yield ratio("training", "training, the job's processor time", cpu, 1.01)
        allowed = 0.01 * min(bare for bare, _ in whole) + 0.2
        yield difference("training", "training, the whole of wf run", whole, allowed)


_EPOCHS = "100"


def _bytecode(_folder: str, names: list[str]) -> set[str]:
    return {"__pycache__"} & set(names)


_BLOCKS = """
import os, sys
block = (b"x" * 99 + b"\\n") * 656  # 64 KiB
left = int(sys.argv[1])
while left > 0:
    left -= os.write(1, block[:left])
"""

_LINES = """
import sys
line = "x" * 99
for _ in range(int(sys.argv[1]) // 100):
    print(line)
"""


def log(effort: Effort) -> Iterator[Row]:
    """A script that prints a lot, ``wf run > /dev/null`` against ``script > file``.

    wf writes the log and hands it on to its own stdout. What the same script takes longer under
    wf when it prints nothing is taken off: it has a line and a budget of its own, and is more than
    all of the printing. The whole, start included, stands below without a budget.

    Neither is tied to a core. Jobs run with PYTHONUNBUFFERED, as under every dstack runner, so
    that a line is seen when it is printed, and so does the bare script here; the last row has one
    that keeps lines back until they fill a block.
    """
    blocks = 50 * _MB if effort.quick else 200 * _MB
    yield from _log("in blocks of 64 KiB", _BLOCKS, blocks, effort.pairs(11, 5))
    yield from _log("line by line", _LINES, 10 * _MB if effort.quick else 40 * _MB,
                    effort.pairs(5, 3))  # fmt: skip


def _log(what: str, script: str, size: int, runs: int) -> Iterator[Row]:
    what = f"{size // _MB} MB {what}"
    memory = PeakMemory()
    with World.make("log") as world:
        world.workflow("talk", script, cores=None)
        world.commit()
        world.wf("run", "talk", "--", str(size)).run(memory.watch)
        python = world.python_of_last_run()
        output = world.folder / "output"
        forget = world.wf("rm", "last")
        forget.run()

        def bare(printed: int, unbuffered: str = "1") -> float:
            command = world.command(python, "talk.py", str(printed), output=output)
            # set to nothing, it counts as not set
            variables = {**command.env, "PYTHONUNBUFFERED": unbuffered}
            return replace(command, env=variables).seconds()

        def wf(printed: int) -> float:
            taken = world.wf("run", "talk", "--", str(printed)).seconds()
            forget.run()
            return taken

        def net() -> float:
            whole.append(wf(size))
            return whole[-1] - (wf(0) - bare(0))

        whole: list[float] = []
        timed = pairs(lambda: bare(size), net, runs)
        yield ratio("log", f"{what}, start taken off", timed, 1.2)
        full = [(one, both) for (one, _), both in zip(timed, whole[1:], strict=True)]
        yield ratio("log", f"{what}, whole processes", full, None)
        if script is _LINES:
            kept = pairs(lambda: bare(size, ""), lambda: wf(size), max(1, runs // 2))
            yield ratio("log", f"{what}, bare in blocks", kept, None)
    if memory.bytes:
        title = f"wf's own memory, {what}"
        yield amount("log", title, [float(memory.bytes)], "B", 80.0 * _MB)


def collect(effort: Effort) -> Iterator[Row]:
    """The collection phase, against reading and hashing every file once, within one process.

    It is what a run waits for. Where there are many small files, they are made one with those of
    other runs when the run is over: that has a row of its own, without a budget as nobody waits for
    it. Both together are what the machine has to do.
    """
    runs = str(effort.pairs(7, 3))
    small, large = (2_000, 64) if effort.quick else (10_000, 512)
    for what, files, size in (
        (f"collecting {small:,} files of 4 KiB", small, 4096),
        (f"collecting 4 files of {large} MiB", 4, large << 20),
        (f"collecting a file of {4 * large} MiB", 1, 4 * large << 20),
    ):
        with World.make("collect") as world:
            timed = world.inside("collect", world.folder, str(files), str(size), runs)
        yield ratio("collect", what, [(bare, waited) for bare, waited, _ in timed], 1.3)
        if files == small:
            whole = [(bare, waited + more) for bare, waited, more in timed]
            yield ratio("collect", f"{what}, and sharing them afterwards", whole, None)


def dependency(effort: Effort) -> Iterator[Row]:
    """10 GB of inputs, until they are in a workspace; the budget is for where none is copied."""
    files, size = 10, 10**9
    with World.make("dependency") as world:
        words = (world.folder, str(files), str(size), str(effort.pairs(7, 3)))
        taken = world.inside("dependency", *words)
    yield amount("dependency", f"{files} inputs of 1 GB", taken, "s", 0.1)


def sampling(effort: Effort) -> Iterator[Row]:
    """Samples of a job of dozens of processes: what they add to each second of looking after it."""
    processes, seconds = 40, 5 if effort.quick else 12
    with World.make("sampling") as world:
        words = (world.folder, str(processes), str(seconds), str(effort.pairs(5, 3)))
        timed = world.inside("sampling", *words)
    yield difference("sampling", f"a second of a job of {processes} processes", timed, 0.005)


_WORKFLOW = """\
  - name: train-{number}
    help: "Train variant {number} of the model"
    provider: python
    script: train.py
    requirements: requirements.txt
    args: ["--seed", "{number}", "--lr", "0.001"]
    environment:
      SEED: {number}
    artifacts:
      - path: data
      - path: model
    resources:
      cpu: 1
      memory: 4GB
"""


def validate(effort: Effort) -> Iterator[Row]:
    """``wf validate`` of a file with many workflows, against composing the YAML.

    Within one process, as its start would hide the rest. Some 2,300 of them fill a file; more lie
    in several. What reads the text is measured alone as well, without the limits of a file. Ten
    times the workflows take ten times as long, or the ratios would grow.
    """
    import yaml

    if not hasattr(yaml, "CSafeLoader"):
        raise NotMeasuredError("PyYAML was built without libyaml")
    runs = str(effort.pairs(9, 4))
    for number in (100, 1_000) if effort.quick else (100, 1_000, 10_000, 100_000):
        with _many_workflows(number, _IN_A_FILE) as world:
            timed = world.inside("validate", runs if number < _MANY else "2")
        yield ratio("validate", f"validating {number:,} workflows", timed, 3.0)
    for number in (1_000,) if effort.quick else (1_000, 10_000):
        with _many_workflows(number, number) as world:
            timed = world.inside("read", runs)
        yield ratio("validate", f"reading the text of {number:,} workflows", timed, 3.0)


# fewer than the 2,300 or so that fill a file
_IN_A_FILE = 2_000
_MANY = 100_000


@contextmanager
def _many_workflows(number: int, in_a_file: int) -> Iterator[World]:
    with World.make("validate") as world:
        world.write("train.py", _NOTHING)
        world.write("requirements.txt", _REQUIREMENTS)
        for first in range(0, number, in_a_file):
            own = range(first, min(first + in_a_file, number))
            listed = "".join(_WORKFLOW.format(number=number) for number in own)
            name = f"workflows/{first}.yaml" if first else "workflows.yaml"
            world.write(f".dstack/{name}", f"workflows:\n{listed}")
        yield world


PARTS: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "startup": startup,
    "records": records,
    "noop": noop,
    "container": container,
    "many": many,
    "environment": environment,
    "first-line": first_line,
    "installing": installing,
    "training": training,
    "fit": fitting,
    "leases": leases,
    "log": log,
    "masking": masking,
    "sampling": sampling,
    "collect": collect,
    "dependency": dependency,
    "validate": validate,
}
