"""What limits files say, and what they leave of a machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Limited
from runner.allocation.limits.form import load
from runner.allocation.limits.rules import narrowed
from runner.allocation.reading.limits import rules
from runner.document.reader import read
from runner.errors import INVALID, UNSATISFIABLE, WfError
from runner.settings import LimitFiles

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.limits.rules import Rules

GIB = 2**30
V100 = tuple(Gpu(f"GPU-v{n}", n, "Tesla V100-SXM2-16GB", 16 * GIB) for n in range(2))
A100 = tuple(Gpu(f"GPU-a{n}", 2 + n, "NVIDIA A100-SXM4-80GB", 80 * GIB) for n in range(2))
PARTS = tuple(
    Gpu(f"MIG-p{n}", 4, "NVIDIA A100-SXM4-80GB MIG 1g.10gb", 10 * GIB, parent="GPU-p")
    for n in range(2)
)
MACHINE = Inventory(cores=(0, 1, 2, 3, 8, 9), memory=64 * GIB, gpus=(*V100, *A100, *PARTS))


def said(text: str, turn: int = 0, file: str = "limits.yaml") -> Rules:
    return load(read(text.encode(), file), turn)


def left(text: str, turn: int = 0, machine: Inventory = MACHINE) -> Inventory:
    return narrowed(machine, said(text, turn))


# --- cores ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("cores: 2", (0, 1)),
        ("cores: 6", MACHINE.cores),
        ("cores: 99", MACHINE.cores),
        ("cores: 1-8", (1, 2, 3, 8)),
        ("cores: 0,9", (0, 9)),
        ("cores: '3'", (0, 1, 2)),
        ("cores: [9]", (9,)),
        ("cores: [0-1, 8, 55]", (0, 1, 8)),
        ("cores:", MACHINE.cores),
        ("{}", MACHINE.cores),
    ],
)
def test_cores(text: str, cores: tuple[int, ...]) -> None:
    found = left(text)
    assert found.cores == cores
    fewer = len(cores) < len(MACHINE.cores)
    assert found.limits == ((Limited("cpu", 6, "limits.yaml:1"),) if fewer else ())


def test_users_with_different_numbers_have_different_cores() -> None:
    windows = [left("cores: 2", turn).cores for turn in (1000, 1001, 1002, 1003)]
    assert windows[:3] == [(2, 3), (8, 9), (0, 1)]
    assert windows[3] == windows[0]
    assert left("cores: 4", 1).cores == (0, 1, 8, 9)


def test_no_core_at_all_is_a_mistake_that_shows_the_line() -> None:
    with pytest.raises(WfError) as raised:
        left("memory: 4GB\ncores: 4-7\n")
    assert raised.value.kind == UNSATISFIABLE
    problem = raised.value.problems[0]
    assert problem.place
    assert problem.place.line == 2
    assert "0-3,8-9" in str(problem.hint)


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("memory: 16GB", 16 * 10**9),
        ("memory: 16GiB", 16 * GIB),
        ("memory: 64GiB", 64 * GIB),
        ("memory: 2TB", 64 * GIB),
    ],
)
def test_memory(text: str, memory: int) -> None:
    found = left(f"# why\n{text}")
    assert found.memory == memory
    fewer = memory < MACHINE.memory
    assert found.limits == ((Limited("memory", 64 * GIB, "limits.yaml:2"),) if fewer else ())


# --- GPUs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("gpus: 2", V100),
        ("gpus: 0", ()),
        ("gpus: 99", MACHINE.gpus),
        ("gpus: []", ()),
        ("gpus: [0, 3]", (V100[0], A100[1])),
        ("gpus: 1-2", (V100[1], A100[0])),
        ("gpus: [2-3, 0]", (V100[0], *A100)),
        ("gpus: v100", V100),
        ("gpus: [A100]", (*A100, *PARTS)),
        ("gpus: [GPU-a1, gpu-v]", (*V100, A100[1])),
        ("gpus: [MIG-p1]", PARTS[1:]),
        # the whole of a divided GPU
        ("gpus: [GPU-p]", PARTS),
        ("gpus: [4]", PARTS),
        ("gpus: [H100, 77, GPU-x]", ()),
    ],
)
def test_gpus(text: str, gpus: tuple[Gpu, ...]) -> None:
    found = left(text)
    assert found.gpus == gpus
    fewer = len(gpus) < len(MACHINE.gpus)
    assert found.limits == ((Limited("gpu", 6, "limits.yaml:1"),) if fewer else ())
    assert found.no_gpus == (None if gpus else "limits.yaml:1 leaves none of 6")


def test_users_with_different_numbers_have_different_gpus() -> None:
    assert left("gpus: 2", 1000).gpus == A100
    assert left("gpus: 2", 1001).gpus == PARTS


def test_a_machine_without_gpus_is_not_blamed_on_a_file() -> None:
    bare = replace(MACHINE, gpus=(), no_gpus="no NVIDIA driver is installed")
    assert left("gpus: 0", machine=bare) == bare


# --- two files ------------------------------------------------------------------------------------


def test_the_users_file_can_only_take_away_from_what_the_machines_leaves() -> None:
    machines, users = said("cores: 0-3\ngpus: 2", file="m"), said("cores: 2-9\ngpus: 3", 7, "u")
    found = narrowed(narrowed(MACHINE, machines), users)
    assert found.cores == (2, 3)
    assert found.gpus == V100
    assert found.limits == (
        Limited("cpu", 6, "m:1"),
        Limited("gpu", 6, "m:2"),
        Limited("cpu", 4, "u:1"),
    )


some_rules = st.builds(
    lambda cores, memory, gpus: f"cores: {cores}\nmemory: {memory}GB\ngpus: {gpus}\n",
    st.integers(1, 12) | st.lists(st.integers(0, 12), min_size=1, max_size=5),
    st.integers(1, 90),
    st.integers(0, 9) | st.lists(st.integers(0, 6), max_size=4),
)


@given(some_rules, some_rules, st.integers(0, 5000))
def test_no_file_gives_back_what_another_took(first: str, second: str, turn: int) -> None:
    try:
        one = left(first)
        both = left(second, turn, one)
    except WfError:  # there is no core left
        return
    for narrow, wide in ((one, MACHINE), (both, one)):
        assert set(narrow.cores) <= set(wide.cores)
        assert narrow.memory <= wide.memory
        assert set(narrow.gpus) <= set(wide.gpus)
        assert list(narrow.cores) == sorted(narrow.cores)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("cores: 0", 1, 8, "wf needs one core at least"),
        ("cores: -1", 1, 8, "a number of cores or a list of them is wanted here"),
        ("cores: {a: 1}", 1, 9, "a number of cores or a list of them is wanted here"),
        ("cores: []", 1, 8, "a number of cores or a list of them is wanted here"),
        ("cores: [0, x]", 1, 12, "a number of cores or a list of them is wanted here"),
        ("memory: 16", 1, 9, "an amount of memory with its unit is wanted here"),
        ("gpus: -1", 1, 7, "a number of GPUs or a list of them is wanted here"),
        ("gpus: [0, [1]]", 1, 11, "a number of GPUs or a list of them is wanted here"),
        ("gpus: ''", 1, 7, "a number of GPUs or a list of them is wanted here"),
        ("cores: 1\ngpu: 1", 2, 1, "unknown key `gpu`"),
        ("- cores", 1, 1, "a mapping is wanted here, not a list"),
    ],
)
def test_mistakes_have_a_place_and_a_hint(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(WfError) as raised:
        said(text)
    assert raised.value.kind == INVALID
    (problem,) = raised.value.problems
    assert problem.message.startswith(message)
    assert problem.place
    assert (problem.place.line, problem.place.column) == (line, column)
    assert problem.hint
    assert problem.fix is None


@given(st.text(alphabet="cores:gpum y-0123456789[]{},'\n", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(WfError):
        said(text)


# --- files ----------------------------------------------------------------------------------------


def test_no_file_no_rules(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert rules(LimitFiles(tmp_path / "no" / "limits.yaml", tmp_path / "file" / "x")) == ()


def test_the_machines_rules_come_first_and_a_blank_file_says_nothing(tmp_path: Path) -> None:
    files = LimitFiles(tmp_path / "machine", tmp_path / "user")
    files.machine.write_text("cores: 1\n")
    files.user.write_text("# nothing\n")
    (only,) = rules(files)
    assert only.cores
    assert (only.cores.by, only.turn) == (f"{files.machine}:1", 0)
    files.user.write_text("\ngpus: 1\n")
    _, own = rules(files)
    assert own.gpus
    assert own.gpus.by == f"{files.user}:2"


def test_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    files = LimitFiles(tmp_path / "machine", tmp_path / "user")
    files.machine.write_text("gpus: {}\ncores: 0\n")
    files.user.write_text("memory: 1\n")
    with pytest.raises(WfError) as raised:
        rules(files)
    found = [problem.place for problem in raised.value.problems]
    assert [(place.file, place.line) for place in found if place] == [
        (str(files.machine), 1),
        (str(files.machine), 2),
        (str(files.user), 1),
    ]


def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "limits.yaml").mkdir()
    with pytest.raises(WfError, match=r"limits\.yaml cannot be read") as raised:
        rules(LimitFiles(tmp_path / "none", tmp_path / "limits.yaml"))
    assert raised.value.kind == INVALID
