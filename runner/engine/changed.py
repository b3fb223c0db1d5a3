"""When the project last said what it is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.plan.ageing.days import Changed
from runner.workspace.source import Git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.plan.environment import EnvironmentSpec


def last_change(
    project: Path, variables: Mapping[str, str], spec: EnvironmentSpec, script: str | None
) -> Changed | None:
    """The last commit to the requirements file, or to the script where there is none."""
    path = spec.requirements[0].path if spec.requirements else script
    if path is None:
        return None
    history = Git(project, variables).history((path,))
    day = None if history is None else history.day
    return None if day is None else Changed(path, day)
