"""The machine on the screen: what it has, who holds what, who waits."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Holder, Standing, Waiter
from runner.allocation.inventory import Inventory, Limited, Occupant
from runner.cli.render.runners import page
from runner.cli.render.style import Style, columns
from tests.fakes.inventory import gpu, machine
from tests.fakes.runners import ALICE, BOB, QUEUE, lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.engine.runners import Runners

PIPE = Style(colour=False, unicode=True, terminal=False, width=80)


def lines(runners: Runners, dress: Style = PIPE) -> list[str]:
    return [" ".join(line.split()) for line in page(runners, dress).splitlines()]


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clock times are those of where the reader is."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_all_there_is_to_know() -> None:
    assert (
        page(lab(standing=Standing((ALICE, BOB), QUEUE)), PIPE)
        == """\
● ws1
  cores    32 · 9 held · load 11.2
  memory   256 GB · 16 GB held · 126 GB in /dev/shm

GPU   NAME          MEMORY          LOAD   WHO
0     NVIDIA A100   41.2 of 80 GB   82%    keen-lynx-2 of alice for 12m
1     NVIDIA A100   40 of 80 GB     79%    keen-lynx-2 of alice for 12m
2     NVIDIA A100   0 of 80 GB      -      free
3     NVIDIA A100   22 of 80 GB     0%     not wf: python (8812 of bob)

HOLDER        USER    WORKFLOW   CORES   GPUS   MEMORY   SINCE   ENDS
keen-lynx-2   alice   train      0-7     0, 1   16 GB    12m     ~09:33
calm-moth-1   bob     -          8       -      -        40s     by 11:30

PLACE   WAITER        USER      ASKS FOR                          SINCE   STARTS
1       tidy-ibex-3   carol     2 A100 GPUs with at least 40 GB   3m      ~09:42
2       wild-crow-5   alice     4 cores, 1 GB of memory, 4 GPUs   12s     by Thu 11:30
3       shy-newt-6    mallory   -                                 -       -
"""
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    dress = PIPE._replace(terminal=True, width=width)
    shown = page(lab(standing=Standing((ALICE, BOB), QUEUE)), dress)
    assert max(columns(line) for line in shown.splitlines()) <= width
    # the names of those who are there are what one looks for
    for word in ("keen", "calm", "tidy", "wild", "alice", "bob"):
        assert word in shown


def test_without_gpus_there_is_one_calm_line() -> None:
    there = replace(lab(standing=Standing()), inventory=machine(cores=2))
    assert lines(there) == [
        "● ws1",
        "cores 2 · load 11.2",
        "memory 16 GB",
        "GPUs none: the fake machine has none",
        "",
        "no run of wf holds anything, and none waits",
    ]


def test_limits_say_what_is_left_and_by_what() -> None:
    limits = (
        Limited("cpu", 64, "/etc/wf/limits.yaml:2"),
        Limited("memory", 512 * 10**9, "the control group"),
        Limited("gpu", 8, "/etc/wf/limits.yaml:3"),
        Limited("gpu", 6, "CUDA_VISIBLE_DEVICES"),
    )
    there = replace(lab().inventory, limits=limits)
    assert (
        "limits 32 of 64 cores by /etc/wf/limits.yaml:2"
        " · 256 GB of 512 GB of memory by the control group"
        " · 6 of 8 GPUs by /etc/wf/limits.yaml:3 · 4 of 6 GPUs by CUDA_VISIBLE_DEVICES"
    ) in lines(replace(lab(), inventory=there))


def test_a_process_of_somebody_else_on_a_held_gpu_is_shown_beside_its_holder() -> None:
    there = lab().inventory
    seen = replace(there.gpus[0], busy=(Occupant(7, "alice", "py"), Occupant(9, "eve", "miner")))
    text = page(replace(lab(), inventory=replace(there, gpus=(seen,))), PIPE)
    assert "keen-lynx-2 of alice for 12m · not wf: miner (9 of eve)\n" in text


def test_a_process_that_nobody_tells_of_has_a_number() -> None:
    seen = replace(gpu(0), busy=(Occupant(4711),))
    text = page(replace(lab(), inventory=Inventory((0,), 1, (seen,)), standing=Standing()), PIPE)
    assert "not wf: process 4711\n" in text


def test_gpus_that_are_not_seen_from_here_are_named_by_their_uuid() -> None:
    """The caller's CUDA_VISIBLE_DEVICES, or a limit, hides them."""
    text = page(replace(lab(), inventory=machine(cores=2)), PIPE)
    assert "GPU-00000000, GPU-00000001" in text


def test_what_others_say_does_nothing_to_the_terminal() -> None:
    evil = Holder("x\x1b]0;title\x07", "eve\n", gpus=("\x1b[2J", gpu(2).uuid))
    shown = page(lab(standing=Standing((evil,), (Waiter("\x1b[31m", "\x07", None),))), PIPE)
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_the_time_is_shown_where_it_moves() -> None:
    assert page(lab(), PIPE, clock=True).startswith("● ws1   09:30:00\n")


def test_a_stream_that_knows_ascii_only_gets_it() -> None:
    dress = PIPE._replace(unicode=False, terminal=True, width=60)
    shown = page(lab(standing=Standing((ALICE, BOB), QUEUE)), dress)
    assert shown.isascii()
    assert max(map(len, shown.splitlines())) <= 60
