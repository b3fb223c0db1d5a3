"""Run by the Python of the released dstack: what it reads in some texts (JSON in, JSON out).

For each text either ``{"error": …}`` or the parts of it that have a meaning for wf too.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib import import_module
from typing import Any

import yaml


def least(spec: Any, key: str) -> float | None:
    """The lower end of a range that was written; defaults do not count."""
    found = getattr(spec, key)
    if key not in spec.model_fields_set or found is None or found.min is None:
        return None
    return float(found.min)


def meaning(task: Any) -> dict[str, Any]:
    """What a task asks for."""
    asked = task.resources
    gpu = asked.gpu if "gpu" in asked.model_fields_set else None
    return {
        "name": task.name,
        "commands": list(task.commands),
        "env": {key: getattr(value, "key", value) for key, value in task.env.items()},
        "ports": [port.container_port for port in task.ports],
        "nodes": task.nodes or 1,
        "max_duration": None if task.max_duration == "off" else task.max_duration,
        "cpu": least(asked.cpu, "count") if "cpu" in asked.model_fields_set else None,
        "memory": least(asked, "memory"),
        "gpu": gpu and [gpu.count.min, gpu.name or [], gpu.memory and gpu.memory.min],
    }


def read(text: str, parse: Any) -> dict[str, Any]:
    """One text."""
    try:
        return meaning(parse(yaml.safe_load(text)))
    except Exception as error:  # noqa: BLE001 - it raises whatever comes
        return {"error": str(error) or type(error).__name__}


def main() -> None:
    """All of them."""
    warnings.simplefilter("ignore")
    models = import_module("dstack._internal.core.models.configurations")
    texts = json.load(sys.stdin)
    json.dump([read(text, models.parse_run_configuration) for text in texts], sys.stdout)


if __name__ == "__main__":
    main()
