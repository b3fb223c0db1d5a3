"""The JSON Schemas that are shipped with wf.

They are made by ``tests/golden/schemas.py`` of the forms in ``spec/`` and of the reference.
"""

from __future__ import annotations

from typing import Literal

SchemaName = Literal["workflows", "variables", "task"]

# beside the workflow file, which names it in its first line
FILE = "schema.json"


def schema(name: SchemaName) -> str:
    """The text of a schema."""
    from importlib.resources import files

    return (files("runner.spec") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
