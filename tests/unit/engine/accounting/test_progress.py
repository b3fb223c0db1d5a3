"""What the end of a log tells about how far the job is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.accounting.progress import Progress, states
from runner.engine.accounting.progress import parse as parse_lines

LIGHTNING = "Epoch 3/9:  45%|███▌    | 422/938 [00:05<00:06, 83.2it/s, v_num=0, loss=0.1]"
VALIDATION = "Validation DataLoader 0:  50%|█████     | 10/20 [00:01<00:01, 9.9it/s]"
TRAINER_LOG = "{'loss': 0.5123, 'grad_norm': 1.2, 'learning_rate': 4e-05, 'epoch': 0.53}"


def parse(tail: bytes) -> Progress | None:
    """What the end of a log tells."""
    return parse_lines(states(tail))


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (LIGHTNING, Progress(3, 9, 422, 938, 6.0)),
        ("Epoch 3:  45%|###5    | 422/938 [1:00:05<1:02:06]", Progress(3, None, 422, 938, 3726.0)),
        ("Epoch 0:   0%|    | 0/938 [00:00<?, ?it/s]", Progress(0, None, 0, 938, None)),
        (
            "Epoch 3/9 ━━━━━━╸━━━━━ 422/938 0:00:05 • 0:00:06 83.20it/s v_num: 0",
            Progress(3, 9, 422, 938, 6.0),
        ),
        (
            "Epoch 2/10\r\n422/938 [====>.....] - ETA: 3s - loss: 0.3",
            Progress(2, 10, 422, 938, None),
        ),
        (
            "Epoch 2/10\n\x1b[1m422/938\x1b[0m \x1b[32m━━━━\x1b[0m\x1b[37m━\x1b[0m 3s 6ms/step",
            Progress(2, 10, 422, 938, None),
        ),
        ("Epoch [3/10], Step [300/1000], Loss: 0.1", Progress(3, 10, 300, 1000, None)),
        ("Train Epoch: 1 [25600/60000 (43%)]\tLoss: 0.3", Progress(1, None, 25600, 60000, None)),
        ("epoch 4 of 20 loss 0.2", Progress(4, 20)),
        ("Epoch=7 acc=0.9", Progress(7)),
        ("step 300/1000 loss 1.5", Progress(step=300, steps=1000, whole=True)),
        ("Iteration: 5 of 50", Progress(step=5, steps=50, whole=True)),
        ("Epochs:  30%|███   | 3/10 [00:30<01:10]", Progress(None, None, 3, 10, 70.0, whole=True)),
    ],
)
def test_what_a_line_tells(tail: str, expected: Progress) -> None:
    assert parse(tail.encode()) == expected


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "loss 0.5 accuracy 3/4",
        "Epoch: 1.5",
        "epochs: 10",
        "downloading 45% of 938",
        "\x1b[2K\r\r\n",
        VALIDATION,
        "Sanity Checking DataLoader 0: 100%|████| 2/2 [00:00<00:00]",
    ],
)
def test_what_tells_nothing(tail: str) -> None:
    assert parse(tail.encode()) is None


def test_of_a_bar_drawn_again_and_again_the_last_time_counts() -> None:
    drawn = "\r".join(f"Epoch 1:  0%|   | {step}/900 [00:01<00:02]" for step in range(40))
    assert parse(drawn.encode()) == Progress(1, None, 39, 900, 2.0)


def test_a_bar_beside_the_training_is_passed_over() -> None:
    assert parse(f"{LIGHTNING}\r\n{VALIDATION}\x1b[A".encode()) == Progress(3, 9, 422, 938, 6.0)


def test_a_bar_over_all_epochs_is_preferred_to_the_one_within_it() -> None:
    tail = "Epochs:  30%|██   | 3/10 [00:30<01:10]\nTrain:  5%|  | 4/80 [00:00<00:09]"
    assert parse(tail.encode()) == Progress(None, None, 3, 10, 70.0, whole=True)


def test_the_bar_of_a_trainer_is_that_of_the_whole_also_while_it_evaluates() -> None:
    training = " 45%|████  | 422/938 [10:05<12:00,  1.4s/it]"
    evaluating = " 80%|████  | 8/10 [00:05<00:01,  2it/s]"
    tail = f"{training}\r{TRAINER_LOG}\n{training}\r{evaluating}"
    assert parse(tail.encode()) == Progress(None, None, 422, 938, 720.0, whole=True)


def test_a_bar_without_a_name_may_be_one_of_many() -> None:
    found = parse(b" 45%|###   | 422/938 [00:05<00:06, 83.2it/s]")
    assert found == Progress(None, None, 422, 938, 6.0, whole=False)


_PIECES = st.sampled_from(
    [LIGHTNING, VALIDATION, TRAINER_LOG, "Epoch ", "1/", "%|", "[", "<", "━╸", "\r", "\x1b[1m", "'"]
)


@given(st.lists(st.one_of(st.binary(max_size=40), _PIECES.map(str.encode)), max_size=40))
def test_garbage_is_read_without_complaint(pieces: list[bytes]) -> None:
    found = parse(b"".join(pieces)[-4096:])
    if found is not None and found.fraction is not None:
        assert 0.0 <= found.fraction <= 1.0


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 500), st.integers(0, 359999))
def test_every_bar_of_tqdm_is_understood(step: int, steps: int, epoch: int, left: int) -> None:
    minutes, seconds = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
    percent = min(step * 100 // steps, 100)
    line = f"Epoch {epoch}: {percent:3}%|#  | {step}/{steps} [00:01<{clock}, 1it/s]"
    assert parse(b"noise\r" + line.encode()) == Progress(epoch, None, step, steps, float(left))
