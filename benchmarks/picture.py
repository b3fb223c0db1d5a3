"""The picture of how long a start takes, here and in a container, drawn from measured figures.

``python -m benchmarks.bench --only noop --only container --json docs/_static/start-up.json`` takes
the figures, and ``python -m benchmarks.picture docs/_static/start-up.json`` draws
``docs/_static/start-up.svg`` beside them.
"""

from __future__ import annotations

import argparse
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WIDTH, _MARGIN, _LABELS, _VALUES = 720, 24, 216, 76
_BAR, _STEP, _HEADING, _TOP = 22, 32, 34, 62
# a background of its own: who embeds it may be light or dark
_PAPER, _INK, _FAINT, _BARE, _WF = "#fbfbfa", "#1f2328", "#59636e", "#9aa4af", "#0f766e"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif"


class Bar(NamedTuple):
    """One start: what is started, how many seconds that takes, and whether wf does it."""

    label: str
    seconds: float
    wf: bool = False


def groups(figures: Mapping[str, Any]) -> dict[str, list[Bar]]:
    """What is shown side by side, from what ``bench.py --json`` writes.

    Raises:
        ValueError: a figure that is shown was not measured.
    """
    rows = [row for row in figures["rows"] if row["figure"] is not None]
    local = [row for row in rows if row["part"] == "noop"]
    inside = [row for row in rows if row["part"] == "container"]
    try:
        (script,), (bridge, host) = local, inside
    except ValueError:
        raise ValueError("the figures of noop and container are needed") from None
    return {
        "A script that does nothing, on this machine": [
            Bar("python script.py", script["bare"]),
            Bar("wf run", script["wf"], wf=True),
        ],
        "A command that does nothing, in a container": [
            Bar("docker run --network host", host["bare"]),
            Bar("docker run", bridge["bare"]),
            Bar("wf run --executor docker", bridge["wf"], wf=True),
        ],
    }


def picture(figures: Mapping[str, Any]) -> str:
    """The SVG.

    Raises:
        ValueError: as :func:`groups`.
    """
    found = groups(figures)
    longest = max(bar.seconds for bars in found.values() for bar in bars)
    drawn, y = [], _TOP
    for heading, bars in found.items():
        drawn.append(_text(_MARGIN, y + 14, heading, weight=600))
        y += _HEADING - 8
        for bar in bars:
            drawn += _bar(bar, y, longest)
            y += _STEP
        y += 14
    said = f"medians of whole processes, by wf {figures['wf']} on {figures['cores']} cores"
    title = "How long a start takes: from the command to its end"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 26}" role="img"',
        f'width="{_WIDTH}" font-family="{_FONT}" font-size="14">',
        f"<title>{title}</title>",
        f"<desc>{escape(_words(found))}</desc>",
        f'<rect width="{_WIDTH}" height="{y + 26}" rx="8" fill="{_PAPER}"/>',
        _text(_MARGIN, 36, title, weight=700, size=17),
        *drawn,
        _text(_MARGIN, y + 6, said, fill=_FAINT, size=12),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bar(bar: Bar, y: int, longest: float) -> Iterator[str]:
    left = _MARGIN + _LABELS
    width = max(2.0, (_WIDTH - left - _MARGIN - _VALUES) * bar.seconds / longest)
    fill, weight = (_WF, 600) if bar.wf else (_BARE, 400)
    middle = y + 16
    yield _text(left - 12, middle, bar.label, anchor="end")
    yield f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="3" fill="{fill}"/>'
    yield _text(left + width + 8, middle, _milliseconds(bar), weight=weight)


def _text(  # noqa: PLR0913 - a text and how it looks
    x: float,
    y: float,
    text: str,
    *,
    fill: str = _INK,
    weight: int = 400,
    size: int = 14,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-weight="{weight}" '
        f'font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _milliseconds(bar: Bar) -> str:
    return f"{bar.seconds * 1000:.0f} ms"


def _words(found: Mapping[str, list[Bar]]) -> str:
    """The same for who cannot see it."""
    return ". ".join(
        f"{heading}: {', '.join(f'{bar.label} {_milliseconds(bar)}' for bar in bars)}"
        for heading, bars in found.items()
    )


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path, help="what bench.py --json has written")
    figures = parser.parse_args().figures
    figures.with_suffix(".svg").write_text(picture(json.loads(figures.read_text())))


if __name__ == "__main__":
    main()
