"""What is proposed where a machine can never run a job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.allocation.inventory import Gpu, Inventory, Limited
from runner.engine.files import FileText
from runner.engine.opening import open_files
from runner.engine.prepare import Then, prepare, shortage
from runner.plan.plan import Choices
from tests.fakes.inventory import machine

if TYPE_CHECKING:
    from pathlib import Path

    from runner.errors import WfError

GB = 10**9
V100 = Gpu("GPU-v", 0, "Tesla V100-SXM2-16GB", 16 * GB)
A100 = Gpu("GPU-a", 1, "NVIDIA A100-SXM4-80GB", 80 * GB)
MIXED = Inventory((0, 1, 2, 3), 16 * 2**30, (V100, A100), shared_memory=2**30)


def refused(
    folder: Path,
    resources: str,
    there: Inventory = MIXED,
    choices: Choices | None = None,
    **more: str,
) -> WfError | None:
    """Plan the first of the workflows here, and ask the machine."""
    (folder / "train.py").write_text("")
    task = "provider: torchrun, script: train.py"
    lines = [f"- {{name: train, {task}, resources: {resources}{more.pop('also', '')}}}"]
    lines += [f"- {{name: {name}, {task}, {keys}}}" for name, keys in more.items()]
    text = "\n".join(["workflows:", *lines]).encode()
    opened = open_files([FileText(text, "workflows.yaml")], folder)
    then = Then("2026-01-01", lambda _paths: None, tuple)
    plan = prepare(opened, "train", choices or Choices(), then)
    return shortage(opened, plan, lambda _asked: there)


def hint(error: WfError | None) -> str | None:
    assert error is not None
    return error.problems[0].hint if error.problems else error.hint


@pytest.mark.parametrize(
    ("resources", "also", "proposed"),
    [
        ("{cpu: 8}", "", "`wf run train --cpus 4` runs it with what is here"),
        ("{memory: 32GB}", "", "`wf run train --memory 17179MB` runs it with what is here"),
        ("{gpu: 3}", "", "`wf run train --gpus 2` runs it with what is here"),
        # the name is kept when the number is another one
        ("{gpu: {name: A100, count: 2}}", "", "`wf run train --gpus 1` runs it with what is here"),
        ("{gpu: {name: H100}}", "", "`wf run train --gpus 0` runs it with what is here"),
        # one thing is not enough
        ("{cpu: 8, gpu: 3}", "", "`wf run train --gpus 2 --cpus 4` runs it with what is here"),
        # what each node may have
        ("{gpu: 2, cpu: 1}", ", nodes: 2", "`wf run train --gpus 1` runs it with what is here"),
        ("{memory: 9GB}", ", nodes: 3", "`wf run train --memory 5726MB` runs it with what is here"),
        ("{cpu: 1}", ", nodes: 5", "write a smaller `nodes`: 5 are too many for this machine"),
        (
            "{shm_size: 8GiB}",
            "",
            "`mount -o remount,size=8g /dev/shm`, as root, makes room for it",
        ),
        (
            "{shm_size: 700MB, cpu: 3}",
            ", nodes: 2",
            (
                "`mount -o remount,size=1336m /dev/shm`, as root, makes room for it; "
                "`wf run train --cpus 2` then runs it with what is here"
            ),
        ),
    ],
)  # fmt: skip
def test_what_is_proposed_would_run(
    tmp_path: Path, resources: str, also: str, proposed: str
) -> None:
    assert hint(refused(tmp_path, resources, also=also)) == proposed


def test_what_was_chosen_is_what_is_made_less(tmp_path: Path) -> None:
    error = refused(tmp_path, "{cpu: 2}", choices=Choices(gpus=5))
    assert hint(error) == "`wf run train --gpus 2` runs it with what is here"


def test_a_twin_that_fits_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, "{gpu: 3}", small="resources: {gpu: 1}")
    assert str(hint(error)).endswith(", and so does `wf run small`")
    error = refused(tmp_path, "{shm_size: 8GB}", small="resources: {gpu: 1}")
    assert str(hint(error)).endswith("; `wf run small` runs the same with what is here")
    # a twin that asks for too much on all of its nodes is none
    error = refused(tmp_path, "{gpu: 3}", small="nodes: 3, resources: {gpu: 1}")
    assert "small" not in str(hint(error))


def test_shared_memory_that_nobody_can_tell_is_enough(tmp_path: Path) -> None:
    assert refused(tmp_path, "{shm_size: 8GB}", machine()) is None


def test_what_limits_the_machine_is_said(tmp_path: Path) -> None:
    there = replace(
        MIXED,
        limits=(
            Limited("cpu", 16, "/etc/wf/limits.yaml:3"),
            Limited("cpu", 8, "a quota of 4 cores"),
            Limited("memory", 64 * GB, "/etc/wf/limits.yaml:4"),
            Limited("gpu", 8, "/etc/wf/limits.yaml:5"),
        ),
    )
    said = [
        error.message
        for resources in ("{cpu: 8}", "{memory: 32GB}", "{gpu: 3}")
        if (error := refused(tmp_path, resources, there))
    ]
    has = "; this machine has "
    assert [message.split(has)[1] for message in said] == [
        "4 cores (of 16: by /etc/wf/limits.yaml:3 and a quota of 4 cores)",
        "17.2 GB (of 64 GB: by /etc/wf/limits.yaml:4)",
        (
            "Tesla V100-SXM2-16GB with 16 GB, NVIDIA A100-SXM4-80GB with 80 GB "
            "(of 8: by /etc/wf/limits.yaml:5)"
        ),
    ]
