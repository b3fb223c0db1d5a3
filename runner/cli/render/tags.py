"""The tags, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.style import harmless, style
from runner.cli.render.table import since, table
from runner.units import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_HEADER = ("TAG", "RUN", "WORKFLOW", "ARTIFACTS", "SIZE", "AGE")
_FEW = 3


def show_tags(
    found: Sequence[dict[str, Any]], now: datetime, stream: TextIO, variables: Mapping[str, str]
) -> None:
    """One line a tag."""
    rows = [
        (
            tag["tag"],
            tag["run"],
            tag["workflow"] or "-",
            _artifacts(tag["artifacts"]),
            amount(tag["bytes"]),
            since(tag["created_at"], now),
        )
        for tag in found
    ]
    dress = style(stream, variables)
    stream.write(table(_HEADER, rows, dress, lambda at, _: ("bold",) if at == 0 else ()))


def _artifacts(artifacts: Sequence[dict[str, Any]]) -> str:
    """The first few that came to something."""
    paths = [harmless(one["path"]) for one in artifacts if one["digest"]]
    more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
    return (", ".join(paths[:_FEW]) + more) or "-"
