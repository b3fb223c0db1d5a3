"""The caller's own CUDA_VISIBLE_DEVICES is a ceiling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu
from runner.allocation.reading.visible import visible

UUIDS = ("GPU-aa11", "GPU-aa22", "GPU-bb33", "GPU-cc44")
WHOLE = tuple(Gpu(uuid, index, "NVIDIA H200", 1) for index, uuid in enumerate(UUIDS))
# the second one is divided
MIXED = (
    WHOLE[0],
    Gpu("MIG-aa", 1, "NVIDIA H200 MIG 1g.18gb", 1, parent="GPU-aa22"),
    Gpu("MIG-ab", 1, "NVIDIA H200 MIG 1g.18gb", 1, parent="GPU-aa22"),
    WHOLE[2],
)


@pytest.mark.parametrize(
    ("ceiling", "expected"),
    [
        ("0", [0]),
        ("2,0", [2, 0]),
        (" 1 , 3 ", [1, 3]),
        ("1,1", [1]),
        ("GPU-bb33", [2]),
        ("GPU-bb", [2]),
        ("GPU-cc44,0", [3, 0]),
        ("0,9,1", [0]),
        ("0,-1,1", [0]),
        ("0,,1", [0]),
        ("1,GPU-zz,0", [1]),
        ("", []),
        ("-1", []),
        ("9", []),
        ("NoDevFiles", []),
        ("GPU-", []),
        ("GPU-aa", []),
        ("gpu-aa11", []),
        ("aa11", []),
    ],
)
def test_it_is_read_as_cuda_reads_it(ceiling: str, expected: list[int]) -> None:
    assert visible(WHOLE, ceiling) == tuple(WHOLE[index] for index in expected)


@pytest.mark.parametrize(
    ("ceiling", "expected"),
    [
        ("MIG-ab,0", [2, 0]),
        ("MIG-aa", [1]),
        ("MIG-a", []),
        ("MIG-ab,MIG-aa", [2, 1]),
        # a divided GPU named as a whole is its first instance
        ("1", [1]),
        ("GPU-aa22,2", [1, 3]),
        ("GPU-aa", [0]),
    ],
)
def test_instances_of_a_divided_gpu(ceiling: str, expected: list[int]) -> None:
    gpus = MIXED if ceiling != "GPU-aa" else MIXED[:1]
    assert visible(gpus, ceiling) == tuple(MIXED[index] for index in expected)


@given(st.text(alphabet="0123 ,-GPUMIabc", max_size=30))
def test_whatever_it_says_it_only_takes_away(ceiling: str) -> None:
    kept = visible(MIXED, ceiling)
    assert len(set(kept)) == len(kept)
    assert set(kept) <= set(MIXED)
