"""How one file that a reader knows differs from another."""

from __future__ import annotations

from runner.artifacts.reading.contrast import Fact, Shaped, contrast
from runner.artifacts.reading.values import Checkpoint, Image, Parameters, Tensor, Unread

WEIGHT = Tensor("fc.weight", (10, 4), "float32")
BIAS = Tensor("fc.bias", (10,), "float32")


def checkpoint(*tensors: Tensor, epoch: int = 1, lr: float = 0.1) -> Checkpoint:
    return Checkpoint(
        "lightning", tensors, sum(one.elements for one in tensors), epoch=epoch,
        hyper_parameters={"lr": lr, "net": {"layers": 2}},
    )  # fmt: skip


def test_checkpoints_by_their_facts_and_tensors() -> None:
    wide = WEIGHT._replace(shape=(10, 8))
    extra = Tensor("extra", (1,), "float32")
    found = contrast(checkpoint(WEIGHT, BIAS), checkpoint(wide, extra, epoch=3, lr=0.2))
    assert found is not None
    assert found.facts == (
        Fact("epoch", 1, 3),
        Fact("parameters", 50, 81),
        Fact("hyper-parameter lr", 0.1, 0.2),
    )
    assert (found.added, found.removed) == ((extra,), (BIAS,))
    assert (found.shaped, found.same) == ((Shaped(WEIGHT, wide),), 0)


def test_what_is_not_in_one_is_none() -> None:
    found = contrast(Parameters({"a": 1, "b": {"c": 2}}), Parameters({"a": 1, "d": []}))
    assert found is not None
    assert found.facts == (Fact("b.c", 2, None), Fact("d", None, []))


def test_images_by_their_size() -> None:
    found = contrast(Image("PNG", 32, 32), Image("PNG", 64, 32))
    assert found is not None
    assert found.facts == (Fact("size", "32 x 32", "64 x 32"),)


def test_two_kinds_are_not_compared() -> None:
    assert contrast(Image("PNG", 1, 1), Parameters({})) is None
    assert contrast(Unread("checkpoint", "x"), Unread("checkpoint", "y")) is None
