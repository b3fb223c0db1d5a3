"""Tables for lists, without rich: lists must come at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.render.style import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.cli.render.style import Style

_GAP = "   "


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    dress: Style,
    paint: Callable[[int, str], tuple[str, ...]] = lambda _column, _text: (),
) -> str:
    """Columns as wide as what stands in them; the last one is not padded.

    ``paint`` names the colours of a cell. Lines are not cut: a pipe wants all of them.
    """
    cells = zip(header, *rows, strict=True)
    widths = [max(columns(dress.plain(cell)) for cell in column) for column in cells]
    lines = [_line(header, widths, dress, lambda _column, _text: ("dim",))]
    lines += [_line(row, widths, dress, paint) for row in rows]
    return "\n".join(lines) + "\n"


def _line(
    cells: Sequence[str],
    widths: Sequence[int],
    dress: Style,
    paint: Callable[[int, str], tuple[str, ...]],
) -> str:
    padded = (
        dress.paint(cell, *paint(column, cell)) + " " * (width - columns(dress.plain(cell)))
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return _GAP.join(padded).rstrip()


def age(seconds: float) -> str:
    """How long ago, in one unit: ``now``, ``41s``, ``6m``, ``2h``, ``3d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "now"
