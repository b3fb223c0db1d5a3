"""Which of a run's files is the checkpoint to go on from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.looking.checkpoints import newest

PARTS = st.sampled_from(["model", "a.ckpt", "last.ckpt", "hpc_ckpt_2.ckpt", "log.txt", ".ckpt"])
FILES = st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=3).map("/".join), st.integers(0)))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([], None),
        ([("model/weights.pt", 9), ("model/ckpt", 9), ("model/.ckpt", 9)], None),
        ([("a/epoch=1.ckpt", 1), ("a/epoch=2.ckpt", 2), ("b/epoch=0.ckpt", 0)], "a/epoch=2.ckpt"),
        ([("a/last.ckpt", 1), ("a/epoch=2.ckpt", 2)], "a/last.ckpt"),
        ([("a/last.ckpt", 1), ("a/last-v1.ckpt", 2)], "a/last-v1.ckpt"),
        ([("a/last.ckpt", 1), ("b/last.ckpt", 2)], "b/last.ckpt"),
        ([("last.ckpt", 1), ("hpc_ckpt_7.ckpt", 2)], "last.ckpt"),
        ([("hpc_ckpt_9.ckpt", 2), ("hpc_ckpt_10.ckpt", 1), ("a.ckpt", 3)], "hpc_ckpt_10.ckpt"),
        ([("the-last.ckpt", 1), ("blast.ckpt", 2)], "blast.ckpt"),
        # in parts: a folder
        ([("m/last.ckpt/shard-0", 1), ("m/last.ckpt/shard-1", 5), ("m/b.ckpt", 9)], "m/last.ckpt"),
        ([("m/a.ckpt/0", 1), ("m/a.ckpt/1", 5), ("m/b.ckpt", 4)], "m/a.ckpt"),
    ],
)
def test_lightnings_names_come_first_then_the_youngest(
    files: list[tuple[str, int]], found: str | None
) -> None:
    assert newest(files) == found
    assert newest(reversed(files)) == found


@given(FILES)
def test_it_is_one_of_them_and_of_the_last_ones_where_there_is_one(
    files: list[tuple[str, int]],
) -> None:
    found = newest(files)
    names = [path for path, _ in files]
    if found is not None:
        assert found.endswith(".ckpt")
        assert any(path == found or path.startswith(f"{found}/") for path in names)
    if any(path == "last.ckpt" for path in names):
        assert found is not None
        assert found.endswith("last.ckpt")
