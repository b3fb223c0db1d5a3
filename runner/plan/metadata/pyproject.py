"""The packages of a project: ``[project]`` of its ``pyproject.toml`` (PEP 621).

Dependency groups (PEP 735) are for whoever works on the project, not for what it runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.plan.metadata.tables import Metadata, Reader, failed
from runner.plan.metadata.toml import Fault, Toml

if TYPE_CHECKING:
    from collections.abc import Iterator

# uv writes its locks itself, one way only
_LOCAL = re.compile(
    r'^name = "(?P<name>[^"\n]+)"\n(?:version = "[^"\n]*"\n)?'
    r'source = \{ (?P<kind>editable|directory|path) = "(?P<path>[^"\n]+)" \}$',
    re.MULTILINE,
)


def pyproject(path: str, text: str) -> Metadata | None:
    """What a ``pyproject.toml`` says of the environment; ``None`` if it describes no project.

    One without ``[project]`` only has settings of tools.
    """
    lines = text.splitlines()
    try:
        toml = Toml(path, text, lines)
    except Fault as fault:
        message = f"{path} cannot be read: {fault.message}"
        return failed(path, Problem(message, place=fault.place, code="requirement"))
    if not isinstance(toml.values.get("project"), dict):
        return None
    built = "build-system" in toml.values and toml.table("tool", "uv").get("package") is not False
    itself = (toml.find("[build-system]") or 1) if built else None
    reader = Reader(toml, "project")
    dynamic = toml.table("project").get("dynamic", [])
    if isinstance(dynamic, list) and "dependencies" in dynamic:
        place = toml.place(toml.key("dynamic", "project"), "dependencies")
        message = (
            "its dependencies are dynamic: they are installed anew in every run"
            if built
            else "its dependencies are dynamic, and nothing says how to find them"
        )
        hint = "write them into `dependencies`, or name a file: `requirements: …`"
        reader.notices.append(Problem(message, place=place, hint=hint, code="requirement"))
    return reader.metadata(toml.place(toml.find("[project]") or 1), itself)


def packages_of(lock: str) -> Iterator[tuple[str, bool, int]]:
    """What a ``uv.lock`` has that lies in the project: its path, whether editable, and the line."""
    for found in _LOCAL.finditer(lock):
        line = lock.count("\n", 0, found.start()) + 1
        yield found["path"], found["kind"] == "editable", line
