"""Files that torch 2.13, Lightning 2.6, safetensors 0.7, Pillow 12 and TensorBoard 2.21 wrote."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.reading import recognise
from runner.artifacts.reading.values import (
    Checkpoint,
    Image,
    Metrics,
    Point,
    Tensor,
    Tensors,
)

if TYPE_CHECKING:
    from runner.artifacts.reading.values import Reading

FILES = Path(__file__).parent / "files"


def look(name: str) -> Reading | None:
    with (FILES / name).open("rb") as file:
        return recognise.read(file, name)


def checkpoint(name: str) -> Checkpoint:
    found = look(name)
    assert isinstance(found, Checkpoint)
    return found


def shapes(found: Checkpoint) -> dict[str, tuple[tuple[int, ...], str]]:
    return {one.name: (one.shape, one.dtype) for one in found.tensors}


def test_a_checkpoint_of_lightning_says_how_far_training_was() -> None:
    found = checkpoint("lightning.ckpt")
    assert (found.format, found.lightning) == ("lightning", "2.6.6")
    assert (found.epoch, found.step, found.parameters) == (2, 16, 10)
    assert found.tensors == (
        Tensor("net.weight", (2, 4), "float32"),
        Tensor("net.bias", (2,), "float32"),
    )


def test_hyper_parameters_are_plain_whatever_object_they_were() -> None:
    assert checkpoint("lightning.ckpt").hyper_parameters == {
        "batch_size": 8,  # the data module's
        "lr": 0.001,
        "path": "data/x",
        "act": "torch.nn.modules.activation.ReLU",
        "opts": {
            "a": [1, [2, 3]],
            "d": "cuda:1",
            "t": "torch.float32",
            "n": 3.5,
            "i": 7,
            "s": [1],
            "none": None,
            "nan": "nan",
            "ns": {"k": 1},
        },
    }


def test_optimizers_schedules_and_callbacks_say_what_they_do() -> None:
    found = checkpoint("lightning.ckpt")
    (optimizer,) = found.optimizers
    (group,) = optimizer["groups"]
    assert (group["lr"], group["betas"], group["params"]) == (0.00025, [0.9, 0.999], 2)
    assert optimizer["state"] == ["step", "exp_avg", "exp_avg_sq"]
    assert found.schedulers[0]["_last_lr"] == [0.00025]
    ((name, state),) = found.callbacks
    assert name.startswith("EarlyStopping")
    # a tensor with one number, read out of the archive
    assert state["best_score"] == pytest.approx(0.319287, abs=1e-6)


def test_the_format_before_torch_1_6_is_read_too() -> None:
    found = checkpoint("legacy.pt")
    assert shapes(found) == {"weight": ((2, 4), "float32"), "bias": ((2,), "float32")}
    assert found.parameters == 10


def test_a_module_that_was_saved_whole_has_the_names_of_its_state() -> None:
    found = checkpoint("module.pt")
    assert list(shapes(found))[:3] == ["0.weight", "0.bias", "1.weight"]
    assert shapes(found)["1.num_batches_tracked"] == ((), "int64")


def test_tensors_of_every_make_are_known_and_an_optimizer_is_none_of_the_model() -> None:
    found = checkpoint("trained.pth")
    known = shapes(found)
    assert known["bf"] == ((2,), "bfloat16")
    assert known["f8"] == ((2,), "float8_e4m3fn")
    assert known["u16"] == ((3,), "uint16")
    assert known["meta"] == ((5,), "float32")
    assert known["sparse"] == ((3, 3), "float32")
    assert known["np"] == ((3, 4), "float64")
    assert known["par"] == ((2, 2), "float32")
    assert not any(name.startswith("optimizer") for name in known)
    assert found.optimizers[0]["groups"][0]["momentum"] == 0.9
    assert (found.epoch, dict(found.facts)) == (3, {"loss": 0.25})
    assert found.hyper_parameters == {"a": 1, "b": "x"}


def test_what_two_names_share_counts_once() -> None:
    found = checkpoint("trained.pth")
    assert shapes(found)["tied.0"] == shapes(found)["tied.1"] == ((3, 3), "float32")
    assert found.parameters == sum(one.elements for one in found.tensors) - 9


def test_safetensors() -> None:
    found = look("model.safetensors")
    assert isinstance(found, Tensors)
    assert set(found.tensors) == {
        Tensor("a.b", (3, 4), "float32"),
        Tensor("c", (2,), "bfloat16"),
        Tensor("e", (), "float32"),
    }
    assert found.facts == (("format", "pt"),)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("image.png", "PNG"),
        ("image.jpg", "JPEG"),
        ("progressive.jpg", "JPEG"),
        ("image.gif", "GIF"),
        ("image.webp", "WebP"),
        ("lossless.webp", "WebP"),
        ("animated.webp", "WebP"),
        ("image.bmp", "BMP"),
    ],
)
def test_the_size_of_an_image(name: str, kind: str) -> None:
    found = look(name)
    assert isinstance(found, Image)
    assert (found.format, found.width, found.height) == (kind, 37, 21)


def test_an_image_is_known_by_what_it_begins_with() -> None:
    with (FILES / "image.png").open("rb") as file:
        assert recognise.read(file, "figure") == look("image.png")


def test_event_files_of_a_folder_are_one_series() -> None:
    names = sorted(path.name for path in FILES.glob("events.*"))
    with ExitStack() as opened:
        files = [opened.enter_context((FILES / name).open("rb")) for name in names]
        found = recognise.read_events(files)
    series = {one.name: one for one in found.series}
    loss = series["loss"]
    assert (loss.count, loss.last.step, loss.last.seconds) == (25, 24, 2024.0)
    assert loss.minimum == pytest.approx(0.04)
    assert loss.points[1] == Point(1, None, 1001.0, 0.5)
    # written as a tensor
    assert [point.value for point in series["new/style"].points] == [2.0 * at for at in range(20)]
    assert dict(found.others) == {"histograms": 1, "images": 1, "text": 1}
    assert found.notes == ()


def test_an_event_file_that_is_being_written_is_read_up_to_there() -> None:
    whole = (FILES / "events.out.tfevents.2000.laptop.1.0").read_bytes()
    found = recognise.read_events([io.BytesIO(whole[:-5])])
    assert [point.step for point in found.series[0].points] == [20, 21, 22, 23]
    assert "is not whole" in found.notes[0]


def test_what_stands_behind_a_damaged_record_is_not_believed() -> None:
    whole = bytearray((FILES / "events.out.tfevents.2000.laptop.1.0").read_bytes())
    whole[-60] ^= 1
    found = recognise.read_events([io.BytesIO(bytes(whole))])
    assert isinstance(found, Metrics)
    assert found.series[0].count == 3
    assert "is damaged" in found.notes[0]
