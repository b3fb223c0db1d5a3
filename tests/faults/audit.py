"""What a fault must not leave behind, looked at from outside: wf is asked nothing.

:meth:`Audit.faults` tells, in words, what is there after a fault and must not be: processes, locks,
leases, places in the queue, control groups, temporary files, workspaces, half of anything. An empty
list is a clean bill.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import World

GROUPS = Path("/sys/fs/cgroup")
ENDS = ("succeeded", "failed", "cancelled", "lost")
# what may follow what, written down once more: the audit believes nobody
FOLLOWS: dict[str, tuple[str, ...]] = {
    "pending": ("provisioning", "failed", "cancelled", "lost"),
    "provisioning": ("running", "failed", "cancelled", "lost"),
    "running": ("collecting", "failed", "cancelled", "lost"),
    "collecting": ("succeeded", "failed", "cancelled", "lost"),
}
# only there while a run goes on
PASSING = ("workspace", "environment", "waiting.json", "progress.json")
# a lock in the lock folder that is nobody's in particular, and stays
TABLE = "wf-devices"


class Audit:
    """That of one world. May be asked any number of times, whenever no run is to go on."""

    def __init__(self, world: World) -> None:
        self._state = Path(world.variables["WF_HOME"])
        self._locks = Path(world.variables["WF_LOCKS"])

    def faults(self) -> list[str]:
        """All that is wrong."""
        return [
            *self._processes(),
            *self._lock_folder(),
            *self._groups(),
            *self._temporary(),
            *(fault for run in self._runs() for fault in self._of_run(run)),
            *self._index(),
        ]

    def log_faults(self, run: str, written: bytes, *, whole: bool) -> list[str]:
        """What is wrong with a log: it is what the job wrote, or where not ``whole`` its start."""
        log = self._state / "runs" / run / "log"
        found = log.read_bytes() if log.exists() else b""
        if found == written or (not whole and written.startswith(found)):
            return []
        return [f"the log of {run} holds {found[-200:]!r}, and {written[-200:]!r} was written"]

    def _runs(self) -> list[Path]:
        folder = self._state / "runs"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _processes(self) -> Iterator[str]:
        """Whatever was started in this world: wf, jobs and helpers have its variables."""
        mark = f"WF_HOME={self._state}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                # what finishes an environment in the background belongs to no run
                if b"runner.finisher" in words or process.name == str(os.getpid()):
                    continue
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    yield f"process {process.name} is left: {b' '.join(words).decode()}"

    def _lock_folder(self) -> Iterator[str]:
        if not self._locks.is_dir():
            return
        for path in sorted(self._locks.iterdir()):
            if path.name != TABLE:
                yield f"{path.name} is left in the lock folder"
            elif not _lockable(path, fcntl.lockf):
                yield "devices are held"

    def _groups(self) -> Iterator[str]:
        """They are called after who made them: a supervisor of one of these runs."""
        makers = {
            (run / "supervisor").read_text().split()[0]
            for run in self._runs()
            if (run / "supervisor").exists()
        }
        for folder, names, _ in os.walk(GROUPS):
            for name in names:
                if name.startswith("wf-") and name.split("-")[1] in makers:
                    yield f"the control group {folder}/{name} is left"

    def _temporary(self) -> Iterator[str]:
        for name in ("starting", "removed", "submissions"):
            folder = self._state / name
            for path in folder.iterdir() if folder.is_dir() else ():
                yield f"{name}/{path.name} is left"
        for path in (*self._state.glob("*.new"), *self._state.glob("runs/*/*.new")):
            yield f"{path.relative_to(self._state)} is left"

    def _of_run(self, run: Path) -> Iterator[str]:
        state, submitted = _json(run / "state.json"), _json(run / "submitted.json")
        if not isinstance(state, dict) or not isinstance(submitted, dict):
            yield f"{run.name} is half a run: {sorted(path.name for path in run.iterdir())}"
            return
        yield from _history(run.name, state)
        kept = state["reason"] == "storage"
        for name in PASSING:
            if os.path.lexists(run / name) and not (kept and name == "workspace"):
                yield f"{run.name} still has {name}"
        for name in ("lock", "supervisor", "."):
            if not _lockable(run / name, fcntl.flock):
                yield f"{run.name}: {name} is held"
        yield from _artifacts(run)

    def _index(self) -> Iterator[str]:
        database = self._state / "index.sqlite"
        if not database.exists():
            return
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            # one that could not be made is made again
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchall()
            rows = dict(connection.execute("SELECT name, status FROM runs")) if made else {}
        states = {run.name: (_json(run / "state.json") or {}).get("status") for run in self._runs()}
        for name in rows.keys() | states.keys():
            if rows.get(name) != states.get(name):
                yield f"{name} is {states.get(name)}, and {rows.get(name)} in the index"


def _history(run: str, state: dict[str, Any]) -> Iterator[str]:
    statuses = [status for status, _ in state["history"]]
    times = [at for _, at in state["history"]]
    if state["status"] not in ENDS:
        yield f"{run} is {state['status']}"
    if statuses[0] != "pending" or statuses[-1] != state["status"]:
        yield f"{run} went through {statuses}"
    for before, after in pairwise(statuses):
        if after not in FOLLOWS.get(before, ()):
            yield f"{run} went from {before} to {after}"
    if times != sorted(times):
        yield f"{run} went back in time: {times}"
    if state["status"] in ENDS and not (state["reason"] and state["message"]):
        yield f"nobody says why {run} is {state['status']}"


def _artifacts(run: Path) -> Iterator[str]:
    """What the manifest lists is there, and nothing else."""
    manifest = _json(run / "manifest.json")
    listed = {
        entry["path"]: entry["bytes"]
        for artifact in (manifest or {}).get("artifacts", [])
        for entry in _lines(run / "manifest" / artifact["list"])
        if entry["kind"] == "file"
    }
    root = run / "artifacts"
    there = {
        str(path.relative_to(root)): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    if listed != there:
        yield f"{run.name} lists {listed} and has {there}"


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _lockable(path: Path, lock: Any) -> bool:
    """Whether nobody holds it; what is not there is held by nobody."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
