"""Requirement files as uv is given them: of the caller's variables, with paths of this run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import ENVIRONMENT, WfError
from runner.plan.requirements import numbered
from runner.plan.requirements.variables import PROJECT, expanded, names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.plan.environment import EnvironmentSpec, RequirementFile

# in addresses and options uv replaces variables itself: what they hold is not written down
_LEFT_TO_UV = re.compile(r"-|.*://")


def write_files(spec: EnvironmentSpec, build: Build, variables: Mapping[str, str]) -> list[str]:
    """Write the requirement files of an environment; the words for uv that name the first.

    Raises:
        WfError: kind ``ENVIRONMENT`` for a variable that is not set.
        OSError: they cannot be written.
    """
    for file in spec.requirements:
        path = _place(build.destination.requirements, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(file, build, variables), encoding="utf-8")
    first = spec.requirements[:1]
    return [
        word for file in first for word in ("-r", str(_place(build.destination.requirements, file)))
    ]


def _place(folder: Path, file: RequirementFile) -> Path:
    # uv would read `pyproject.toml` and `train.py` by other rules than what is made of them
    return folder / (f"{file.path}.txt" if file.numbers else file.path)


def _text(file: RequirementFile, build: Build, variables: Mapping[str, str]) -> str:
    if "${" not in file.text:
        return file.text
    project = "" if build.project is None else str(build.project)
    text = file.text.replace(PROJECT, project)
    return "\n".join(_line(line, variables) for line in text.split("\n"))


def _line(line: str, variables: Mapping[str, str]) -> str:
    return line if _LEFT_TO_UV.match(line) else expanded(line, variables)


def check_variables(spec: EnvironmentSpec, variables: Mapping[str, str]) -> None:
    """Whether every variable that the requirement files ask for is there.

    Raises:
        WfError: kind ``ENVIRONMENT`` for the first that is not.
    """
    for file in spec.requirements:
        for line in numbered(file):
            for name in names(line.text.replace(PROJECT, "")):
                if not variables.get(name):
                    raise WfError(
                        ENVIRONMENT,
                        f"the variable {name}, which {file.path}:{line.number} asks for, "
                        "is not set",
                        hint=f"set it for wf: {name}=… wf run …",
                    )


def option_words(spec: EnvironmentSpec) -> list[str]:
    """What requirement files ask of the installer, in uv's words (its "Compatibility with pip")."""
    words = []
    for name, value in spec.options:
        match name:
            case "--pre":
                words.append("--prerelease=allow")
            case "--trusted-host":
                words += ["--allow-insecure-host", value]
            case "--config-settings":
                words += ["--config-settings-package", value]
            case _:
                raise AssertionError(name)
    return words
