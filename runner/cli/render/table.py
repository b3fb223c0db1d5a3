"""Tables for lists, without rich: lists must come at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.cli.render.style import columns, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from runner.cli.render.style import Style

_GAP = "   "


class Column(NamedTuple):
    """A column that can make room on a narrow terminal.

    It may be cut down to ``least`` columns of the screen, if that is given. Where that is not
    enough, columns are left out, that of the highest ``spare`` first and never one of 0; and those
    that are left are cut as it comes.
    """

    title: str
    spare: int = 0
    least: int | None = None


def fitted(
    shape: Sequence[Column],
    rows: Sequence[Sequence[str]],
    dress: Style,
    paint: Callable[[str, str], tuple[str, ...]] = lambda _title, _text: (),
) -> str:
    """A table that is no wider than the terminal, as far as its columns allow.

    Without a terminal nothing is left out or cut: a pipe wants all of it. Nor is a column shown in
    which nothing stands. ``paint`` names the colours of a cell of a column.
    """
    kept = [at for at in range(len(shape)) if any(row[at] for row in rows)]
    widths = {
        at: max(columns(dress.plain(cell)) for cell in (shape[at].title, *(r[at] for r in rows)))
        for at in kept
    }
    if dress.terminal:
        _make_room(shape, kept, widths, dress.width)
    mark = dress.plain("…")
    titles = [shape[at].title for at in kept]
    header = [cut(shape[at].title, widths[at], mark) for at in kept]
    cells = [[cut(dress.plain(row[at] or "-"), widths[at], mark) for at in kept] for row in rows]
    return table(header, cells, dress, lambda at, text: paint(titles[at], text))


def _make_room(
    shape: Sequence[Column], kept: list[int], widths: dict[int, int], width: int
) -> None:
    """Leave columns out of ``kept`` and take from ``widths`` until all fits."""

    def room(at: int) -> int:
        return max(widths[at] - (shape[at].least or widths[at]), 0)

    while (over := _wide(kept, widths) - width) > sum(map(room, kept)):
        spare = max(kept, key=lambda at: shape[at].spare)
        if not shape[spare].spare:
            break
        kept.remove(spare)
    for _ in range(over):
        widest = max(kept, key=lambda at: (room(at), widths[at]))
        widths[widest] = max(widths[widest] - 1, 1)


def _wide(kept: Sequence[int], widths: dict[int, int]) -> int:
    return sum(widths[at] for at in kept) + len(_GAP) * (len(kept) - 1)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    dress: Style,
    paint: Callable[[int, str], tuple[str, ...]] = lambda _column, _text: (),
) -> str:
    """Columns as wide as what stands in them; the last one is not padded.

    ``paint`` names the colours of a cell. Lines are not cut: a pipe wants all of them.
    """
    return "".join(flowing(header, [rows], dress, paint))


def flowing(
    header: Sequence[str],
    pages: Iterable[Sequence[Sequence[str]]],
    dress: Style,
    paint: Callable[[int, str], tuple[str, ...]] = lambda _column, _text: (),
) -> Iterator[str]:
    """The same of more rows than anybody wants to wait for: a page at a time, as they come.

    Columns are as wide as what has stood in them so far.
    """
    widths = [columns(dress.plain(title)) for title in header]
    for number, page in enumerate(pages):
        for at, column in enumerate(zip(*page, strict=True)):
            widths[at] = max(widths[at], *(columns(dress.plain(cell)) for cell in column))
        if number == 0:
            titles = _line(header, widths, dress, lambda _column, _text: ("dim",))
            yield f"{titles}\n"
        yield "".join(f"{_line(row, widths, dress, paint)}\n" for row in page)


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


def since(written: str, now: datetime) -> str:
    """How long ago a time was that stands on a record."""
    from runner.stamps import moment

    return age((now - moment(written)).total_seconds())


def age(seconds: float) -> str:
    """How long ago, in one unit: ``now``, ``41s``, ``6m``, ``2h``, ``3d``."""
    seconds = int(seconds + 0.5)  # as durations are told: nothing took longer than it is old
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "now"
