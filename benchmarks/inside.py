"""What can only be timed inside a process: each function here runs in one of its own.

``python benchmarks/inside.py WHAT ARGUMENTS`` prints one JSON document. Where two things are
compared, both are done in this one process, in turn, after one of each that does not count.
"""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
import sys
import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import pairs
from benchmarks.queueing import acquire, queue
from runner.engine.files import FileText
from runner.engine.opening import open_files
from runner.engine.prepare import Then, prepare
from runner.plan.plan import Choices
from runner.settings import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Pairs
    from runner.events import Event

_CHUNK = 1 << 20
_NUMBER = 8  # bytes
# what wf sets when it starts; what it is compared with gains by it as well
_COLLECT = (100_000,)
_FILE = Path(".dstack/workflows.yaml")


class _Silent:
    """Watches, and says nothing."""

    def notify(self, event: Event, /) -> None:
        """Take no note."""


def obtain(workflow: str, log: str) -> float:
    """The step of a run that comes to an environment: its seconds, in a process as a run's is."""
    from runner import compose
    from runner.engine import run  # noqa: F401 - what a run has imported by then

    opened = open_files([FileText(_FILE.read_bytes(), str(_FILE))], Path.cwd())
    nothing = Then("2022-07-01", lambda _: None, tuple)
    spec = prepare(opened, workflow, Choices(), nothing).job.environment
    variables = dict(os.environ)
    settings = resolve(variables)
    parts = compose.parts(settings, variables, lambda: datetime.now(timezone.utc))
    started = time.perf_counter()
    parts.environments.obtain(spec, _Silent(), Path(log))
    return time.perf_counter() - started


def collect(folder: str, files: str, size: str, runs: str) -> list[tuple[float, float, float]]:
    """Reading and hashing ``files`` files of ``size`` bytes each, collecting them, and sharing.

    Collecting is what the engine does when a job has ended: the declared folder is moved out of
    the workspace, every file is listed with its digest, and the list is written. Few files, and
    large ones, are made read-only and put into the pool of equal files, which has none of them.
    With many small ones that is what somebody else does when the run is over; here it is timed in
    the same process, which does not stand back.
    """
    from runner.artifacts.collecting.collect import collect as collect_
    from runner.artifacts.store.afterwards import mark, share
    from runner.artifacts.store.pool import Pool
    from runner.paths import RunPaths
    from runner.records import manifests
    from runner.spec.workflow import ArtifactRequest

    paths = RunPaths(Path(folder))
    workspace, pool = paths.workspace, paths.root / "objects"
    unshared = paths.root / "unshared" / "run"
    gc.set_threshold(*_COLLECT)
    _fill(workspace / "out", int(files), int(size))

    def bare() -> float:
        return _seconds(lambda: _hash_all(workspace / "out"))

    def wf() -> float:
        def work() -> None:
            requests = (ArtifactRequest("out"),)
            later = partial(mark, unshared)
            found = collect_(workspace, requests, paths, Pool(pool), later=later)
            manifests.write(paths, found.artifacts)

        taken = _seconds(work)
        shared.append(_seconds(lambda: share(paths, unshared, Pool(pool))))
        for made in (paths.artifacts, paths.lists):
            shutil.rmtree(made)
        Pool(pool).sweep()
        _fill(workspace / "out", int(files), int(size))
        return taken

    shared: list[float] = []
    timed = pairs(bare, wf, int(runs))
    after = shared[-len(timed) :]
    return [(read, taken, more) for (read, taken), more in zip(timed, after, strict=True)]


def dependency(folder: str, files: str, size: str, runs: str) -> list[float]:
    """Seconds that it takes until ``files`` inputs of ``size`` bytes each are in a workspace.

    They have holes instead of content: wherever they are not copied, that makes no difference.
    """
    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.inputs import place
    from runner.artifacts.giving.layer import below
    from runner.artifacts.giving.settling import discard
    from runner.paths import RunPaths

    kept, entries = Path(folder) / "kept", []
    kept.mkdir()
    for number in range(int(files)):
        with (kept / str(number)).open("wb") as file:
            file.truncate(int(size))
        entries.append(Entry(str(number), "file", int(size), "", 0o644, 1))
    taken = []
    for number in range(int(runs)):
        paths = RunPaths(Path(folder) / f"run-{number}")
        paths.workspace.mkdir(parents=True)
        paths.submitted.write_text("{}")
        started = time.perf_counter()
        layer = below(paths)
        place(kept, entries, paths.workspace, lambda *_: None, layer)
        if layer is not None:
            layer.lay()
        taken.append(time.perf_counter() - started)
        discard(paths)
    return taken


def _fill(folder: Path, files: int, size: int) -> None:
    block = os.urandom(min(size, _CHUNK))
    for number in range(files):
        path = folder / f"{number // 100:03}" / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(number.to_bytes(_NUMBER, "big"))  # no two are alike
            for _ in range(_NUMBER, size, len(block)):
                file.write(block[: size - file.tell()])


def _hash_all(folder: Path) -> list[str]:
    """Every file once: opened, read, hashed."""
    from blake3 import blake3

    digests = []
    for parent, _, names in os.walk(folder):
        for name in names:
            hasher = blake3()
            with open(os.path.join(parent, name), "rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
            digests.append(hasher.hexdigest())
    return digests


def validate(runs: str) -> Pairs:
    """Composing the project's workflow files with PyYAML's libyaml loader, against ``wf validate``.

    All of the verb but the start of its process: the start has its own line, and would hide the
    rest. It looks at the files that the workflows name as well, which composing does not.
    """
    import yaml

    from runner.cli.commands import validate as verb
    from runner.cli.context import Context
    from runner.workspace.project import workflow_files

    texts = [file.read_bytes() for file in workflow_files(Path.cwd())]
    variables = dict(os.environ)
    arguments = verb.parser().parse_args([])
    gc.set_threshold(*_COLLECT)

    def bare() -> float:
        return _seconds(lambda: [yaml.compose(text, Loader=yaml.CSafeLoader) for text in texts])

    def wf() -> float:
        said = io.StringIO()
        context = Context(
            out=said,
            err=said,
            cwd=Path.cwd(),
            variables=variables,
            settings=resolve(variables),
            now=lambda: datetime.now(timezone.utc),
        )
        taken = _seconds(lambda: _succeed(verb.execute(arguments, context), said))
        if "no mistakes" not in said.getvalue():
            raise SystemExit(said.getvalue())
        return taken

    return pairs(bare, wf, int(runs))


def read(runs: str) -> Pairs:
    """Composing the project's workflow file with PyYAML's libyaml loader, against our reader."""
    import yaml

    from runner.document.limits import Limits
    from runner.document.reader import read as read_

    text = _FILE.read_bytes()
    limits = Limits(bytes=len(text), values=len(text))
    gc.set_threshold(*_COLLECT)
    return pairs(
        lambda: _seconds(lambda: yaml.compose(text, Loader=yaml.CSafeLoader)),
        lambda: _seconds(lambda: read_(text, str(_FILE), limits)),
        int(runs),
    )


_CREW = """
import os, threading, time
for _ in range({processes}):
    if not os.fork():
        for _ in range({threads}):
            threading.Thread(target=time.sleep, args=({seconds},), daemon=True).start()
        time.sleep({seconds})
        os._exit(0)
for _ in range(20 * {seconds}):
    print("Epoch 3:  45%|####5     | 422/938 [00:05<00:06, 83.20it/s]", end="\\r", flush=True)
    time.sleep(0.05)
"""


def sampling(folder: str, processes: str, seconds: str, runs: str) -> Pairs:
    """Looking after a job of many processes that says little, without and with samples.

    The figure is processor time of this process, for each second that the job takes.
    """
    from runner.allocation.interface import Lease
    from runner.engine.accounting.watch import Watch
    from runner.paths import RunPaths
    from runner.process.job import JobProcess
    from runner.process.signals import Signals
    from runner.process.sink import LogFile
    from runner.process.values import JobCommand
    from tests.fakes.leases import FakeLeases

    script = _CREW.format(processes=processes, threads=4, seconds=seconds)
    command = JobCommand((sys.executable, "-c", script), dict(os.environ), Path.cwd())
    paths = RunPaths(Path(folder))
    lease = Lease((), exclusive=False, gpus=(), memory=None, of_cores=1)

    def job(*, sampled: bool) -> float:
        log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        started, before = time.perf_counter(), time.process_time()
        process = JobProcess(command, LogFile(log))
        watch = Watch(process, lease, FakeLeases(), lambda _: {}, paths)
        process.wait(Signals(), _nothing, _nothing, watch.tick if sampled else None)
        watch.close()
        os.close(log)
        return (time.process_time() - before) / (time.perf_counter() - started)

    return pairs(lambda: job(sampled=False), lambda: job(sampled=True), int(runs))


def _nothing(_number: int = 0) -> None:
    """Take no note."""


def _succeed(code: int, said: io.StringIO) -> None:
    if code:
        raise SystemExit(said.getvalue())


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Do one of them."""
    known: dict[str, Callable[..., Any]] = {
        "acquire": acquire,
        "queue": queue,
        "obtain": obtain,
        "collect": collect,
        "dependency": dependency,
        "validate": validate,
        "read": read,
        "sampling": sampling,
    }
    sys.stdout.write(json.dumps(known[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
