"""Volumes of a task that would lie where its container has something else. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem, Related
from runner.spec.workflow import PROJECT_INSIDE, inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.spec.workflow import Container, Volume


def misplaced(volumes: Sequence[Volume], container: Container) -> Iterator[Problem]:
    """The mistakes in ``volumes``, all that are written, for those that ``container`` has.

    One at the home folder is none: it takes the place of a folder that is empty.
    """
    first: dict[str, int] = {}
    for index, volume in enumerate(volumes):
        if volume not in container.volumes:
            continue
        path, route = inside(volume.path), ("volumes", index)
        if path == "/":
            message, hint = "a volume cannot be all of a container", "write /folder:/folder"
            yield Problem(message, route=route, hint=hint)
        elif path in (PROJECT_INSIDE, container.project):
            message = f"`{path}` is where the container has the project"
            yield Problem(message, route=route, hint=_elsewhere(path))
        elif path in first:
            related = (Related("the first is here", route=("volumes", first[path])),)
            message, hint = f"two volumes at `{path}`", "keep one of them"
            yield Problem(message, route=route, hint=hint, related=related)
        else:
            first[path] = index


def _elsewhere(path: str) -> str:
    if path == PROJECT_INSIDE:
        return "write another path for the volume"
    return "write another path for the volume, or another `working_dir`"
