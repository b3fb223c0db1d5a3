from __future__ import annotations

from runner.artifacts.reading import comparing
from runner.artifacts.reading.comparing import Pair
from runner.artifacts.reading.values import Point, Series, Tensor


def series(name: str, value: float) -> Series:
    point = Point(1, None, None, value)
    return Series(name, 1, 0, point, value, value, (point,))


def test_every_metric_of_either_side_is_paired() -> None:
    loss, better, other = series("loss", 2), series("loss", 1), series("acc", 0.5)
    assert comparing.metrics([loss], [other, better]) == [
        Pair("loss", loss, better),
        Pair("acc", None, other),
    ]


def test_tensors_differ_by_name_shape_and_type() -> None:
    same = Tensor("a", (1,), "float32")
    wide, half = Tensor("b", (2,), "float32"), Tensor("b", (2,), "float16")
    new = Tensor("c", (), "int64")
    assert comparing.tensors([same, wide], [new, half, same]) == [
        Pair("b", wide, half),
        Pair("c", None, new),
    ]


def test_hyper_parameters_within_others_are_named_by_their_route() -> None:
    before = {"lr": 0.1, "model": {"depth": 2, "width": 8}, "old": [1]}
    after = {"lr": 0.1, "model": {"depth": 3, "width": 8}, "new": {}}
    assert comparing.values(before, after) == [
        Pair("model.depth", 2, 3),
        Pair("old", [1], None),
        Pair("new", None, {}),
    ]
