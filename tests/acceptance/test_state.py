"""What wf keeps is private, and a bug in wf is said as one."""

from __future__ import annotations

import json
import os
import stat
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli import main as cli
from runner.paths import Home
from runner.records import folder as files
from runner.records import state
from tests.conftest import program, require
from tests.unit.records.made import make, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World


def started_with(mask: int, world: World, *words: str, **variables: Any) -> int:
    before = os.umask(mask)
    try:
        return world.wf(*words, **variables).code
    finally:
        os.umask(before)


def private(folder: Path, but: set[str]) -> dict[str, str]:
    """Everything below that others may look into; what lies below names in ``but`` is the job's."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        below = path.relative_to(folder).parts
        if path.is_symlink() or but & set(below[:-1]):
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            found[str(path.relative_to(folder))] = oct(mode)
    return found


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_state_is_private_whatever_the_umask(world: World, mask: int) -> None:
    require("git", program("git"))
    world.workflows(
        "workflows:\n  - {name: job, provider: bash, artifacts: [model], commands: [':']}\n"
    )
    world.write("file", "one\n")
    world.git()
    world.write("file", "two\n")
    assert started_with(mask, world, "run", "job") == 0
    assert started_with(mask, world, "ps") == 0
    (name,) = world.runs()
    assert (world.folder(name) / "source.diff").exists()
    assert private(world.home / "state", {"artifacts"}) == {}


def test_an_installers_words_are_private(world: World) -> None:
    """They may hold the address of an index with its password."""
    from tests.fakes import packages

    links = world.home / "links"
    packages.wheel(links, "leaf")
    world.variables.update(packages.index(links))
    world.workflows(
        "workflows:\n  - {name: job, provider: bash, requirements: r.txt, commands: [':']}\n"
    )
    world.write("r.txt", "leaf\n")
    assert started_with(0, world, "run", "job") == 0
    (name,) = world.runs()
    assert (world.folder(name) / "environment.log").exists()
    assert private(world.home / "state", {"artifacts"}) == {}


def test_the_cache_is_nobody_elses_to_write(world: World) -> None:
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [':']}\n")
    cache = world.home / "cache"
    assert started_with(0, world, "run", "job", WF_CACHE=str(cache)) == 0
    environments = cache / "environments"
    for folder in (cache, environments, *environments.iterdir()):
        assert folder.stat().st_mode & 0o022 == 0, folder


def test_the_jobs_own_umask_is_the_callers(world: World) -> None:
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [umask]}\n")
    assert started_with(0o027, world, "run", "job") == 0
    assert world.wf("logs", "last").out == "0027\n"


def test_the_state_folder_that_is_there_already_stays_as_it_is(world: World) -> None:
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [':']}\n")
    state = world.home / "state"
    state.mkdir(mode=0o750)
    state.chmod(0o750)
    assert world.wf("run", "job").code == 0
    assert stat.S_IMODE(state.stat().st_mode) == 0o750


# --- a bug in wf ------------------------------------------------------------------------------


@pytest.fixture
def broken_verb(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A verb with a bug, in a wf that runs in this process."""

    def execute(_arguments: object, _context: object) -> int:
        raise ZeroDivisionError("no\nepochs")

    verb = types.ModuleType("runner.cli.commands.broken")
    verb.parser = _Parser  # type: ignore[attr-defined]
    verb.execute = execute  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, verb.__name__, verb)
    monkeypatch.setitem(cli.VERBS, "broken", ("broken", "has a bug"))
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in world.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("API_TOKEN", "sesame")
    return world


class _Parser:
    def parse_args(self, words: list[str]) -> list[str]:
        return words


def test_a_bug_is_one_line_and_a_report(
    broken_verb: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["broken", "word"]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    (report,) = (broken_verb.home / "state" / "crashes").iterdir()
    assert "this is a bug in wf: ZeroDivisionError" in said.err
    assert str(report) in said.err
    assert "hint:" in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("capsys")
def test_the_report_can_be_sent_as_it_is(broken_verb: World) -> None:
    cli.main(["broken", "word"])
    (report,) = (broken_verb.home / "state" / "crashes").iterdir()
    text = report.read_text()
    assert "typed: wf broken word" in text
    assert "Traceback" in text
    assert "ZeroDivisionError" in text
    # no values of variables: they may be secret
    assert "sesame" not in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((broken_verb.home / "state").stat().st_mode) == 0o700


def test_a_bug_without_a_place_for_the_report_shows_it(
    broken_verb: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (broken_verb.home / "state").write_text("a file")
    assert cli.main(["broken"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_run_whose_state_went_with_the_power_is_lost_and_not_forgotten(world: World) -> None:
    """What a power cut can leave of a file that was just replaced is an empty one."""
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [echo said]}\n")
    assert world.wf("run", "job").code == 0
    (name,) = world.runs()
    (world.folder(name) / "state.json").write_bytes(b"")
    (world.home / "state" / "index.sqlite").unlink()
    assert world.wf("ps", "-a").code == 0
    record = world.record(name)
    assert record["status"] == "lost"
    assert record["submitted_at"]
    assert world.wf("logs", name).out == "said\n"


def odd(home: Home, name: str) -> None:
    """A run that lost its wf, with a record that nobody has foreseen: it ends in a bug."""
    paths = make(home, name, status="pending")
    asked = json.loads(paths.submitted.read_text())
    asked["plan"]["jobs"] = [{"working_dir": ".", "artifacts": [5]}]
    files.write(paths.submitted, asked)
    known = files.read_state(paths)
    assert known is not None
    for step in ("provisioning", "running"):
        known = state.advance(known, step, stamp(0))
    files.write(paths.state, known.document())
    paths.supervisor.touch()
    paths.workspace.mkdir()


def test_a_bug_over_one_run_is_reported_once_and_the_others_are_shown(world: World) -> None:
    home = Home(world.home / "state")
    odd(home, "odd-fox-1")
    make(home, "old-fox-2")
    for _ in range(2):
        shown = world.wf("ps", "-a", "--json")
        assert (shown.code, len(shown.json())) == (0, 2)
        assert "odd-fox-1 lost its wf, and cannot be brought to its end" in shown.err
        assert "this is a bug in wf" in shown.err
        (report,) = home.crash_reports.iterdir()
        assert str(report) in shown.err
        assert "Traceback" not in shown.err
    assert world.wf("logs", "old-fox-2").out == "said\n"
    assert "Traceback" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
