"""Parts of today's format that are read and do nothing on this machine, or something else."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.spec.images import read_as_python
from runner.spec.notices import no_effect, read_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from runner.errors import Problem, Route
    from runner.spec.task_forms import TaskForm

# what was bought so could be taken away at any time: the job is told ahead of its end
SPOT = "spot"
_OFFERS = "every job runs on this machine"
_FLEETS = "wf keeps no instances"
_NODES = "all nodes start at once, and the job ends when all of them have"

NO_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "nvcc": "a job uses the CUDA of its image, or of this machine",
        "docker": "commands use the Docker of this machine, and none in a container",
        "cache": "wf shares environments between runs, and starts each with the project's files",
        "repos": "a run works on a copy of this project; fetch other code in the commands",
        "single_branch": "a run works on a copy of this project",
        "priority": "runs wait for devices in the order of their arrival",
        "project": "wf has no server that has projects",
        "dstack": "wf has no server that a job could talk to",
        "startup_order": _NODES,
        "stop_criteria": _NODES,
        "schedule": "start it from cron: wf run NAME",
        "utilization_policy": "wf ends no job for being idle",
        "spot_policy": "this machine has no spot instances",
        "backends": _OFFERS,
        "regions": _OFFERS,
        "availability_zones": _OFFERS,
        "instance_types": _OFFERS,
        "instances": _OFFERS,
        "instance_name": _OFFERS,
        "reservation": _OFFERS,
        "max_price": "this machine costs nothing",
        "creation_policy": _FLEETS,
        "idle_duration": _FLEETS,
        "fleets": _FLEETS,
        "pool_name": _FLEETS,
        "termination_policy": _FLEETS,
        "termination_idle_time": _FLEETS,
        "tags": "they were labels of cloud instances",
        "backend_options": _OFFERS,
    }
)
WITHOUT_CONTAINER: Mapping[str, str] = MappingProxyType(
    {
        "privileged": "a job without a container has the rights of whoever runs it",
        "user": "a job without a container runs as whoever starts it",
        "home_dir": "a job without a container has the home folder of whoever runs it",
        "registry_auth": "no image is fetched for a job without a container",
        "volumes": "a job without a container sees the folders of this machine where they are",
    }
)
"""What has an effect in a container only."""
_OF_RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "disk": "a job may use all the space that is free",
        "local": _OFFERS,
        "instance-type": "this machine has no spot instances",
    }
)


def without(read: BaseModel, written: Mapping[str, Any], base: Route = ()) -> list[Problem]:
    """A notice for every key that says something else than its default, and does nothing here.

    ``written`` is the mapping at ``base`` that was read.
    """
    found = _told(NO_EFFECT, read, written, base)
    resources = written.get("resources")
    if isinstance(resources, dict):
        found += [
            no_effect(key, (*base, "resources", key), why)
            for key, why in _OF_RESOURCES.items()
            if key in resources and resources[key] != SPOT
        ]
    return found


def _told(
    keys: Mapping[str, str], read: BaseModel, written: Mapping[str, Any], base: Route
) -> list[Problem]:
    fields = type(read).model_fields
    return [
        no_effect(key, (*base, key), why)
        for key, why in keys.items()
        if key in written and key in fields and getattr(read, key) != fields[key].default
        if written[key] != SPOT
    ]


def otherwise(read: TaskForm, written: Mapping[str, Any]) -> list[Problem]:
    """A notice for every part that means something else here than in dstack's containers."""
    working_dir = [] if read.image else _working_dir(read, written)
    return [*_resources(read), *_ports(read), *working_dir, *_files(read), *_before(read)]


def outside(read: TaskForm, written: Mapping[str, Any]) -> list[Problem]:
    """A notice for every part that means nothing, or something else, without a container."""
    found = _told(WITHOUT_CONTAINER, read, written, ())
    if read.image is None:
        return found
    found += _working_dir(read, written)
    notice = read_as_python(read.image, ("image",))
    return found if notice is None else [*found, notice]


def _resources(read: TaskForm) -> list[Problem]:
    cpu = read.resources.cpu if read.resources else None
    if cpu is None or cpu.arch is None:
        return []
    return [no_effect("arch", ("resources", "cpu"), "the job runs on this machine's processor")]


def _ports(read: TaskForm) -> list[Problem]:
    return [
        read_as(
            f"the job listens on port {port.number}, and {port.local} does not lead there",
            ("ports", index),
            f"open http://127.0.0.1:{port.number} on this machine",
        )
        for index, port in enumerate(read.ports)
        if port.local not in {None, port.number}
    ]


def _working_dir(read: TaskForm, written: Mapping[str, Any]) -> list[Problem]:
    working_dir = str(written.get("working_dir", ""))
    if not working_dir.startswith(("/", "~")):
        return []
    where = "the project folder" if read.working_dir == "." else f"`{read.working_dir}`"
    message = f"`{working_dir}` is a folder of dstack's containers, and read as {where}"
    return [read_as(message, ("working_dir",))]


def _files(read: TaskForm) -> list[Problem]:
    return [
        read_as("this file is used where it lies", ("files", index))
        for index, file in enumerate(read.files)
        if file.local is None
    ]


def _before(read: TaskForm) -> list[Problem]:
    found = []
    if read.setup:
        message = "`setup` runs before the commands, as it did until 0.18.30"
        found.append(read_as(message, ("setup",), "put its lines in front of `commands`"))
    if read.build:
        message = "`build` runs before the commands, every time"
        found.append(read_as(message, ("build",), "put its lines in front of `commands`"))
    return found
