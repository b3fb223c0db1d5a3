from __future__ import annotations

from typing import TYPE_CHECKING

from runner.process.confinement.hierarchy import Hierarchies, Hierarchy, hierarchies

if TYPE_CHECKING:
    from pathlib import Path


def proc(folder: Path, groups: str, *mounts: str) -> Path:
    """A process as ``/proc`` tells of it."""
    (folder / "cgroup").write_text(groups)
    lines = ["21 1 0:19 / /proc rw,nosuid - proc proc rw", *mounts]
    (folder / "mountinfo").write_text("".join(f"{line}\n" for line in lines))
    return folder


def mounted(point: Path, kind: str = "cgroup2", options: str = "rw", root: str = "/") -> str:
    written = str(point).replace(" ", "\\040")
    return f"30 25 0:26 {root} {written} rw,nosuid shared:9 master:2 - {kind} cgroup {options}"


def test_one_tree_for_all(tmp_path: Path) -> None:
    own = tmp_path / "sys" / "user.slice" / "session-1.scope"
    own.mkdir(parents=True)
    found = hierarchies(
        proc(tmp_path, "0::/user.slice/session-1.scope\n", mounted(tmp_path / "sys"))
    )
    assert found == Hierarchies(unified=Hierarchy(tmp_path / "sys", own))


def test_a_tree_for_each_controller_beside_it(tmp_path: Path) -> None:
    for name in ("unified", "memory/a/b", "cpu"):
        (tmp_path / name).mkdir(parents=True)
    found = hierarchies(
        proc(
            tmp_path,
            "5:cpu,cpuacct:/\n4:memory:/a/b\n1:name=systemd:/\n0::/\n",
            mounted(tmp_path / "cpu", "cgroup", "rw,cpu,cpuacct"),
            mounted(tmp_path / "memory", "cgroup", "rw,memory"),
            mounted(tmp_path / "unified"),
        )
    )
    assert found.unified == Hierarchy(tmp_path / "unified", tmp_path / "unified")
    assert found.memory == Hierarchy(tmp_path / "memory", tmp_path / "memory" / "a" / "b")


def test_a_container_sees_a_part_of_the_tree(tmp_path: Path) -> None:
    top = tmp_path / "a b"
    (top / "job").mkdir(parents=True)
    line = mounted(top, root="/docker/1234")
    inside = hierarchies(proc(tmp_path, "0::/docker/1234/job\n", line))
    assert inside.unified == Hierarchy(top, top / "job")
    assert hierarchies(proc(tmp_path, "0::/docker/12345\n", line)).unified is None
    assert hierarchies(proc(tmp_path, "0::/../other\n", mounted(top))).unified is None


def test_the_groups_of_another_process(tmp_path: Path) -> None:
    top, other = tmp_path / "sys", tmp_path / "other"
    for folder in (top / "theirs", other):
        folder.mkdir(parents=True)
    # what it has mounted itself is no matter
    of = proc(other, "0::/theirs\n", mounted(tmp_path / "inside"))
    found = hierarchies(proc(tmp_path, "0::/\n", mounted(top)), of)
    assert found.unified == Hierarchy(top, top / "theirs")
    assert hierarchies(tmp_path, tmp_path / "gone") == Hierarchies()


def test_nothing_is_mounted_or_told(tmp_path: Path) -> None:
    assert hierarchies(tmp_path / "nowhere") == Hierarchies()
    assert hierarchies(proc(tmp_path, "0::/\n")) == Hierarchies()
    assert hierarchies(proc(tmp_path, "", mounted(tmp_path))) == Hierarchies()
