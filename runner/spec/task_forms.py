"""The mapping of today's format (``type: task``, 0.10 and later), key by key.

A new key is a field here; what it does is said in ``eras/task.py`` or, where it does nothing on
this machine, in ``task_effects.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field

from runner.spec import accelerators, ranges, text
from runner.spec import task_values as values
from runner.spec.forms import (
    Artifact,
    AsOf,
    Cache,
    FileForm,
    Name,
    PythonVersion,
    Switch,
    Text,
    Words,
    items,
)
from runner.spec.task_values import File, Port, Variables
from runner.spec.workflow import (
    RETRY_EVENTS,
    RETRY_SECONDS,
    GpuRequest,
    Resources,
    Retry,
    RetryEvent,
    Volume,
)

Range = Annotated[ranges.Range, BeforeValidator(ranges.numbers)]
SizeRange = Annotated[ranges.Range, BeforeValidator(ranges.sizes)]
BinarySize = Annotated[int, BeforeValidator(ranges.size)]
Span = Annotated[int | None, BeforeValidator(values.span)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(items)]
Nodes = Annotated[int, BeforeValidator(values.whole(1, 1000))]
_MOST = 100
_REFUSED_CAPABILITY = values.refused(
    "wf does not ask GPUs for their compute capability",
    "name the GPUs that have it: `name: [A100, H100]`",
)
_REFUSED_GROUPS = values.refused(
    "wf starts nodes that are all alike",
    "write `nodes: N`, and let the commands look at $DSTACK_NODE_RANK",
)


def _cpu(value: Any) -> Any:  # noqa: ANN401
    """``4``, ``4..``, ``x86:4`` or ``{arch, count}``."""
    if isinstance(value, dict) and not value.keys() & {"min", "max"}:
        return value
    if not isinstance(value, str) or ":" not in value:
        return {"count": value}
    first, _, second = "".join(value.split()).partition(":")
    named = first if first[:1].isalpha() else second
    return {"arch": named, "count": second if named == first else first}


def _disk(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, dict) else {"size": value}


class CpuForm(FileForm):
    """``cpu:`` written out."""

    arch: Annotated[str | None, BeforeValidator(values.one_of("x86", "arm"))] = None
    count: Range | None = None


class DiskForm(FileForm):
    """``disk:`` written out."""

    size: SizeRange


def _nominal(size: ranges.Range | None) -> int | None:
    """The lower end in the units of makers."""
    least = size.least if size else None
    return None if least is None else least * 10**9 // 2**30


class TaskGpuForm(FileForm):
    """``gpu:`` written out."""

    vendor: Annotated[str | None, BeforeValidator(accelerators.vendor)] = None
    name: Annotated[tuple[str, ...], BeforeValidator(accelerators.names)] = ()
    count: Range | None = None
    memory: SizeRange | None = None
    total_memory: SizeRange | None = None
    compute_capability: Annotated[Any, BeforeValidator(_REFUSED_CAPABILITY)] = None

    def request(self) -> GpuRequest | None:
        """The least that is asked for: no GPU where the count may be 0.

        The memory of all GPUs together is shared out among them evenly. Sizes are those that
        makers print on the box, as in dstack's catalogue: a card of 24GB holds 24 * 10**9 bytes
        and some more, but hardly ever 24 * 2**30. A single size is the least, as the machine has
        the GPUs it has; the upper end of a range is the most.
        """
        number = 1 if self.count is None else self.count.least or 0
        if number == 0:
            return None
        each = _nominal(self.memory)
        total = _nominal(self.total_memory)
        if total is not None:
            each = max(each or 0, ceil(total / number))
        first, *others = self.name or (None,)
        names = tuple(name for name in others if name)
        return GpuRequest(number, first, each, names, self._most(number))

    def _most(self, number: int) -> int | None:
        ends = (
            self.memory.most if self.memory else None,
            self.total_memory.most // number
            if self.total_memory and self.total_memory.most is not None
            else None,
        )
        return min((end for end in ends if end is not None), default=None)


class TaskResourcesForm(FileForm):
    """``resources:`` of today's format; sizes count in 1024."""

    cpu: Annotated[CpuForm | None, BeforeValidator(_cpu)] = None
    memory: SizeRange | None = None
    shm_size: BinarySize | None = None
    gpu: Annotated[TaskGpuForm | None, BeforeValidator(accelerators.parts)] = None
    disk: Annotated[DiskForm | None, BeforeValidator(_disk)] = None

    def resources(self) -> Resources:
        """The least that is asked for, neutral."""
        count = self.cpu.count if self.cpu else None
        return Resources(
            cpu=count.least if count else None,
            memory=self.memory.least if self.memory else None,
            most_memory=self.memory.more if self.memory else None,
            gpu=self.gpu.request() if self.gpu else None,
            shm_size=self.shm_size,
        )


class RetryForm(FileForm):
    """``retry:`` written out."""

    on_events: Annotated[
        tuple[
            Annotated[str, BeforeValidator(values.one_of("no-capacity", "interruption", "error"))],
            ...,
        ],
        BeforeValidator(items),
        Field(min_length=1),
    ] = RETRY_EVENTS
    duration: Span = None


class RetryPolicyForm(FileForm):
    """``retry_policy:`` (0.10.2 to 0.17), for what was not the job's own fault."""

    retry: Switch = False
    limit: Span = None
    duration: Span = None


class ScheduleForm(FileForm):
    """``schedule:``."""

    cron: Annotated[tuple[str, ...], BeforeValidator(values.cron)]


class UtilizationForm(FileForm):
    """``utilization_policy:``."""

    min_gpu_utilization: Annotated[int, BeforeValidator(values.whole(0, _MOST))]
    time_window: Span


class RegistryAuthForm(FileForm):
    """``registry_auth:``."""

    username: Text
    password: Text


def _retry(value: Any) -> Any:  # noqa: ANN401
    """``true`` is all events; ``false`` is no key."""
    if not isinstance(value, str):
        return value
    return {} if text.switch(value) else None


def _repos(value: Any) -> Any:  # noqa: ANN401
    """One repository at most, as a text or as a mapping."""
    if not isinstance(value, list):
        raise text.mistake(f"a list is wanted here, not {text.kind_of(value)}", "write `- .`")
    if len(value) > 1:
        raise text.mistake(
            f"one repository is read here, not {len(value)}",
            "fetch the others in the commands: git clone …",
            at=(1,),
        )
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            text.part(text.text, item, index)
    return value


class PolicyForm(FileForm):
    """Keys that a profile may have as well."""

    max_duration: Span = None
    stop_duration: Span = None
    backends: Texts = ()
    regions: Texts = ()
    availability_zones: Texts = ()
    instance_types: Texts = ()
    reservation: Text | None = None
    spot_policy: Annotated[
        str | None, BeforeValidator(values.one_of("spot", "on-demand", "auto"))
    ] = None
    retry: Annotated[RetryForm | None, BeforeValidator(_retry)] = None
    max_price: Annotated[str | None, BeforeValidator(values.price)] = None
    creation_policy: Annotated[
        str | None, BeforeValidator(values.one_of("reuse", "reuse-or-create"))
    ] = None
    idle_duration: Annotated[int | None, BeforeValidator(values.idle_span)] = None
    utilization_policy: UtilizationForm | None = None
    startup_order: Annotated[
        str, BeforeValidator(values.one_of("any", "master-first", "workers-first"))
    ] = "any"
    stop_criteria: Annotated[str, BeforeValidator(values.one_of("all-done", "master-done"))] = (
        "all-done"
    )
    schedule: ScheduleForm | None = None
    fleets: Any = None
    instances: Any = None
    tags: Annotated[Mapping[str, str] | None, BeforeValidator(values.labels)] = None
    backend_options: Any = None
    retry_policy: RetryPolicyForm | None = None
    termination_policy: Any = None
    termination_idle_time: Any = None
    pool_name: Any = None
    instance_name: Any = None

    def retries(self) -> Retry | None:
        """When it is started again; of two spellings the newer one counts."""
        if self.retry is not None:
            events = cast("tuple[RetryEvent, ...]", self.retry.on_events)
            return Retry(events, _for(self.retry.duration))
        policy = self.retry_policy
        if policy is None or not policy.retry:
            return None
        limit = policy.duration if policy.limit is None else policy.limit
        return Retry(("no-capacity", "interruption"), _for(limit))


def _for(duration: int | None) -> int | None:
    """An hour where nothing is said (0.18), and no end with ``off``."""
    return RETRY_SECONDS if duration is None else duration or None


class TaskForm(PolicyForm):
    """``type: task``."""

    type: Text
    name: Name | None = None
    commands: Texts = ()
    image: Text | None = None
    entrypoint: Words = ()
    python: PythonVersion | None = None
    as_of: AsOf | None = None
    nvcc: Switch = False
    docker: Switch = False
    privileged: Switch = False
    user: Text | None = None
    shell: Annotated[str | None, BeforeValidator(values.shell)] = None
    working_dir: Annotated[str, BeforeValidator(values.working_dir)] = "."
    home_dir: Text | None = None
    env: Annotated[Variables, BeforeValidator(values.variables)] = Variables()
    setup: Texts = ()
    build: Texts = ()
    cache: Annotated[tuple[Cache, ...], BeforeValidator(items)] = ()
    artifacts: Annotated[tuple[Artifact, ...], BeforeValidator(items)] = ()
    resources: TaskResourcesForm | None = None
    nodes: Nodes = 1
    groups: Annotated[Any, BeforeValidator(_REFUSED_GROUPS)] = None
    ports: Annotated[
        tuple[Annotated[Port, BeforeValidator(values.task_port)], ...], BeforeValidator(items)
    ] = ()
    volumes: Annotated[
        tuple[Annotated[Volume, BeforeValidator(values.volume)], ...], BeforeValidator(items)
    ] = ()
    files: Annotated[
        tuple[Annotated[File, BeforeValidator(values.file)], ...], BeforeValidator(items)
    ] = ()
    repos: Annotated[Any, BeforeValidator(_repos)] = ()
    single_branch: Switch = False
    registry_auth: RegistryAuthForm | None = None
    priority: Annotated[int, BeforeValidator(values.whole(0, _MOST))] = 0
    dstack: Switch = False
