"""The containers of runs that nobody carries out any more: found, and brought to their end.

A container is the daemon's: it goes on though all of wf was killed. One that has ended by itself
still knows how, and the daemon has what it wrote; whatever else is found is ended.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.containers.faults import Gone, Refused, Unreachable
from runner.containers.giving import give_back
from runner.containers.values import HOME_LABEL, RUN_LABEL, ContainerSpec, State, name_of
from runner.engine.ending import verdict
from runner.engine.ending.by_itself import Found, by_itself
from runner.engine.ending.recollecting import wanted
from runner.engine.fetching import fetch
from runner.envvars import DOCKER_HOST
from runner.errors import UNSATISFIABLE, WfError
from runner.process import passage
from runner.process.confinement.interface import MemoryUse
from runner.process.framed import Stream
from runner.process.sink import LogFile
from runner.process.values import Exit
from runner.records import asking, folder

if TYPE_CHECKING:
    from runner.containers.container import Container
    from runner.containers.daemon import Daemon
    from runner.paths import RunPaths
    from runner.records.asking import Asked

_SIGNALLED = 128
_KILL = 9
# a process in the kernel's hands cannot be ended: it is not waited for; nor is a container that
# the daemon never comes to make
_PATIENCE_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.02
# as long as a busy daemon takes to come to a request
_TURN_SECONDS = 0.5
# the rest of a log is on this machine
_SILENCE_MS = 10_000


class Adrift:
    """The container of one run, as it was found before anything was done about it."""

    def __init__(
        self, paths: RunPaths, known: dict[str, Any], daemon: Daemon, *, restarted: bool
    ) -> None:
        """``known`` is what the run's folder says of it. Asks the daemon.

        ``restarted``: the machine was, since.
        """
        self._paths, self._known, self._daemon = paths, known, daemon
        self._restarted = restarted
        self._container: Container | None = None
        self._state: State | None = None
        self._error: WfError | None = None
        self._by_itself = False
        try:
            self._look()
        except WfError as error:
            self._error = error
        except Gone:
            self._container = None
        except (Unreachable, Refused) as error:
            self._error = self._away(error)

    def _look(self) -> None:
        found = _found(self._daemon, self._paths, self._known)
        if found is None:
            return
        self._container, self._state = found
        self._by_itself = self._state.over and by_itself(self._as_found(self._state))
        if not self._state.over:
            # said before anything is: who does this may be killed, and how it ends is our doing
            self._known = {**self._known, "cut_short": True}
            folder.write(self._paths.container, self._known, durable=False)

    def _as_found(self, state: State) -> Found:
        return Found(
            state,
            began_with=self._known.get("listener") or "",
            listens=self._daemon.listener(),
            kept=self._daemon.keeps_containers(),
            restarted=self._restarted,
            cut_short=bool(self._known.get("cut_short")),
        )

    def settle(self, *, ran: bool) -> None:
        """End it, keep what it wrote and how it ended, and remove it; ``ran``: its job was begun.

        Raises:
            WfError: the daemon does not answer: it may still run.
        """
        if self._error is not None:
            raise self._error
        try:
            with suppress(Gone):  # somebody else has removed it
                self._settle(ran=ran)
            self._give_back()
        except (Unreachable, Refused) as error:
            raise self._away(error) from error

    def _settle(self, *, ran: bool) -> None:
        container = self._container
        if container is None or self._state is None:
            end = passage.read_end(self._paths.handed_on) if ran else None
            if end is not None:
                # it was seen to end, and removed
                self._state, self._by_itself = State("exited", 0, *end, ""), True
                self._keep_end()
            return
        if not self._state.over:
            _end(container, self._state)
        if ran:
            self._keep_log(container)
            self._keep_end()
            self._fetch(container)
        container.remove()

    def _give_back(self) -> None:
        """What somebody else wrote inside belongs to the caller, whatever became of it."""
        daemon, paths = self._daemon, self._paths
        noted = (paths.notes, paths.unmasked_notes)
        folders = (paths.workspace, paths.artifacts, paths.trackers, paths.home, *noted)
        give_back(daemon, str(self._known.get("image_id")), daemon.caller(), folders)

    def _away(self, error: Exception) -> WfError:
        return WfError(
            UNSATISFIABLE,
            f"its container may still run: the daemon at {self._daemon.address} does not answer",
            hint=f"start it (`systemctl start docker`), and look again: wf ps; `wf rm "
            f"{self._paths.root.name}` gives the run up with all that it made",
            details=str(error),
        )

    def _keep_end(self) -> None:
        """Write down how it ended, where it did so by itself."""
        if self._by_itself and self._state is not None and verdict.read(self._paths) is None:
            asked = asking.read(self._paths)
            ended = _exit(self._state, asked, folder.read(self._paths.granted) or {})
            verdict.write(self._paths, verdict.judge(ended, asked))

    def _fetch(self, container: Container) -> None:
        """Have what it was to leave behind, as far as that lies in it and nowhere else."""
        if self._paths.manifest.exists() or asking.aborted(self._paths):
            return
        requests = wanted(self._paths, folder.read_submitted(self._paths) or {})
        found = fetch(container, requests, self._paths, lambda _files, _bytes: None, patience=0)
        if found.error is not None:
            raise found.error

    def _keep_log(self, container: Container) -> None:
        """Bring what it wrote last to its log. Nobody could mask that of a job with secrets."""
        submitted = folder.read_submitted(self._paths) or {}
        jobs = (submitted.get("plan") or {}).get("jobs") or [{}]
        try:
            log = os.open(self._paths.log, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            handed = passage.read(self._paths.handed_on, os.fstat(log).st_size)
            if handed is None or jobs[-1].get("secrets"):
                return
            sink = LogFile(log, str(self._paths.log_times))
            terminal = bool(self._known.get("terminal"))
            way = passage.Passage(sink, None, handed)
            _read(Stream(container.follow(), way, terminal=terminal, known=handed))
            sink.finish()
            self._paths.handed_on.unlink(missing_ok=True)  # by now it says less than there is
        finally:
            os.close(log)


def find(paths: RunPaths, *, restarted: bool) -> Adrift | None:
    """The container of a run; ``None`` if it never came to one.

    ``restarted``: the machine was, since the run lost its supervisor.
    """
    known = folder.read(paths.container)
    if known is None:
        return None
    from runner.containers.daemon import Daemon

    # runs that were begun before this was written down have its address
    found_by = known.get("daemon") or {DOCKER_HOST: str(known.get("address"))}
    return Adrift(paths, known, Daemon(found_by), restarted=restarted)


def _found(
    daemon: Daemon, paths: RunPaths, known: dict[str, Any]
) -> tuple[Container, State] | None:
    """By its id, or by its labels: who made it was killed before he could write that down."""
    if known.get("id"):
        container = daemon.container(str(known["id"]))
        return container, container.state()
    labels = {RUN_LABEL: paths.root.name, HOME_LABEL: str(paths.root)}
    found = _labelled(daemon, labels)
    if found is None and _asked_for(paths):
        spec = ContainerSpec(name_of(paths.root.name), str(known["image_id"]), labels=labels)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (
            found is None and daemon.is_making(spec, _TURN_SECONDS) and time.monotonic() < deadline
        ):
            time.sleep(_LOOK_AGAIN_SECONDS)
            found = _labelled(daemon, labels)
        found = found or _labelled(daemon, labels)
    return found


def _labelled(daemon: Daemon, labels: dict[str, str]) -> tuple[Container, State] | None:
    """The container that has these labels; one that is being made is listed before it is there."""
    for container in daemon.labelled(labels):
        with suppress(Gone):
            return container, container.state()
    return None


def _asked_for(paths: RunPaths) -> bool:
    """Whether the daemon may have been asked for a container."""
    state = folder.read_state(paths)
    return state is not None and state.status == "running"


def _end(container: Container, state: State) -> None:
    if state.status != "created":
        with suppress(Refused):  # it has ended meanwhile, with its processes
            container.send(_KILL)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while state.status != "created" and not state.over and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
        state = container.state()


def _read(stream: Stream) -> None:
    poller = select.poll()
    poller.register(stream, select.POLLIN | select.POLLHUP)
    try:
        while stream.open and poller.poll(_SILENCE_MS):
            stream.carry(lambda: None)
    finally:
        stream.close()


def _exit(state: State, asked: Asked | None, granted: dict[str, Any]) -> Exit:
    number, limit = state.code - _SIGNALLED, granted.get("memory")
    killed = number == _KILL
    return Exit(
        code=None if killed else state.code,
        signal=number if killed else None,
        asked=() if asked is None else (asked.number,),
        memory=MemoryUse(limit, None, 1) if state.out_of_memory and limit else None,
    )
