"""What the installers that a job calls in a container are told: where packages come from here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.environments.pip_settings import pip_variables, uv_variables
from runner.environments.places import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.environments.interface import Environment
    from runner.plan.environment import EnvironmentSpec

# pip would not install into a system that is thrown away a moment later (PEP 668)
_MANAGED = {"PIP_BREAK_SYSTEM_PACKAGES": "1"}
_UV = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE")


def with_installers(
    environment: Environment, spec: EnvironmentSpec, variables: Mapping[str, str]
) -> Environment:
    """The environment with the caller's settings for pip and uv, and the folders these name."""
    own = {name: value for name, value in variables.items() if name.startswith(_UV)}
    told = {**own, **uv_variables(variables), **pip_variables(variables), **_MANAGED}
    if spec.as_of is not None:
        from runner.spec.days import end

        told["PIP_UPLOADED_PRIOR_TO"] = end(spec.as_of)  # pip 26.0; older ones pass over it
    named = dict.fromkeys(places(told, (told.get("PIP_FIND_LINKS", ""),)))
    return replace(
        environment, besides=(*environment.besides, *named), variables=tuple(told.items())
    )
