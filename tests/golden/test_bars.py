"""Progress bars and what is left of them: bars/NAME.output and NAME.txt.

A case is what a library wrote to a terminal of 80 columns, byte for byte: tqdm 4.70 with a bar
in a bar, lines in between and a coloured one; rich 15 with two tasks and a line in between;
Lightning 2.6 with its two progress bars, trained for two epochs with a validation in each. What is
left of it is what stood on that terminal in the end.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.folding.fold import Fold, plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent / "bars"
CASES = sorted(path.stem for path in HERE.glob("*.output"))


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_of_a_bar(case: str, golden: Callable[[Path, str], None]) -> None:
    output = (HERE / f"{case}.output").read_bytes()
    golden(HERE / f"{case}.txt", "\n".join(plain_lines(output)))


@pytest.mark.parametrize("case", CASES)
def test_nothing_else_is_left_of_it_in_a_file(case: str) -> None:
    output = (HERE / f"{case}.output").read_bytes()
    fold = Fold(exact=True)
    left = fold.feed(output) + fold.finish()
    assert plain_lines(left) == plain_lines(output)
    assert b"\r" not in left
    assert len(left) < len(output) / 2


BAR = """
from rich.console import Console
from rich.progress import Progress
with Progress(console=Console(force_terminal=True, width=60), auto_refresh=False) as progress:
    tasks = [progress.add_task(name, total=3) for name in ("one", "two")]
    for step in range(3):
        for task in tasks:
            progress.advance(task)
            progress.refresh()
        progress.console.print(f"step {step}")
"""


def test_the_bars_of_the_library_that_is_installed() -> None:
    output = subprocess.run([sys.executable, "-c", BAR], capture_output=True, check=True).stdout
    *said, one, two, end = plain_lines(output)
    assert said == ["step 0", "step 1", "step 2"]
    assert (one[:4], two[:4], end) == ("one ", "two ", "")
    assert one.count("100%") == two.count("100%") == 1
