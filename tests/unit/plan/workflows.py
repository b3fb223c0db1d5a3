"""Workflows for tests of the planner, as values: `a` needs `b` is ``workflow("a", "b")``."""

from __future__ import annotations

from runner.spec.workflow import (
    ArtifactRequest,
    Dependency,
    EnvironmentRequest,
    Resources,
    ShellCommands,
    Workflow,
)


def workflow(name: str, *needs: str, last: tuple[str, ...] = (), **changes: object) -> Workflow:
    """A workflow that runs ``needs`` first and takes the last runs of others."""
    found = [Dependency("run", needed, None, (name, at)) for at, needed in enumerate(needs)]
    found += [Dependency("last", needed, None, (name, "last")) for needed in last]
    given = {
        "launch": ShellCommands((f"make {name}",)),
        "provider": "bash",
        "help": None,
        "environment": EnvironmentRequest(),
        "variables": (),
        "artifacts": (ArtifactRequest(name),),
        "resources": Resources(),
        "working_dir": ".",
        "routes": {"name": (name,)},
        "dependencies": tuple(found),
        **changes,
    }
    return Workflow(name=name, **given)  # type: ignore[arg-type]
