"""What requirement files come to, as far as it decides what is installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.plan.environment import EnvironmentSpec, RequirementFile


def identified(spec: EnvironmentSpec, variables: Mapping[str, str]) -> EnvironmentSpec:
    """The spec with its lines as they come out, for a fingerprint.

    Whose password it is does not matter there, but which version a variable holds does.
    """
    if not any("${" in file.text or "@" in file.text for file in spec.requirements):
        return spec
    from runner.plan.requirements import lines
    from runner.plan.requirements.variables import PROJECT, identity

    known = {key: value for key, value in variables.items() if f"${{{key}}}" != PROJECT}

    def said(file: RequirementFile) -> RequirementFile:
        text = "\n".join(identity(line.text, known) for line in lines(file.text))
        return replace(file, text=text)

    return replace(spec, requirements=tuple(said(file) for file in spec.requirements))
