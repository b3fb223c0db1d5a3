from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from runner.containers.daemon import Daemon
from runner.containers.facts import facts
from runner.containers.values import Image
from runner.engine.containing import check_daemon, image_of, own_environment, with_image_ids
from runner.errors import UNSATISFIABLE, WfError
from runner.events import Warned
from runner.plan.environment import EnvironmentSpec
from runner.spec.workflow import Container, GpuRequest, Resources
from tests.fakes.jobs import a_job
from tests.unit.containers.test_reaching import listening, said

if TYPE_CHECKING:
    from runner.containers.facts import Facts
    from runner.plan.plan import Job

IMAGE = Container("debian:12")
PODMAN = said("Api-Version: 1.41", "Libpod-API-Version: 4.3.1")
DOCKER = said("Api-Version: 1.41")


def check(tmp_path: Path, answer: bytes, job: Job) -> None:
    """Look at a daemon for a job, which is all that is told of the attempt."""
    with listening(tmp_path / "s", answer) as endpoint:
        daemon = Daemon({"DOCKER_HOST": endpoint.address})
        attempt: Any = SimpleNamespace(job=job, parts=SimpleNamespace(daemon=lambda: daemon))
        check_daemon(attempt)


def test_podman_is_not_trusted_with_gpus(tmp_path: Path) -> None:
    job = a_job(container=IMAGE, resources=Resources(gpu=GpuRequest(1)))
    with pytest.raises(WfError, match="Podman gives containers no GPUs") as caught:
        check(tmp_path, PODMAN, job)
    assert caught.value.kind == UNSATISFIABLE
    assert "--executor local" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("answer", "gpu"), [(PODMAN, None), (PODMAN, GpuRequest(0)), (DOCKER, GpuRequest(1))]
)
def test_other_jobs_and_daemons_go_on(
    tmp_path: Path, answer: bytes, gpu: GpuRequest | None
) -> None:
    check(tmp_path, answer, a_job(container=IMAGE, resources=Resources(gpu=gpu)))


class Silent:
    """A daemon that does not answer, and counts how often it was asked."""

    asked = 0

    def image(self, _reference: str) -> None:
        self.asked += 1
        raise WfError(UNSATISFIABLE, "no")


def test_a_daemon_that_does_not_answer_is_asked_for_one_image() -> None:
    silent = Silent()
    parts: Any = SimpleNamespace(daemon=lambda: silent)
    jobs = [a_job(environment=EnvironmentSpec("3.11", image=name)) for name in ("a", "b", None)]
    assert with_image_ids(jobs, parts) == jobs
    assert silent.asked == 1


class Holding:
    """A daemon that has every image, and cannot hold containers to their memory."""

    def __init__(self) -> None:
        self.asked = 0

    def image(self, reference: str) -> Image:
        return Image(reference, "sha256:abc")

    @cached_property
    def facts(self) -> Facts:
        self.asked += 1
        return facts({"ServerVersion": "20.10.24", "MemoryLimit": False}, podman=False)


@pytest.mark.parametrize(
    ("resources", "asked", "said"),
    [
        (Resources(), 0, []),
        (Resources(gpu=GpuRequest(1)), 0, []),
        (Resources(cpu=1), 1, []),
        (Resources(memory=1 << 30), 1, ["cannot hold the job to its memory on this machine"]),
    ],
)
def test_a_limit_that_cannot_be_held_is_told_and_looked_for_only_then(
    resources: Resources, asked: int, said: list[str]
) -> None:
    daemon, told = Holding(), list[object]()
    attempt: Any = SimpleNamespace(
        job=a_job(container=IMAGE, resources=resources),
        parts=SimpleNamespace(daemon=lambda: daemon),
        notify=told.append,
    )
    assert image_of(attempt, Path()) == daemon.image(IMAGE.image)
    warnings = [event.text for event in told if isinstance(event, Warned)]
    assert (daemon.asked, warnings) == (asked, [f"Docker 20.10.24 {text}" for text in said])


@pytest.mark.parametrize(
    ("variables", "python"), [((("PYTHON_VERSION", "3.11.4"),), "3.11.4"), ((), "")]
)
def test_an_image_of_python_says_which_it_has(
    variables: tuple[tuple[str, str], ...], python: str
) -> None:
    assert own_environment(Image("a", "sha256:abc", variables)).python == python
