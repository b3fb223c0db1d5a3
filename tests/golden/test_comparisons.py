"""Runs side by side: comparisons/NAME.json, NAME.txt, and NAME.80.txt and NAME.120.txt.

A case says of each run what matters. Expected is what a pipe gets, and what a terminal of so many
columns shows, its colours as they are.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.compare import show_comparison
from runner.records.comparing.comparison import compare
from tests.unit.records.comparing.runs import a_run

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent / "comparisons"
CASES = sorted(path.stem for path in HERE.glob("*.json"))


class Screen(io.StringIO):
    """A stream in UTF-8 that may be a terminal."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [None, 80, 120])
def test_runs_side_by_side(
    case: str, width: int | None, golden: Callable[[Path, str], None]
) -> None:
    runs = [a_run(one) for one in json.loads((HERE / f"{case}.json").read_text(encoding="utf-8"))]
    screen = Screen(terminal=width is not None)
    show_comparison(compare(runs), screen, {"COLUMNS": str(width or 80), "TERM": "xterm"})
    shown = screen.getvalue()
    golden(HERE / (f"{case}.{width}.txt" if width else f"{case}.txt"), shown)
