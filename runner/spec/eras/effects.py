"""Keys of the lists of workflows that are read and have no effect on this machine, and why."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.spec.images import read_as_python
from runner.spec.notices import no_effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import Problem, Route
    from runner.spec.providers.base import ProviderForm

_OF_WORKFLOWS: Mapping[str, str] = MappingProxyType(
    {
        "cache": "wf shares environments between runs, and starts each with the project's files",
        "ssh": "the job runs on this machine",
        "prebuild": "environments are built when they are first needed",
        "runs": "they were runs of dstack's server; name a folder with `logdir`",
        "uvicorn": "the app is served by the newest uvicorn",
    }
)
_OF_RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "local": "every job runs on this machine",
        "remote": "every job runs on this machine",
        "nodes": "write `nodes` beside `provider: torchrun`",
    }
)
_WITHOUT_CONTAINER: Mapping[str, str] = MappingProxyType(
    {
        "entrypoint": "without a container, the commands are those of bash",
        "home_dir": "a job without a container has the home folder of whoever runs it",
        "registry_auth": "no image is fetched for a job without a container",
    }
)


def without(read: ProviderForm, written: dict[str, Any], route: Route) -> list[Problem]:
    """A notice for every key that was written for nothing."""
    found = [
        no_effect(key, (*route, key), _OF_WORKFLOWS[key]) for key in written if key in _OF_WORKFLOWS
    ]
    resources = written.get("resources")
    if isinstance(resources, dict):
        below = (*route, "resources")
        found += [
            no_effect(key, (*below, key), why)
            for key, why in ((key, _OF_RESOURCES.get(key)) for key in resources)
            if why is not None
        ]
    if read.edits and "artifacts" in written and not read.depends_on and not read.deps:
        why = "the editor works in the project itself, where everything stays"
        found.append(no_effect("artifacts", (*route, "artifacts"), why))
    return found


def outside(read: ProviderForm, written: dict[str, Any], route: Route) -> list[Problem]:
    """A notice for every key that means nothing, or something else, without a container."""
    container = read.container()
    if container is None:
        return []
    found = [
        no_effect(key, (*route, key), why)
        for key, why in _WITHOUT_CONTAINER.items()
        if key in written
    ]
    notice = read_as_python(container.image, (*route, "image"))
    return found if notice is None else [*found, notice]
