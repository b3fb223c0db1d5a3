"""The whole lock of a run's packages (PEP 751), put beside its record when the job has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.environments.packages.lists import difference, outside
from runner.errors import WfError
from runner.records import folder

if TYPE_CHECKING:
    from runner.environments.cache import EnvironmentCache
    from runner.environments.interface import Environment
    from runner.paths import RunPaths
    from runner.plan.environment import EnvironmentSpec

_NAMED = 5


def keep(
    environments: EnvironmentCache,
    spec: EnvironmentSpec,
    shared: Environment,
    final: Environment,
    paths: RunPaths,
) -> str | None:
    """Put the lock there: a copy of the shared environment's, or one with what the job added.

    ``final`` is ``shared`` with what the job has installed on top of it. What it has installed
    from its own workspace is code, and belongs to no lock. The answer is ``None``, or why there is
    no lock: a run does not fail for that.
    """
    whole = replace(final, lock=outside(final.lock, paths.root))
    try:
        if not difference(shared.lock, whole.lock):
            content = environments.pylock(shared, spec).read_bytes()
            folder.put(paths.pylock, content, durable=False)
        else:
            environments.write_pylock(whole, spec, paths.pylock)
    except WfError as error:
        return _cause(error.details or error.message)
    except OSError as error:
        return f"{error.strerror}: {error.filename}"
    return None


def strayed(spec: EnvironmentSpec, final: Environment, paths: RunPaths) -> str | None:
    """How far what a job has installed itself leads away from the run it was to be like."""
    if spec.locked is None:
        return None
    told = difference(spec.locked.lock, outside(final.lock, paths.root))
    if not told:
        return None
    more = ", …" if len(told) > _NAMED else ""
    shown = ", ".join(told[:_NAMED])
    return f"the job has installed what {spec.locked.run} did not have: {shown}{more}"


def _cause(said: str) -> str:
    """The last of uv's ``cause:`` lines, which is the first cause."""
    last = (said.strip() or "uv did not say why").splitlines()[-1].strip()
    return last.removeprefix("error: ").removeprefix("cause: ")
