"""What the outcome of a job depends on, as one hash a part: when all agree, a run can be reused.

Devices, ports, limits and names do not count: a job is expected to come to the same on other
cores. Nextflow and Snakemake reuse by the same parts (script, inputs, environment).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.plan.plan import Job

# raised when the same job would be told differently, so that old runs are not taken for the same
_FORMAT = 1
_LENGTH = 20
# in the order in which a difference is told
_NAMES = MappingProxyType(
    {
        "code": "code",
        "command": "its part of the workflow file",
        "variables": "variables",
        "environment": "environment",
        "inputs": "inputs",
    }
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A hash for each part (``code``, ``command``, ``variables``, ``environment``, ``inputs``)."""

    parts: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """The hash over all parts."""
        return _hash([_FORMAT, self.parts])

    def document(self) -> dict[str, Any]:
        """The fingerprint as JSON."""
        return {"digest": self.digest, **dict(self.parts)}

    def difference(self, parts: Mapping[str, str]) -> str | None:
        """The first part in which a former run was different: its key, or ``None``."""
        return next((name for name, said in self.parts if parts.get(name) != said), None)


def part_name(key: str) -> str:
    """What a part is called in a sentence."""
    return _NAMES[key]


def fingerprint(job: Job, code: str, environment: str, inputs: tuple[str, ...]) -> Fingerprint:
    """The fingerprint of a job.

    ``code`` and ``environment`` are digests; ``inputs`` are the fingerprints of the jobs it
    depends on, or the names of runs where those were chosen.
    """
    launch = job.launch
    told = {
        "launch": [type(launch).__name__, *(getattr(launch, name) for name in launch.__slots__)],
        "before": job.before,
        "working_dir": job.working_dir,
        "artifacts": [artifact.path for artifact in job.artifacts],
        "files": [[copied.local, copied.target] for copied in job.files],
    }
    parts = {
        "code": code,
        "command": _hash(told),
        "variables": _hash([sorted(job.parameters), sorted(job.variables)]),
        "environment": environment,
        "inputs": _hash(inputs),
    }
    return Fingerprint(tuple((name, parts[name]) for name in _NAMES))


def _hash(told: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    from blake3 import blake3

    text = json.dumps(told, ensure_ascii=True, sort_keys=True)
    return str(blake3(text.encode()).hexdigest()[:_LENGTH])
