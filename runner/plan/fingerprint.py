"""What the outcome of a job depends on, as one hash a part: when all agree, a run can be reused.

Devices, ports, limits and names do not count: a job is expected to come to the same on other
cores. That GPUs are simulated does count: what it comes to then is no result of a GPU. Nextflow and
Snakemake reuse by the same parts (script, inputs, environment).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# raised when the same job would be told differently, so that old runs are not taken for the same
_FORMAT = 1
_LENGTH = 20
# in the order in which a difference is told
NAMES = MappingProxyType(
    {
        "code": "code",
        "command": "its part of the workflow file",
        "variables": "variables",
        "environment": "environment",
        "inputs": "inputs",
        "devices": "simulated GPUs",
        "resumed": "the run that it goes on from",
    }
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A hash for each part (``code``, ``command``, ``variables``, ``environment``, ``inputs``).

    Where GPUs are simulated, there is one more: ``devices``. A run that goes on from another one
    has ``resumed``: what came of the two together is not what one run from start to end comes to.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """The hash over all parts."""
        return hashed([_FORMAT, self.parts])

    def document(self) -> dict[str, Any]:
        """The fingerprint as JSON."""
        return {"digest": self.digest, **dict.fromkeys(NAMES), **dict(self.parts)}

    def difference(self, parts: Mapping[str, str]) -> str | None:
        """The first part in which a former run was different: its key, or ``None``."""
        own = dict(self.parts)
        return next((name for name in NAMES if own.get(name) != parts.get(name)), None)


def part_name(key: str) -> str:
    """What a part is called in a sentence."""
    return NAMES[key]


def hashed(told: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """A short hash of a value."""
    from blake3 import blake3

    text = json.dumps(told, ensure_ascii=True, sort_keys=True)
    return str(blake3(text.encode()).hexdigest()[:_LENGTH])
