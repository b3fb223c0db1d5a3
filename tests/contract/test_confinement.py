"""What every means of holding a job to its memory keeps to.

v1's groups, the watcher and the groups that know a job's processes are real here where the machine
lets us; v2's memory controller and the service manager are files and programs that stand in.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from runner.process.confinement import groups
from runner.process.confinement.choose import confine
from runner.process.confinement.hierarchy import Hierarchies, Hierarchy, hierarchies
from runner.process.confinement.legacy import LegacyMemory
from runner.process.confinement.scope import Scope
from runner.process.confinement.unified import UnifiedMemory
from runner.process.confinement.watcher import Watcher
from runner.process.job import JobProcess
from runner.process.signals import Signals
from runner.process.sink import LogFile
from runner.process.values import JobCommand
from tests.fakes.cgroups import FakeTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.process.confinement.interface import Confinement
    from runner.process.values import Exit

MIB = 1 << 20
LIMIT = 64 * MIB
NAMES = {"cgroup v1", "cgroup v2", "systemd", "watcher"}

# a service manager that lets everything pass, and puts the limit where the kernel would have it
SYSTEMD_RUN = """\
#!/bin/sh
echo "$@" >> "$FAKE/calls"
while [ "$1" != -- ]; do
  case $1 in --property=MemoryMax=*) test -e "$FAKE/deaf" || echo "${1##*=}" > "$FAKE/memory.max" ;; esac
  shift
done
shift
test ! -e "$FAKE/refuses" || { echo "Failed to connect to bus" >&2; exit 1; }
exec "$@"
"""  # noqa: E501 - a shell script
SYSTEMCTL = """\
#!/bin/sh
echo systemctl "$@" >> "$FAKE/calls"
case "$*" in *show*) cat "$FAKE/result" 2>/dev/null || echo Result=success ;; esac
"""


@dataclass
class Manager:
    """A user's service manager, played by scripts."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "systemd").mkdir(parents=True)
        for name, text in (("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        self.env = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(self.folder),
            "FAKE": str(self.folder),
        }

    def made(self) -> Scope:
        return Scope(LIMIT, Hierarchy(self.folder, self.folder), self.env)

    @property
    def calls(self) -> str:
        return (self.folder / "calls").read_text()


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    return Manager(tmp_path / "manager")


def v1() -> Hierarchy:
    """The real tree for memory, or skip."""
    tree = hierarchies().memory
    if tree is None:
        pytest.skip("v1's memory controller is not mounted here")
    if not os.access(tree.own, os.W_OK):
        pytest.skip("no group can be made here (root can)")
    return tree


@pytest.fixture(params=["v1", "watcher"])
def real(request: pytest.FixtureRequest) -> Callable[[int], Confinement]:
    """Those that really hold a job here."""
    if request.param == "watcher":
        return Watcher
    tree = v1()
    return lambda limit: LegacyMemory(limit, tree)


@pytest.fixture(params=["v1", "watcher", "v2", "systemd"])
def made(request: pytest.FixtureRequest, tmp_path: Path, manager: Manager) -> Iterator[Confinement]:
    """All of them, made ready for a start."""
    confinement: Confinement
    if request.param == "v2":
        tree = FakeTree(tmp_path / "tree")
        confinement = UnifiedMemory(LIMIT, tree.at(tree.top), tree.make)
    elif request.param == "systemd":
        confinement = manager.made()
    elif request.param == "watcher":
        confinement = Watcher(LIMIT)
    else:
        confinement = LegacyMemory(LIMIT, v1())
    yield confinement
    confinement.close()


def run(
    confinement: Confinement, code: str, folder: Path, env: dict[str, str] | None = None
) -> tuple[Exit, str]:
    """A Python script, held; how it ended, and what it said."""
    command = JobCommand(
        (sys.executable, "-c", code), {"PATH": os.environ["PATH"], **(env or {})}, folder
    )
    path = folder / "log"
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        process = JobProcess(command, LogFile(log), confinement)
        exited = process.wait(Signals(), lambda: None, lambda _: None)
    finally:
        os.close(log)
    return exited, path.read_text()


def test_has_a_name_and_tells_its_limit(made: Confinement) -> None:
    assert made.name in NAMES
    used = made.used()
    assert used.limit == LIMIT
    assert used.killed == 0


def test_the_program_that_is_started_becomes_the_job(
    made: Confinement, tmp_path: Path, manager: Manager
) -> None:
    """The same process, with what it was given, whatever stands in between."""
    code = "import os, sys; print(os.getpid() == os.getsid(0), os.environ['A'], sys.argv)"
    exited, said = run(made, code, tmp_path, {**manager.env, "A": "a b"})
    assert (exited.code, said) == (0, "True a b ['-c']\n")
    assert exited.memory is not None
    assert exited.memory.killed == 0


@pytest.mark.parametrize("program", ["/no/such/program", "no-such-program"])
def test_a_program_that_is_not_there_is_named(
    made: Confinement, tmp_path: Path, program: str
) -> None:
    command = JobCommand((program,), {"PATH": os.environ["PATH"]}, tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        JobProcess(command, LogFile(2), made)
    assert caught.value.filename == program


def test_closing_twice_is_safe(made: Confinement) -> None:
    made.close()
    made.close()


# --- those that hold ---------------------------------------------------------------------------


def test_a_job_within_its_limit_is_left_alone(
    real: Callable[[int], Confinement], tmp_path: Path
) -> None:
    code = "import time\nx = bytearray(40 << 20)\ntime.sleep(0.3)\nprint(len(x) >> 20)"
    exited, said = run(real(128 * MIB), code, tmp_path)
    assert (exited.code, said) == (0, "40\n")
    assert exited.memory is not None
    assert exited.memory.killed == 0
    assert 40 * MIB <= (exited.memory.peak or 0) <= 128 * MIB


def test_a_job_that_wants_more_is_ended_and_that_is_counted(
    real: Callable[[int], Confinement], tmp_path: Path
) -> None:
    code = "x = []\nfor _ in range(4000): x.append(bytearray(1 << 20))\nprint('never')"
    exited, said = run(real(LIMIT), code, tmp_path)
    assert (exited.signal, said) == (9, "")
    assert exited.asked == ()
    assert exited.memory is not None
    assert exited.memory.killed >= 1
    assert (exited.memory.peak or 0) >= LIMIT - MIB


def test_all_processes_of_a_job_count_together(
    real: Callable[[int], Confinement], tmp_path: Path
) -> None:
    """Each of them would be within the limit; they have left the job's session, too."""
    code = (
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        x = bytearray(30 << 20)\n"
        "        time.sleep(600)\n"
        "while True:\n"
        "    pid, status = os.wait()\n"
        "    if os.waitstatus_to_exitcode(status) == -9: os._exit(4)\n"
    )
    exited, _ = run(real(LIMIT), code, tmp_path)
    assert exited.code == 4 or exited.signal == 9
    assert exited.memory is not None
    assert exited.memory.killed >= 1


def test_what_processes_share_counts_once(
    real: Callable[[int], Confinement], tmp_path: Path
) -> None:
    code = (
        "import os, time\n"
        "x = bytearray(40 << 20)\n"
        "children = []\n"
        "for _ in range(5):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        time.sleep(0.6)\n"
        "        os._exit(0)\n"
        "    children.append(pid)\n"
        "print(sum(os.waitpid(pid, 0)[1] for pid in children))\n"
    )
    exited, said = run(real(128 * MIB), code, tmp_path)
    assert (exited.code, said) == (0, "0\n")


def test_a_limit_too_small_for_anything_ends_the_job_and_nobody_else(
    real: Callable[[int], Confinement], tmp_path: Path
) -> None:
    """The process that starts it is in the group for a moment itself."""
    exited, _ = run(real(64 << 10), "import time\ntime.sleep(600)", tmp_path)
    assert exited.signal == 9
    assert exited.memory is not None
    assert exited.memory.killed >= 1


def test_nothing_is_left_of_a_group(tmp_path: Path) -> None:
    tree = v1()

    def ours() -> set[str]:
        """Other processes make some there meanwhile."""
        return {name for name in os.listdir(tree.own) if name.startswith(f"wf-{os.getpid()}-")}

    before = ours()
    run(LegacyMemory(LIMIT, tree), "x = bytearray(200 << 20)", tmp_path)
    assert ours() == before
    assert hierarchies().memory == tree  # and we are where we were


# --- v2, in a tree of files -------------------------------------------------------------------


def test_v2_says_all_that_the_kernel_must_know(tmp_path: Path) -> None:
    tree = FakeTree(tmp_path / "tree")
    confinement = UnifiedMemory(LIMIT, tree.at(tree.top), tree.make)
    (group,) = tree.made
    assert confinement.group == group
    said = {name: (group / name).read_text().strip() for name in os.listdir(group)}
    assert int(said["memory.max"][: len(str(LIMIT))]) == LIMIT
    assert said["memory.swap.max"].startswith("0")
    assert said["memory.oom.group"].startswith("1")
    # the top hands the controller on to a group of wf's own, and that to ours
    assert group.parent == tree.top / "wf"
    assert (tree.top / "cgroup.subtree_control").read_text().startswith("+memory")


def test_v2_takes_the_nearest_group_that_hands_memory_down(tmp_path: Path) -> None:
    tree = FakeTree(tmp_path / "tree")
    ours = tree.populate(tree.top / "batch", cgroup_subtree_control="cpu memory\n")
    inner = tree.populate(ours / "step" / "task")
    tree.populate(ours / "step")
    confinement = UnifiedMemory(LIMIT, tree.at(inner), tree.make)
    assert confinement.group.parent == ours


def test_v2_leaves_the_service_managers_groups_alone(tmp_path: Path) -> None:
    """It may take the controller away from what it has not made, at any time."""
    tree = FakeTree(tmp_path / "tree")
    tree.populate(tree.top / "user.slice", cgroup_subtree_control="memory\n")
    session = tree.populate(tree.top / "user.slice" / "session-1.scope")
    confinement = UnifiedMemory(LIMIT, tree.at(session), tree.make)
    assert confinement.group.parent == tree.top / "wf"


def test_v2_without_the_controller_is_refused(tmp_path: Path) -> None:
    tree = FakeTree(tmp_path / "tree")
    tree.populate(tree.top, cgroup_controllers="cpu pids\n")
    with pytest.raises(OSError, match="no memory controller"):
        UnifiedMemory(LIMIT, tree.at(tree.top), tree.make)
    assert tree.made == []


def test_v2_tells_what_the_kernel_has_counted(tmp_path: Path) -> None:
    tree = FakeTree(tmp_path / "tree")
    confinement = UnifiedMemory(LIMIT, tree.at(tree.top), tree.make)
    tree.count(tree.made[0], peak=LIMIT - 4096, killed=3)
    assert confinement.used() == (LIMIT, LIMIT - 4096, 3)


# --- the service manager, played by scripts ------------------------------------------------------


def test_systemd_is_asked_for_a_scope_with_the_limit(manager: Manager, tmp_path: Path) -> None:
    exited, _ = run(manager.made(), "pass", tmp_path, manager.env)
    assert exited.code == 0
    asked = manager.calls
    assert asked.count("--user --scope") == 2  # a trial, and the job
    assert f"--property=MemoryMax={LIMIT} --property=MemorySwapMax=0" in asked
    assert "reset-failed" in asked


def test_systemd_that_refuses_is_not_used(manager: Manager) -> None:
    (manager.folder / "refuses").touch()
    with pytest.raises(OSError, match="may not limit memory"):
        manager.made()


def test_systemd_without_the_controller_is_not_used(manager: Manager) -> None:
    (manager.folder / "deaf").touch()
    (manager.folder / "memory.max").write_text("max\n")
    with pytest.raises(OSError, match="may not limit memory"):
        manager.made()


def test_systemd_is_not_used_where_no_manager_runs(manager: Manager) -> None:
    del manager.env["XDG_RUNTIME_DIR"]
    with pytest.raises(OSError, match="no user manager"):
        manager.made()
    assert not (manager.folder / "calls").exists()


def test_systemd_tells_that_memory_ran_out(manager: Manager, tmp_path: Path) -> None:
    """The group and its counters are gone by then."""
    (manager.folder / "result").write_text("Result=oom-kill\n")
    exited, _ = run(manager.made(), "pass", tmp_path, manager.env)
    assert exited.memory is not None
    assert exited.memory.killed == 1


# --- which one is taken --------------------------------------------------------------------------


def test_the_kernel_is_asked_first_and_the_watcher_is_always_there(manager: Manager) -> None:
    nothing = confine(LIMIT, {}, Hierarchies)
    assert nothing.name == "watcher"
    unified = Hierarchies(unified=Hierarchy(manager.folder, manager.folder))
    held = confine(LIMIT, manager.env, lambda: unified)
    assert held.name == "systemd"
    legacy = confine(LIMIT, {}, lambda: Hierarchies(memory=v1()))
    legacy.close()
    assert legacy.name == "cgroup v1"


def test_a_group_that_cannot_be_made_is_no_reason_to_fail(tmp_path: Path) -> None:
    nowhere = Hierarchy(tmp_path, tmp_path / "gone")
    assert confine(LIMIT, {}, lambda: Hierarchies(nowhere, nowhere)).name == "watcher"


def test_what_a_killed_wf_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """Folders stand for groups: a full one can be removed as little as a group in use."""
    gone = tmp_path / f"wf-{1 << 23}-0"  # more than any process id
    (gone / "job").mkdir(parents=True)
    full, living = tmp_path / f"wf-{1 << 23}-1", tmp_path / f"wf-{os.getpid()}-7"
    full.mkdir()
    (full / "busy").touch()
    living.mkdir()
    (tmp_path / "wf").mkdir()
    groups.take_away(groups.make(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["wf", full.name, living.name]
    )
