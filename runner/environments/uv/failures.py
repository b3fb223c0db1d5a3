"""What uv could not do, said in the words of the user's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.environments.credentials import masked
from runner.environments.uv.failed.building import build_failed
from runner.environments.uv.failed.cause import Asked, Cause, asked
from runner.environments.uv.failed.here import here
from runner.environments.uv.failed.network import unreachable
from runner.environments.uv.failed.said import read
from runner.environments.uv.failed.unsatisfied import requirements, unsatisfied
from runner.errors import ENVIRONMENT, UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from pathlib import Path

    from runner.environments.uv.failed.said import Said
    from runner.plan.environment import EnvironmentSpec

_DETAIL_LINES = 25
_UNDATED = "is missing an upload date"


def no_interpreter(version: str, said: str) -> WfError:
    """There is no such Python."""
    return WfError(
        UNSATISFIABLE,
        f"there is no Python {version} on this machine, and none could be fetched",
        hint=f"install Python {version}, or choose another with --python",
        details=said,
    )


def no_venv(version: str, said: str, log: Path) -> WfError:
    """The bare environment cannot be made: here, or because there is no such Python."""
    cause = here(read(said), Asked((), version, None))
    if cause is None:
        return no_interpreter(version, said)
    return WfError(ENVIRONMENT, cause.message, hint=cause.hint, details=_details(said, log))


def no_pip(said: str) -> WfError:
    """What the job would install packages with cannot be had."""
    return WfError(
        ENVIRONMENT,
        "cannot install pip, which the job's commands use",
        hint="name the packages in `requirements:` instead",
        details=said,
    )


def not_installed(spec: EnvironmentSpec, said: str, log: Path) -> WfError:
    """The packages of ``spec`` cannot be installed; ``said`` are uv's last words."""
    words = read(said)
    wishes = asked(spec)
    cause = (
        here(words, wishes)
        or (build_failed(words, wishes) if words.build else None)
        or unreachable(words, wishes)
        or build_failed(words, wishes)
        or unsatisfied(words, wishes)
        or _something(spec, words, wishes)
    )
    if spec.as_of is not None and _UNDATED in said:
        cause = Cause(
            "the index does not say when its packages were published, "
            f"so none can be taken as of {spec.as_of}",
            "leave out --as-of, or use an index that says it (PEP 700)",
        )
    return WfError(
        ENVIRONMENT,
        masked(cause.message),
        hint=masked(cause.hint),
        details=_details(said, log),
    )


def _something(spec: EnvironmentSpec, said: Said, wishes: Asked) -> Cause:
    """Nothing that is known; perhaps uv has named a requirement."""
    named = next((name for name in requirements(said) if wishes.about(name)), None)
    entries = [file.path for file in spec.requirements[:1]] or spec.packages
    what = f"what {entries[0]} asks for" if spec.requirements else ", ".join(entries)
    return Cause(
        f"cannot install {wishes.who(named) if named else what}",
        "correct the requirement, or try again if the network was at fault",
    )


def _details(said: str, log: Path) -> str:
    lines = [line for line in masked(said).splitlines() if line.strip()]
    return "\n".join((*lines[-_DETAIL_LINES:], f"the whole log: {log}"))
