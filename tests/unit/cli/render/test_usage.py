"""What a run used, in words and as bars."""

from __future__ import annotations

from typing import Any

import pytest

from runner.cli.render.bars import bars
from runner.cli.render.style import Style
from runner.cli.render.usage import drawn, in_words
from runner.records.samples import Samples, columns

OLD: dict[str, Any] = {
    "wall_seconds": 62.0, "cpu_seconds": 41.0, "peak_memory": 500_000_000,
    "cpu": None, "memory": None, "gpus": [], "samples": None,
}  # fmt: skip
GPU = {
    "uuid": "GPU-1", "index": 0, "utilisation": {"mean": 0.713, "peak": 1.0},
    "memory": {"mean": 9_000_000_000, "peak": 9_800_000_000}, "memory_total": 48_000_000_000,
}  # fmt: skip
NEW: dict[str, Any] = {
    **OLD,
    "cpu": {"mean": 3.6, "peak": 4.0},
    "memory": {"mean": 1_200_000_000, "peak": 3_400_000_000},
    "gpus": [GPU],
    "samples": {"count": 62, "interval_seconds": 1.0},
}
WIDE = Style(colour=False, unicode=True, terminal=True, width=120)


def test_peak_and_mean_of_everything() -> None:
    assert in_words(NEW, 4) == (
        "1m02s · 3.6 of 4 cores · memory 1.2 GB mean, 3.4 GB at most · GPU 0 71 %, 9.8 of 48 GB"
    )


def test_a_record_of_before_there_were_samples() -> None:
    said = "1m02s · 41s of processor time · at most 500 MB of memory"
    assert in_words(OLD, 4) == said
    assert in_words({**NEW, "samples": {"count": 0, "interval_seconds": 1.0}}, 4) == said
    assert in_words(None, 4) == ""


def test_a_gpu_that_does_not_tell_all() -> None:
    nothing = {"mean": None, "peak": None}
    part = {**GPU, "utilisation": nothing}
    said = in_words({**NEW, "gpus": [part, {**part, "memory": nothing}]}, 1)
    assert said.endswith("· GPU 0 9.8 of 48 GB · GPU 0 did not tell")
    small = {**GPU, "memory": {"mean": 1, "peak": 500_000_000}}
    assert in_words({**NEW, "gpus": [small]}, 1).endswith("GPU 0 71 %, 500 MB of 48 GB")


@pytest.mark.parametrize(
    ("values", "full", "expected"),
    [
        ((0.0, 1.0, 2.0, 4.0), 4.0, "▁▃▅█"),
        ((0.0, None, 4.0, 9.0), 4.0, "▁ ██"),
        ((0.0, 0.0, 0.0, 0.0), 0.0, "▁▁▁▁"),
        ((), 1.0, ""),
    ],
)
def test_bars(values: tuple[float | None, ...], full: float, expected: str) -> None:
    assert bars(range(1, len(values) + 1), values, full, 10) == expected


def test_bars_are_means_over_equal_times_where_there_is_less_room() -> None:
    assert bars([1, 2, 3, 4], [0.0, 4.0, 4.0, 4.0], 4.0, 2) == "▅█"
    assert bars([1, 2, 3, 4, 8], [0.0, 0.0, 0.0, 0.0, 4.0], 4.0, 2) == "▁█"


def _samples(rows: int) -> Samples:
    return Samples(columns(1), tuple((float(at), 2.0, 5e8, 0.5, 24e9) for at in range(1, rows + 1)))


def test_curves_are_drawn_where_there_is_room() -> None:
    found = dict(drawn(_samples(4), NEW, 4, WIDE))
    assert found == {
        "cpu": "▅▅▅▅  at most 4.0 of 4 cores",
        "memory": "▂▂▂▂  at most 3.4 GB",
        "GPU 0": "▅▅▅▅  at most 100 %",
        "its memory": "▅▅▅▅  at most 9.8 of 48 GB",
    }
    # a run that goes on has a series and no figures yet
    assert dict(drawn(_samples(4), None, 4, WIDE))["cpu"] == "▅▅▅▅  at most 2.0 of 4 cores"


def test_no_curves_without_room_without_samples_or_on_ascii() -> None:
    assert not dict(drawn(None, NEW, 4, WIDE))
    assert not dict(drawn(_samples(2), NEW, 4, WIDE))
    assert not dict(drawn(_samples(9), NEW, 4, WIDE._replace(width=40)))
    assert not dict(drawn(_samples(9), NEW, 4, WIDE._replace(unicode=False)))
