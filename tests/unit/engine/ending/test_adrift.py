"""A container whose wf was killed, and whoever stood by: what the next command makes of it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, cast

import pytest

from runner.engine.ending import adrift, verdict
from runner.engine.ending.adrift import Adrift
from runner.errors import UNSATISFIABLE, WfError
from runner.paths import RunPaths
from runner.process.passage import End, Passage
from runner.process.sink import LogFile
from runner.records import folder
from tests.fakes.daemon import ENDED, IDENTITY, RUNS, FoundDaemon

if TYPE_CHECKING:
    from pathlib import Path

    from runner.containers.daemon import Daemon
    from runner.containers.values import State

LISTENS = "812"
NOBODY = 65533


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """A run whose job was begun, and has left nothing that lies in its container alone."""
    made = RunPaths(tmp_path / "runs" / "wet-mango-1")
    made.workspace.mkdir(parents=True)
    made.manifest.write_text("{}")
    return made


def known(**facts: Any) -> dict[str, Any]:
    return {"id": IDENTITY, "image": "a:1", "image_id": "sha256:abc", "listener": LISTENS, **facts}


def found(paths: RunPaths, daemon: FoundDaemon, **facts: Any) -> Adrift:
    return Adrift(paths, known(**facts), cast("Daemon", daemon), restarted=False)


def settled(paths: RunPaths, daemon: FoundDaemon, **facts: Any) -> str | None:
    """How the run's job ended, as far as that is known when all is done."""
    found(paths, daemon, **facts).settle(ran=True)
    assert daemon.made.found is None
    end = verdict.read(paths)
    return end and end.message


def test_one_that_has_ended_tells_how(paths: RunPaths) -> None:
    assert settled(paths, FoundDaemon(ENDED, listens=LISTENS)) == "the job exited with 7"


def test_one_that_runs_is_ended_and_tells_nothing(paths: RunPaths) -> None:
    daemon = FoundDaemon(RUNS, listens=LISTENS, kept=True)
    assert settled(paths, daemon) is None
    assert daemon.made.sent == [signal.SIGKILL]


def test_who_comes_next_does_not_take_that_for_its_end(paths: RunPaths) -> None:
    """Whoever ended it was killed before it could do more."""
    daemon = FoundDaemon(RUNS, listens=LISTENS)
    found(paths, daemon)
    daemon.made.found = ENDED
    assert settled(paths, daemon, **(folder.read(paths.container) or {})) is None


@pytest.mark.parametrize(("kept", "said"), [(False, None), (True, "the job exited with 7")])
def test_a_daemon_by_tcp_may_have_been_started_anew(
    paths: RunPaths, *, kept: bool, said: str | None
) -> None:
    assert settled(paths, FoundDaemon(ENDED, kept=kept), listener="") == said


@pytest.mark.parametrize("state", [ENDED, RUNS, None], ids=["ended", "runs", "gone"])
@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can give files away")
def test_what_somebody_else_wrote_is_given_back(paths: RunPaths, state: State | None) -> None:
    """``user:`` of the workflow is somebody else; the container may have been removed since."""
    made = paths.workspace / "made"
    made.touch()
    os.chown(made, NOBODY, NOBODY)
    settled(paths, FoundDaemon(state, listens=LISTENS))
    assert made.stat().st_uid == 0


def test_one_that_was_seen_to_end_is_not_needed_for_that(paths: RunPaths) -> None:
    sink = LogFile(os.open(paths.log, os.O_WRONLY | os.O_CREAT), str(paths.log_times))
    Passage(sink, paths.handed_on).end = End(3, out_of_memory=False)
    assert settled(paths, FoundDaemon(None)) == "the job exited with 3"


def test_where_no_daemon_listens_it_may_still_run(paths: RunPaths) -> None:
    """One that is stopped takes its socket along, and so does a machine that is restarted."""
    address = f"unix://{paths.root}/none.sock"
    folder.write(paths.container, known(daemon={"DOCKER_HOST": address}))
    run = adrift.find(paths, restarted=True)
    assert run is not None
    with pytest.raises(WfError, match=f"the daemon at {address} does not answer") as caught:
        run.settle(ran=True)
    assert caught.value.kind == UNSATISFIABLE
    assert "wf rm wet-mango-1" in (caught.value.hint or "")
    assert verdict.read(paths) is None
