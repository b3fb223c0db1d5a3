"""What a job measures, read from what its bars and lines say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.accounting.metrics import foremost, merged, read
from runner.engine.accounting.progress import states


@pytest.mark.parametrize(
    ("said", "found"),
    [
        # Lightning's TQDMProgressBar
        (
            (
                "Epoch 3:  45%|####5     | 422/938 [00:05<00:06, 83.2it/s, v_num=0, "
                "train_loss=0.412, val_loss=0.0412]"
            ),
            {"train_loss": 0.412, "val_loss": 0.0412},
        ),
        # Lightning's RichProgressBar
        (
            "Epoch 3/9 ━━━━━━╸━━━ 422/938 0:00:05 • 0:00:06 83.20it/s v_num: 0.000 loss: 0.041",
            {"loss": 0.041},
        ),
        # Keras 2 and 3
        (
            "422/938 [===>....] - ETA: 3s - loss: 0.31 - accuracy: 0.9",
            {"loss": 0.31, "accuracy": 0.9},
        ),
        (
            "422/938 ━━━━━━ 3s 6ms/step - accuracy: 0.91 - loss: 0.3",
            {"accuracy": 0.91, "loss": 0.3},
        ),
        # the Hugging Face Trainer, and its version 5
        (
            "{'loss': 0.41, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.1}",
            {"loss": 0.41, "grad_norm": 1.5, "learning_rate": 5e-05},
        ),
        ("{'eval_loss': '0.41', 'epoch': '1'}", {"eval_loss": 0.41}),
        # what people print
        ("Train Epoch: 1 [25600/60000 (43%)]\tLoss: 0.250000", {"Loss": 0.25}),
        ("epoch 3 val_loss: 0.0412 took 3s", {"val_loss": 0.0412}),
        ("step 10 loss 0.5 acc 0.75", {"loss": 0.5, "acc": 0.75}),
        ("loss=1e-3, lr=-2.5E+2", {"loss": 0.001, "lr": -250.0}),
        # and what is none
        ("listening on port: 8080", {}),
        ("seed=42 batch_size=64", {}),
        ("loss: nan", {}),
        ("at 12:30 the loss of time", {}),
        (" 10%|#    | 1/10 [00:01<00:09,  1.0it/s]", {}),
    ],
)
def test_what_is_measured(said: str, found: dict[str, float]) -> None:
    assert read(states(said.encode())) == found


def test_the_last_value_counts() -> None:
    assert read(states(b"loss=3\rloss=2\rloss=1\r")) == {"loss": 1.0}


def test_what_was_told_last_comes_last_and_the_oldest_go() -> None:
    assert list(merged({"a": 1.0, "b": 2.0}, {"a": 3.0})) == ["b", "a"]
    assert next(iter(merged({str(number): 0.0 for number in range(12)}, {"new": 1.0}))) == "1"


@pytest.mark.parametrize(
    ("metrics", "name"),
    [
        (["train_loss", "val_loss", "val_acc"], "val_loss"),
        (["loss", "val/accuracy"], "val/accuracy"),
        (["accuracy", "loss"], "loss"),
        (["learning_rate", "reward"], "reward"),
        (["lr"], "lr"),
        ([], None),
    ],
)
def test_the_one_that_says_most(metrics: list[str], name: str | None) -> None:
    assert foremost(dict.fromkeys(metrics, 1.0)) == name


@given(st.binary(max_size=500))
def test_any_bytes(tail: bytes) -> None:
    found = read(states(tail))
    assert all(isinstance(value, float) for value in found.values())
