"""The container of a job: the image it is made from, and who the job is inside."""

from __future__ import annotations

import os
import pwd
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.containers.facts import CORES, MEMORY
from runner.engine.masking import Masking
from runner.environments.interface import IMAGE, Environment
from runner.errors import UNSATISFIABLE, WfError
from runner.events import PhaseFinished, PhaseProgress, PhaseStarted, Warned
from runner.spec.interpolation import SECRET_LATER, with_secrets
from runner.units import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.containers.daemon import Daemon
    from runner.containers.values import Image
    from runner.engine.attempt import Attempt
    from runner.engine.parts import Parts
    from runner.executors.interface import Context
    from runner.plan.environment import LockedImage
    from runner.plan.plan import Job
    from runner.spec.workflow import Container

# how the id of an image begins (Engine API, "ImageInspect")
_ID = "sha256:"
# what the official images of Python say of themselves (docker-library/python); others say nothing
_PYTHON = "PYTHON_VERSION"
# whom neither the image nor this machine knows
_NOBODY = "wf"


def check_daemon(attempt: Attempt) -> None:
    """See whether containers can be had, before anything is done for a job that needs one.

    Raises:
        WfError: kind ``UNSATISFIABLE``: why not, and what helps.
    """
    if attempt.job.container is None:
        return
    daemon = attempt.parts.daemon()
    daemon.check()
    gpu = attempt.job.demand.gpu
    if gpu is not None and gpu.count and daemon.podman:
        # it takes device requests and runtimes, and does nothing about them (Podman 4.9, 5.1)
        raise WfError(
            UNSATISFIABLE,
            "Podman gives containers no GPUs through Docker's API",
            hint="have Docker run it, or run it without a container: --executor local",
        )


def image_of(attempt: Attempt, project: Path) -> Image | None:
    """The image of the job's container, fetched if it is not there; ``None``: it has none.

    ``project`` is the folder whose secrets the job has.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when it cannot be had, ``ENVIRONMENT`` when a secret that it
            takes to fetch it cannot.
    """
    container = attempt.job.container
    if container is None:
        return None
    started = time.monotonic()
    attempt.notify(PhaseStarted("image", container.image))
    daemon = attempt.parts.daemon()
    image = _there(attempt.job, container.image, daemon) or _fetched(
        attempt, container, daemon, project
    )
    _warn_of_another(attempt, image)
    text = f"{container.image} ({_short(image.id)})"
    attempt.notify(PhaseFinished("image", text, time.monotonic() - started))
    _warn_of_limits(attempt, daemon)
    return image


def _there(job: Job, name: str, daemon: Daemon) -> Image | None:
    """The job's image, if it is there.

    A job that takes the environment of a former run takes the very image that this was in.
    """
    former = _former(job, name)
    same = None if former is None else daemon.image(former.id)
    return daemon.image(name) if same is None else same._replace(reference=name)


def _former(job: Job, name: str) -> LockedImage | None:
    """The image of the run whose environment is asked for, unless another name is asked for."""
    locked = job.chosen and job.chosen.locked
    image = locked.image if locked else None
    return image if image is not None and image.name == name else None


def _warn_of_another(attempt: Attempt, image: Image) -> None:
    former = _former(attempt.job, image.reference)
    if former is not None and former.id != image.id:
        said = f"{former.name} was {_short(former.id)} then, which is gone: it is another image"
        attempt.notify(Warned(said))


def _short(identity: str) -> str:
    return identity.removeprefix(_ID)[:12]


def _warn_of_limits(attempt: Attempt, daemon: Daemon) -> None:
    """Say what a daemon that may not hold containers to limits leaves open: it says nothing."""
    demand = attempt.job.demand
    asked = [MEMORY] if demand.memory_limit is not None else []
    asked += [CORES] if demand.cpu is not None else []
    if not asked:
        return  # what the daemon can do takes longer to ask than a job that does nothing
    left = [limit for limit in asked if limit in daemon.facts.unlimited]
    if left:
        said = f"{daemon.facts.name} cannot hold the job to its {listed(left)} on this machine"
        attempt.notify(Warned(said))


def with_image_ids(jobs: Iterable[Job], parts: Parts) -> list[Job]:
    """The jobs with the ids of their images that are there: tomorrow a name may mean another.

    A daemon that does not answer is asked once; whoever starts a job is told.
    """
    found, answers = [], True
    for job in jobs:
        image = None
        if answers and job.environment.image is not None:
            try:
                image = _there(job, job.environment.image, parts.daemon())
            except WfError:
                answers = False
        if image is not None:
            job = replace(job, environment=replace(job.environment, image=image.id))  # noqa: PLW2901
        found.append(job)
    return found


def is_there(job: Job) -> bool:
    """Whether the job asks for no more than an image that is known to be there."""
    spec = job.environment
    return spec.bare and spec.image is not None and spec.image.startswith(_ID)


def _fetched(attempt: Attempt, container: Container, daemon: Daemon, project: Path) -> Image:
    def progress(text: str) -> None:
        attempt.notify(PhaseProgress("image", text))

    progress(f"pulling {container.image}")
    written = container.registry_auth
    if written is None:
        return daemon.pull(container.image, None, progress)
    job, caller = attempt.job, attempt.session.variables
    named = {found[1] for text in written for found in SECRET_LATER.finditer(text)}
    kept = sorted(named & set(job.secrets))
    values = {name: caller[name] for name in named & set(job.passed)} | dict(job.variables)
    values |= attempt.parts.secrets.values(project, kept)
    secrets = {name: values[name] for name in named if name in values}
    with Masking(secrets).errors():
        from runner.containers.values import Auth

        auth = Auth(*(with_secrets(text, secrets) for text in written))
        return daemon.pull(container.image, auth, progress)


def own_environment(image: Image) -> Environment:
    """What an image has of its own, for a job that asks for nothing besides."""
    return Environment(
        kind=IMAGE,
        fingerprint=image.id.removeprefix(_ID)[:20],
        python=dict(image.variables).get(_PYTHON, ""),
        lock=(),
        root=Path("/"),
        bin=Path(),
        executable=Path("python3"),
    )


def contained(context: Context, attempt: Attempt) -> Context:
    """The same for a job in a container; what that is to see is made, if it is not there.

    Raises:
        OSError: it cannot be made.
    """
    if attempt.image is None:
        return context
    paths = attempt.run.paths
    for folder in (paths.artifacts, paths.home):
        folder.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    os.close(os.open(context.notes, flags, 0o600))
    daemon = attempt.parts.daemon()
    return replace(
        context,
        image=attempt.image,
        user=daemon.caller(),
        network=_network(daemon),
        login=_login(context.variables),
        proxies=daemon.proxies,
        home=paths.home,
        private=paths.variables,
        shared=(paths.trackers,) if paths.trackers.is_dir() else (),
        inside=paths.inside if paths.inside.is_dir() else None,
    )


def _login(variables: Mapping[str, str]) -> str:
    """What the caller is called: an image does not know the number, and Python fails for it."""
    for name in ("LOGNAME", "USER"):
        if variables.get(name):
            return variables[name]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return _NOBODY


def _network(daemon: Daemon) -> str | None:
    """The machine's own, where a container can have that.

    A Docker without root lives in a network of its own, and its host is that; Podman's is the
    machine's.
    """
    own = daemon.rootless and not daemon.facts.podman
    return None if own or sys.platform != "linux" else "host"
