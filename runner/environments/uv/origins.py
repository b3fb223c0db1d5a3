"""Where packages come from, as the first lines of an installer's log tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.credentials import masked
from runner.environments.pip_settings import NO_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.plan.environment import EnvironmentSpec

# the index that uv asks where nobody names another
_REGISTRY = "pypi.org"
_IN_FILES = re.compile(
    r"(?:-i|-f|--index-url|--extra-index-url|--find-links)(?:\s+|=)\S.*|--no-index"
)
_OTHERS = ("UV_INDEX_STRATEGY", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_TORCH_BACKEND", "UV_OFFLINE")


def origins(spec: EnvironmentSpec, variables: Mapping[str, str]) -> Iterator[str]:
    """A line for each index and folder that is searched, in uv's order, without passwords."""
    from runner.plan.requirements import numbered

    if not variables.get(NO_INDEX):
        for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"):
            yield from (f"index: {masked(url)}" for url in variables.get(name, "").split())
        default = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL")
        default = default or f"https://{_REGISTRY}/simple"
        yield f"index: {masked(default)} (default)"
    links = variables.get("UV_FIND_LINKS", "").split(",")
    yield from (f"links: {masked(link)}" for link in links if link)
    for file in spec.requirements:
        for line in numbered(file):
            if _IN_FILES.fullmatch(line.text):
                yield f"{file.path}:{line.number}: {masked(line.text)}"
    yield from (f"{name}={masked(variables[name])}" for name in _OTHERS if variables.get(name))
