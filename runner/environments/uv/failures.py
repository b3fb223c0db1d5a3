"""What uv could not do, said in the words of the user's own files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import ENVIRONMENT, UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from runner.plan.environment import EnvironmentSpec, RequirementFile


def no_interpreter(version: str, said: str) -> WfError:
    """There is no such Python."""
    return WfError(
        UNSATISFIABLE,
        f"there is no Python {version} on this machine, and none could be fetched",
        hint=f"install Python {version}, or choose another with --python",
        details=said,
    )


def no_pip(said: str) -> WfError:
    """What the job would install packages with cannot be had."""
    return WfError(
        ENVIRONMENT,
        "cannot install pip, which the job's commands use",
        hint="name the packages in `requirements:` instead",
        details=said,
    )


def not_installed(spec: EnvironmentSpec, said: str) -> WfError:
    """The packages of ``spec`` cannot be installed; ``said`` are uv's last words."""
    named = culprit(said, spec.requirements)
    entries = [file.path for file in spec.requirements[:1]] or spec.packages
    asked = f"what {entries[0]} asks for" if spec.requirements else ", ".join(entries)
    what = f"`{named[0]}` ({named[1]})" if named else asked
    return WfError(
        ENVIRONMENT,
        f"cannot install {what}",
        hint="correct the requirement, or try again if the network was at fault",
        details=said,
    )


def culprit(said: str, files: tuple[RequirementFile, ...]) -> tuple[str, str] | None:
    """The first requirement that uv's message names, with its file and line."""
    from runner.plan.requirements import asked

    words = {_normal(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*", said)}
    for file in files:
        for line in asked(file):
            name = re.match(r"[A-Za-z0-9][\w.-]*", line.text)
            if name and _normal(name[0]) in words:
                return line.text, f"{file.path}:{line.number}"
    return None


def _normal(name: str) -> str:
    """A package's name as uv prints it (PEP 503), without the full stop of a sentence."""
    return re.sub(r"[-_.]+", "-", name).strip("-").lower()
