"""What a container may do, sees, and is held to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.containers.values import Mount
from runner.environments.interface import Environment
from runner.executors.devices import SIMULATION
from runner.executors.nodes import LAUNCHER
from runner.spec.workflow import Resources, Volume
from tests.fakes.containers import HERE, OWN, SHARED, commands, translated, with_gpus


def mounts(command: object) -> dict[str, Mount]:
    return {mount.target: mount for mount in command.spec.mounts}  # type: ignore[attr-defined]


# --- who it is ------------------------------------------------------------------------------------


def test_a_job_is_the_caller_and_has_no_capabilities() -> None:
    command = translated(commands("true"))
    assert (command.spec.user, command.spec.capabilities) == ("1000:1000", ())
    assert (command.owned, command.taken) == ((), False)


@pytest.mark.parametrize("user", ["root", "0", "0:0", "root:root"])
def test_root_can_install_packages_and_give_files_away(user: str) -> None:
    command = translated(commands("true", user=user))
    assert (command.spec.user, command.spec.privileged) == (user, False)
    assert {"CHOWN", "DAC_OVERRIDE", "SETUID"} <= set(command.spec.capabilities)
    assert not {"SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "MKNOD"} & set(command.spec.capabilities)


def test_what_another_user_writes_is_given_back() -> None:
    root, other = (translated(commands("true", user=user)) for user in ("root", "builder"))
    assert {HERE / "workspace", HERE / "artifacts", HERE / "notes"} <= set(root.owned)
    assert root.caller == "1000:1000"
    # root may write to what is not its own
    assert (root.taken, other.taken) == (False, True)


def test_only_the_file_makes_it_privileged() -> None:
    assert not translated(commands("true")).spec.privileged
    assert translated(commands("true", privileged=True)).spec.privileged


# --- what it sees ---------------------------------------------------------------------------------


def test_what_a_run_has_is_where_it_is() -> None:
    found = mounts(translated(commands("true"), shared=(HERE / "trackers",)))
    for name in ("workspace", "artifacts", "notes", "trackers"):
        path = str(HERE / name)
        assert found[path] == Mount(path, path, writable=True)
    assert found["/workflow"] == Mount(str(HERE / "workspace"), "/workflow", writable=True)
    # what else lies in the run's folder is wf's own
    assert str(HERE) not in found


def test_its_home_is_a_folder_of_the_run() -> None:
    assert mounts(translated(commands("true")))["/home/wf"].source == str(HERE / "home")
    chosen = mounts(translated(commands("true", home_dir="/root")))
    assert chosen["/root"].source == str(HERE / "home")
    assert "/home/wf" not in chosen


def test_another_user_has_the_home_of_the_image() -> None:
    found = mounts(translated(commands("true", user="root", home_dir="/root")))
    assert not {"/root", "/home/wf"} & found.keys()


def test_an_environment_cannot_be_changed_unless_it_is_the_runs_own() -> None:
    root = Path("/cache/abc/venv")
    shared = Environment("venv", "f", "3.11", (), root, root / "bin", root / "bin" / "python")
    assert not mounts(translated(commands("true"), environment=shared))[str(root)].writable
    own = replace(shared, own=True, besides=(Path("/cache/uv"),))
    found = mounts(translated(commands("true"), environment=own))
    assert found[str(root)].writable
    assert not found["/cache/uv"].writable


def test_what_installers_read_is_there_whatever_the_environment() -> None:
    found = mounts(translated(commands("true"), environment=replace(OWN, besides=(Path("/c"),))))
    assert found["/c"] == Mount("/c", "/c")


def test_what_stands_in_for_gpus_is_there() -> None:
    found = mounts(translated(commands("true"), replace(SHARED, simulated=2)))
    assert not found[str(SIMULATION)].writable


def test_what_starts_its_nodes_is_there() -> None:
    job = commands("true", job={"nodes": 2})
    found = mounts(translated(job, mpi_hostfile=HERE / "hostfile"))
    assert {str(LAUNCHER), str(HERE / "hostfile")} <= found.keys()


def test_folders_of_the_machine_are_those_that_the_file_names() -> None:
    asked = (Volume("/data", "/mnt"), Volume("/more", "/more", optional=True))
    found = mounts(translated(commands("true", volumes=asked)))
    assert found["/mnt"] == Mount("/data", "/mnt", writable=True)
    assert found["/more"].optional


def test_no_socket_of_the_daemon_is_inside() -> None:
    assert not any("docker.sock" in mount.source for mount in translated(commands()).spec.mounts)


# --- where it starts ------------------------------------------------------------------------------


def test_it_starts_in_the_workspace() -> None:
    job = commands("true", job={"working_dir": "src"})
    assert translated(job).spec.working_dir == str(HERE / "workspace" / "src")


def test_an_absolute_folder_has_the_project_in_it() -> None:
    command = translated(commands("true", working_dir="/srv/code/"))
    assert command.spec.working_dir == "/srv/code"
    assert mounts(command)["/srv/code"].source == str(HERE / "workspace")


@pytest.mark.parametrize("written", ["/workflow", "/workflow/src"])
def test_where_the_project_is_anyway_nothing_is_laid_over_it(written: str) -> None:
    command = translated(commands("true", working_dir=written))
    assert command.spec.working_dir == written
    assert {target for target in mounts(command) if target.startswith("/workflow")} == {"/workflow"}


def test_the_root_of_an_image_is_not_covered() -> None:
    command = translated(commands("true", working_dir="/"))
    assert command.spec.working_dir == "/"
    assert "/" not in mounts(command)


def test_a_folder_of_the_home_is_one() -> None:
    command = translated(commands("true", working_dir="~/code"))
    assert command.spec.working_dir == "/home/wf/code"


@pytest.mark.parametrize(
    ("user", "home"), [("root", "/root"), ("0:0", "/root"), ("builder", "/home/builder")]
)
def test_a_folder_of_another_users_home_is_where_that_is_as_a_rule(user: str, home: str) -> None:
    command = translated(commands("true", user=user, working_dir="~/code"))
    assert command.spec.working_dir == f"{home}/code"
    assert mounts(command)[f"{home}/code"].source == str(HERE / "workspace")
    # the image knows better
    assert "HOME" not in command.spec.variables


# --- what it is held to ---------------------------------------------------------------------------


def test_cores_are_those_of_the_lease() -> None:
    spec = translated(commands("true"), with_gpus()).spec
    assert (spec.cores, spec.quota) == ((2, 5), 2)


def test_cores_that_all_share_are_not_counted() -> None:
    spec = translated(commands("true")).spec
    assert (spec.cores, spec.quota) == (None, None)
    fewer = translated(commands("true"), replace(SHARED, of_cores=8)).spec
    assert (fewer.cores, fewer.quota) == ((0, 1, 2, 3), None)


def test_memory_is_that_of_all_nodes_together() -> None:
    job = commands("true", job={"nodes": 2, "resources": Resources(memory=1 << 30)})
    assert translated(job).spec.memory == 2 << 30


def test_a_fork_bomb_does_not_end_the_machine() -> None:
    assert translated(commands("true"), environment=OWN).spec.processes is not None


def test_ports_are_the_same_on_both_sides() -> None:
    spec = translated(commands("true"), ports=(6006, 8080)).spec
    assert [(port.inside, port.host) for port in spec.ports] == [(6006, 6006), (8080, 8080)]


def test_on_the_network_of_the_machine_no_port_is_published() -> None:
    spec = translated(commands("true"), ports=(6006,), network="host").spec
    assert (spec.network, spec.ports) == ("host", ())
