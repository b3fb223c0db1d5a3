"""Spellings of 2021 and early 2022 that lived for days or weeks: each is told what became of it.

The order of events is that of the histories of dstackai/gpt-2 and dstack-examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import Problem

if TYPE_CHECKING:
    from runner.errors import Route

# key -> when it was read, and what took its place
_BECAME = {
    "id": ("in May 2021", "write `name:`"),
    "params": ("in May 2021", "put them below the workflow's name into .dstack/variables.yaml"),
    "dependencies": ("in May 2021", "write `depends-on:` with a list of workflows"),
    "triggers": ("for two days in June 2021", "write `depends-on:` with `repo: {include: […]}`"),
    "template": ("for two days in February 2022", "write its keys beside `name`, one level up"),
}


def refused(item: dict[str, Any], route: Route) -> list[Problem]:
    """The mistakes of a workflow that is written as it was for a short while only."""
    return [
        Problem(
            f"`{key}` was read {when}; it has no meaning since",
            route=(*route, key),
            at_key=True,
            hint=hint,
            code="unknown-key",
        )
        for key, (when, hint) in _BECAME.items()
        if key in item
    ]
