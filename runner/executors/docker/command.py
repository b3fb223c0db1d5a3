"""The container of a job: what it runs, sees and may do. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runner.containers.values import (
    HOME_LABEL,
    RUN_LABEL,
    ContainerSpec,
    Gpus,
    PortBinding,
    name_of,
)
from runner.executors.docker.seen import mounts, owned, person, private_mount, working_dir
from runner.executors.docker.told import told_inside
from runner.executors.docker.words import launcher, needs_shell, node, reading_first
from runner.executors.nodes import grace

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.docker.told import Told
    from runner.executors.interface import Context
    from runner.plan.plan import Job
    from runner.terminal import WindowSize

# what root needs to install packages, give files away and end what it started
_OF_ROOT = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID")
# as many as a machine of many cores has use for, and a fork bomb has not
_PROCESSES = 32768
_OWN = 0o600
# of a user whom only the image knows; the folder it lies in is its owner's alone
_ANYBODY = 0o644


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """A file to be there, with this ``text`` and ``mode``, while a container starts."""

    path: Path
    text: bytes = field(repr=False)
    mode: int


@dataclass(frozen=True, slots=True)
class JobContainer:
    """How a job's container is made and looked after. One to ``keep`` stays when it has ended.

    ``private`` is to be there when it starts; ``shell_less`` is how it is made instead if its
    image has no shell to read that file. Where the job is somebody else than the caller, ``owned``
    are the folders in which what it writes is given back to the ``caller`` (``UID:GID``); with
    ``taken`` they are its own while it runs. What goes wrong with that is added to ``notes``. What
    is below ``inside`` is put at its root before it starts.
    ``window``, ``grace``, ``max_duration`` and ``notice`` are as in
    :class:`runner.process.values.JobCommand`.
    """

    spec: ContainerSpec
    private: PrivateFile | None = None
    shell_less: ContainerSpec | None = None
    caller: str = ""
    owned: tuple[Path, ...] = ()
    taken: bool = False
    inside: Path | None = None
    notes: Path | None = None
    window: Path | None = None
    grace: float = 30.0
    max_duration: float | None = None
    notice: bool = False
    keep: bool = False
    terminal: WindowSize | None = None


def job_container(
    job: Job, environment: Environment, lease: Lease, context: Context
) -> JobContainer:
    """The container of one job."""
    image, asked = context.image, job.container
    assert image is not None and asked is not None  # noqa: PT018, S101 - such jobs have both
    who = person(asked, context)
    single = job.nodes == 1
    words = node(job, environment, context) if single else launcher(job, environment)
    told = told_inside(job, environment, lease, context, who.home)
    size = context.terminal
    spec = ContainerSpec(
        name=name_of(context.run),
        image=image.id,
        entrypoint=words and words[:1],
        command=words and words[1:],
        variables=told.public,
        working_dir=working_dir(job, context),
        user=who.user,
        mounts=mounts(job, environment, lease, context, who),
        cores=_cores(lease),
        quota=len(lease.cores) if lease.exclusive else None,
        memory=job.demand.memory_limit,
        shm_size=job.demand.shm_size,
        processes=_PROCESSES,
        gpus=Gpus(tuple(gpu.uuid for gpu in lease.gpus)),
        # where it has the machine's own network there is nothing to be published
        ports=tuple(PortBinding(port, port) for port in context.ports if not context.network),
        network=context.network,
        privileged=asked.privileged,
        capabilities=_OF_ROOT if who.is_root else (),
        terminal=None if size is None else (size.rows, size.columns),
        labels={RUN_LABEL: context.run, HOME_LABEL: str(context.artifacts.parent)},
    )
    other = who.user != context.user
    made = JobContainer(
        spec,
        caller=context.user,
        owned=owned(environment, context) if other else (),
        taken=other and not who.is_root,
        inside=context.inside,
        notes=context.notes,
        window=context.window,
        grace=grace(job),
        max_duration=job.limits.max_duration,
        notice=job.interruptible,
        keep=job.kept_outside,
        terminal=size,
    )
    return _with_private(made, told, job, context)


def _with_private(made: JobContainer, told: Told, job: Job, context: Context) -> JobContainer:
    """The same, for variables of which the daemon is not to know."""
    spec, image = made.spec, context.image
    if not told.private or context.private is None or image is None:
        return made
    # what an image has for its own program is for no other: both are its, or neither is
    said = image if spec.entrypoint is None else spec
    first, *others = reading_first((*(said.entrypoint or ()), *(said.command or ())), job)
    mode = _OWN if spec.user == context.user else _ANYBODY
    return replace(
        made,
        spec=replace(
            spec,
            entrypoint=(first,),
            command=tuple(others),
            mounts=(*spec.mounts, private_mount(context.private)),
        ),
        private=PrivateFile(context.private, told.text(), mode),
        shell_less=None
        if needs_shell(job)
        else replace(spec, variables={**spec.variables, **told.private}),
    )


def _cores(lease: Lease) -> tuple[int, ...] | None:
    """Those that it may run on, unless that is all there are."""
    if lease.exclusive or len(lease.cores) < lease.of_cores:
        return tuple(sorted(lease.cores))
    return None
