"""What uv could not do, said in the words of the user's own files."""

from __future__ import annotations

import signal
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
    from runner.environments.uv.search import Search
    from runner.plan.environment import EnvironmentSpec

_DETAIL_LINES = 25


def no_interpreter(version: str, looked: Search, said: str) -> WfError:
    """There is no such Python."""
    minors = list(dict.fromkeys(".".join(found.split(".")[:2]) for found in looked.found))
    off = looked.downloads_off
    fetched = f"UV_PYTHON_DOWNLOADS={off} keeps uv from fetching it"
    why = fetched if off else "it could not be fetched"
    are = "is" if len(looked.found) == 1 else "are"
    return WfError(
        UNSATISFIABLE,
        f"there is no Python {version} on this machine, and {why}; "
        f"there {are} {', '.join(looked.found)}",
        hint=f"install it (uv python install {version}), "
        f"or choose another: --python {_nearest(version, minors)}",
        details=said,
    )


def _nearest(version: str, minors: list[str]) -> str:
    """The minor version to propose: the next older one, else the next newer."""
    wanted = _minor(version)
    older = [minor for minor in minors if _minor(minor) <= wanted]
    return max(older, key=_minor) if older else min(minors, key=_minor)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def no_venv(version: str, looked: Search, said: str, log: Path) -> WfError:
    """The bare environment cannot be made: here, or because there is no such Python."""
    cause = here(read(said), Asked((), version, None))
    if cause is None:
        return no_interpreter(version, looked, said)
    return WfError(ENVIRONMENT, cause.message, hint=cause.hint, details=details(said, log))


def killed(number: int, said: str, log: Path) -> WfError:
    """A signal has ended uv. Whoever fills the memory is killed by the kernel."""
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    full = "most likely the machine ran out of memory: free some (`free -h` shows it), and "
    return WfError(
        ENVIRONMENT,
        f"uv was killed ({name}) before the environment was ready",
        hint=f"{full if number == signal.SIGKILL else ''}run it again",
        details=details(said, log),
    )


def no_setuptools(said: str) -> WfError:
    """What environments of that Python have cannot be had."""
    return WfError(
        ENVIRONMENT,
        "cannot install setuptools, which the environment of a job that calls pip has",
        hint="name the packages in `requirements:` instead",
        details=said,
    )


def not_installed(spec: EnvironmentSpec, said: str, log: Path) -> WfError:
    """The packages of ``spec`` cannot be installed; ``said`` are uv's last words."""
    words = read(said)
    wishes = asked(spec)
    cause = (
        known_cause(words, wishes) or unsatisfied(words, wishes) or _something(spec, words, wishes)
    )
    return WfError(
        ENVIRONMENT,
        masked(cause.message),
        hint=masked(cause.hint),
        details=details(said, log),
    )


def known_cause(words: Said, wishes: Asked) -> Cause | None:
    """Why something cannot be installed whose version is settled."""
    return (
        here(words, wishes)
        or (build_failed(words, wishes) if words.build else None)
        or unreachable(words, wishes)
        or build_failed(words, wishes)
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


def details(said: str, log: Path) -> str:
    """The end of what uv said, and where the whole of it is."""
    lines = [line for line in masked(said).splitlines() if line.strip()]
    return "\n".join((*lines[-_DETAIL_LINES:], f"the whole log: {log}"))
