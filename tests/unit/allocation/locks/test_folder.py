"""Whatever stands in the lock folder is harmless, or said."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.allocation.interface import Claim, Standing
from runner.allocation.lease import FileLeases
from runner.allocation.locks.claims import PREFIX as RUN
from runner.allocation.locks.claims import Claims
from runner.allocation.locks.folder import MOUNTS, LockFolder, file_system, sealed
from runner.allocation.locks.ofd import hold_file
from runner.allocation.locks.places import PREFIX as WAIT
from runner.allocation.locks.places import OwnPlace, Places, next_number, places
from runner.errors import STORAGE, WfError
from runner.process.boot import boot
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import machine
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Lease

A_RUN = RUN + "0123abcd"
A_PLACE = WAIT + "000000000000-0123456789abcdef-0123abcd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    locks = tmp_path / "locks"
    locks.mkdir()
    locks.chmod(0o1777)
    return locks


def take(
    folder: Path, asked: Resources | None = None, mounts: Path = MOUNTS
) -> tuple[FileLeases, Lease]:
    leases = FileLeases(folder, mounts)
    lease = leases.acquire(
        asked or Resources(cpu=2),
        lambda _: machine(cores=2),
        Claim("wet-mango-1"),
        RecordingObserver(),
        wait=False,
    )
    return leases, lease


def _garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00\x1b[31m{" * 100)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _hard_link(path: Path) -> None:
    other = path.with_name("other")
    other.write_text("precious")
    path.hardlink_to(other)


def _socket(path: Path) -> None:
    made = socket.socket(socket.AF_UNIX)
    descriptor = os.open(path.parent, os.O_RDONLY)
    made.bind(f"/proc/self/fd/{descriptor}/{path.name}")
    os.close(descriptor)
    made.close()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


PLANTS = [_garbage, _huge, _link, _hard_link, _socket, _pipe, _folder]
WORDS = {_link: "is a link", _hard_link: "has several names", _socket: "is a socket"}
WORDS |= {_pipe: "is a named pipe", _folder: "is a folder"}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", [A_RUN, A_PLACE])
def test_what_is_planted_as_a_claim_or_place_counts_for_nothing(
    folder: Path, name: str, plant: Callable[[Path], None]
) -> None:
    plant(folder / name)
    leases, lease = take(folder)
    assert lease.cores == (0, 1)
    assert lease.turn.passed == ()
    assert leases.standing().queue == ()
    leases.release(lease)


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_as_the_table_is_not_used_unless_it_is_a_plain_file(
    folder: Path, plant: Callable[[Path], None]
) -> None:
    plant(folder / "wf-devices")
    if plant not in WORDS:
        leases, lease = take(folder)
        leases.release(lease)
        return
    with pytest.raises(WfError) as caught:
        take(folder)
    assert caught.value.kind == STORAGE
    assert f"{folder}/wf-devices, which belongs to " in caught.value.message
    assert caught.value.message.endswith(WORDS[plant])


def test_who_asks_for_nothing_does_not_touch_the_folder(tmp_path: Path) -> None:
    take(tmp_path / "none", Resources(shm_size=1))
    assert list(tmp_path.iterdir()) == []


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert FileLeases(tmp_path / "none").standing() == Standing()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "cifs", "fuse.sshfs", "ceph", "lustre"])
def test_a_network_file_system_is_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    device = folder.stat().st_dev
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "22 1 0:20 / /proc rw - proc proc rw\n"
        f"36 25 {os.major(device)}:{os.minor(device)} / /tmp rw shared:1 - {kind} srv:/x rw\n"
    )
    with pytest.raises(WfError) as caught:
        take(folder, mounts=mounts)
    assert caught.value.kind == STORAGE
    assert f"network file system ({kind})" in caught.value.message
    assert "WF_LOCKS" in str(caught.value.hint)


@given(st.text())
def test_no_table_of_mounts_raises(text: str) -> None:
    assert file_system(text, 0x1234) is None


def test_a_folder_in_which_everybody_removes_everything_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(WfError) as caught:
        take(folder)
    assert caught.value.kind == STORAGE
    assert f"chmod 1777 {folder}" in str(caught.value.hint)


# --- what stands in files of others -----------------------------------------------------------


def write(folder: Path, name: str, said: dict[str, object], *, held: bool = True) -> int:
    """A file of somebody who says what he likes."""
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
    os.write(descriptor, sealed(said))
    if held:
        assert hold_file(descriptor)
    return descriptor


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
_CLAIM_KEYS = ("run", "cores", "gpus", "memory", "since", "likely", "at_most", "keepers", "boot")
_PLACE_KEYS = ("asked", "run", "since", "usual", "limit")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(st.sampled_from(_CLAIM_KEYS), _JUNK),
    st.dictionaries(st.sampled_from(_PLACE_KEYS), _JUNK),
)
def test_nothing_that_others_write_breaks_anything(
    folder: Path, claim: dict[str, object], place: dict[str, object]
) -> None:
    opened = [write(folder, A_RUN, claim), write(folder, A_PLACE, place)]
    try:
        standing = FileLeases(folder).standing()
        [holder], [waiter] = standing.holders, standing.queue
        assert holder.run.isprintable()
        assert waiter.asked is None or waiter.asked == Resources()
        leases, lease = take(folder)
        leases.release(lease)
    finally:
        for descriptor in opened:
            os.close(descriptor)
        for name in (A_RUN, A_PLACE):
            (folder / name).unlink(missing_ok=True)


def test_a_claim_of_everything_there_could_ever_be_is_no_more_than_that(folder: Path) -> None:
    said: dict[str, object] = {"run": "greedy-wolf-1", "cores": "0-9999999999"}
    descriptor = write(folder, A_RUN, said)
    with pytest.raises(WfError) as caught:
        take(folder)
    assert "greedy-wolf-1: cores 0, 1" in caught.value.message
    os.close(descriptor)


def test_a_claim_that_nobody_holds_is_removed(folder: Path) -> None:
    os.close(write(folder, A_RUN, {"cores": "0-1"}, held=False))
    leases, lease = take(folder)
    leases.release(lease)
    assert [path.name for path in folder.iterdir()] == ["wf-devices"]


def test_keepers_of_another_start_of_the_machine_keep_nothing(folder: Path) -> None:
    keeper = "container:/none.sock#0123456789ab"
    for start, kept in ((boot(), 1), ("another", 0)):
        said: dict[str, object] = {"cores": "0-1", "keepers": [keeper], "boot": start}
        os.close(write(folder, A_RUN, said, held=False))
        assert len(Claims(LockFolder(folder)).look()) == kept


# --- places -----------------------------------------------------------------------------------

REQUESTS = st.builds(
    Resources,
    cpu=st.none() | st.integers(1, 64),
    memory=st.none() | st.integers(1, 10**12),
    gpu=st.none()
    | st.builds(
        GpuRequest,
        count=st.integers(1, 8),
        name=st.none() | st.text(min_size=1, max_size=20),
        memory=st.none() | st.integers(1, 10**11),
        alternatives=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
        most_memory=st.none() | st.integers(1, 10**11),
        among=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
    ),
    shm_size=st.none() | st.integers(1, 10**10),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(REQUESTS)
def test_a_place_tells_what_is_asked_for(folder: Path, asked: Resources) -> None:
    files = LockFolder(folder)
    place = OwnPlace(files, (), asked, Claim("wet-mango-1", usual=3.0))
    try:
        [found] = Places(files).line()
        assert Places(files).asked(found) == asked
        content = Places(files).content(found)
        assert content is not None
        assert (content.run, content.usual, content.asked) == ("wet-mango-1", 3.0, asked)
    finally:
        place.leave()
    assert Places(files).line() == []


def test_places_stand_in_the_order_in_which_they_were_made(folder: Path) -> None:
    files = LockFolder(folder)
    made = [
        OwnPlace(files, Places(files).line(), Resources(cpu=cpus), Claim("a-b-1"))
        for cpus in (3, 1, 2)
    ]
    line = Places(files)
    assert [line.asked(place).cpu for place in line.line()] == [3, 1, 2]
    for place in made:
        place.leave()


def test_the_last_number_there_is_stays_the_last() -> None:
    name = WAIT + "9" * 12 + "-0123456789abcdef-0123abcd"
    assert next_number(places([name])) == 10**12 - 1


@pytest.mark.parametrize(
    "name", [WAIT, WAIT + "1-2-3", A_PLACE + "x", A_PLACE.upper(), WAIT + "٣" * 12 + A_PLACE[20:]]
)
def test_other_names_are_no_places(name: str) -> None:
    assert places([name]) == []
