"""The tags, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.style import in_line, style
from runner.cli.render.table import Column, fitted, since
from runner.units import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_SHAPE = (
    Column("TAG", least=8),
    Column("RUN"),
    Column("WORKFLOW", spare=1, least=8),
    Column("ARTIFACTS", spare=2, least=12),
    Column("SIZE", spare=3),
    Column("AGE", spare=4),
)
_FEW = 3


def show_tags(
    found: Sequence[dict[str, Any]], now: datetime, stream: TextIO, variables: Mapping[str, str]
) -> None:
    """One line a tag."""
    rows = [
        (
            tag["tag"],
            tag["run"],
            tag["workflow"] or "",
            _artifacts(tag["artifacts"]),
            amount(tag["bytes"]),
            since(tag["created_at"], now),
        )
        for tag in found
    ]
    dress = style(stream, variables)
    bold = {"TAG": ("bold",)}
    stream.write(fitted(_SHAPE, rows, dress, lambda title, _: bold.get(title, ())))


def _artifacts(artifacts: Sequence[dict[str, Any]]) -> str:
    """The first few that came to something."""
    paths = [in_line(one["path"]) for one in artifacts if one["digest"]]
    more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
    return ", ".join(paths[:_FEW]) + more
