"""Measure wf against its budgets, as ratios to the bare thing taken side by side in one run.

``make bench`` runs all of it in some minutes; ``make bench ARGS="--quick --only startup"`` a part
of it. Whole processes are timed where a user waits for a whole process, and a part of one where
its start would hide the rest; what each figure stands for is said in ``parts.py``. Bytecode is in
place, as it is for everybody who has started wf once.

A figure over its budget on a machine that is busy with other things is a reason to look at the
spread, and to measure once more.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Effort, FailedError, NotMeasuredError, Row
from benchmarks.parts import PARTS
from benchmarks.world import compile_bytecode
from runner import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = ("what", "bare", "wf", "figure", "quartiles", "budget", "")


def main() -> int:
    """Measure, print the table, and write the figures; 1 if something could not be done."""
    arguments = _arguments()
    # so that nothing is left behind, neither processes nor folders
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    compile_bytecode()
    effort = Effort(arguments.runs, arguments.quick)
    started = time.monotonic()
    rows = []
    for name in arguments.only or PARTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += list(_measure(name, effort))
    print(_table(rows))
    print(f"{time.monotonic() - started:.0f} s on {_machine()}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(_document(rows, effort), indent=2) + "\n")
    return 1 if any(row.failed for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(PARTS)
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=PARTS,
        help=f"one part; may be given several times: {names}",
    )  # fmt: skip
    parser.add_argument("-n", "--runs", metavar="RUNS", type=int, help="pairs a figure is made of")
    parser.add_argument("--quick", action="store_true", help="less of everything, no training")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures to FILE")
    return parser.parse_args()


def _measure(name: str, effort: Effort) -> Iterator[Row]:
    try:
        yield from PARTS[name](effort)
    except NotMeasuredError as reason:
        yield Row(name, name, reason=f"not measured: {reason}")
    except FailedError as error:
        yield Row(name, name, reason=f"failed: {error}", failed=True)


def _document(rows: list[Row], effort: Effort) -> dict[str, object]:
    return {
        "schema_version": 1,
        "wf": __version__,
        "python": platform.python_version(),
        "cores": _cores(),
        "quick": effort.quick,
        "rows": [{**asdict(row), "ok": row.ok} for row in rows],
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _machine() -> str:
    return f"{_cores()} cores, Python {platform.python_version()}, {platform.system()}"


def _table(rows: list[Row]) -> str:
    shown = [_HEADER, *(_cells(row) for row in rows if row.reason is None)]
    widths = [max(len(line[column]) for line in shown) for column in range(len(_HEADER))]
    lines = [
        "  ".join(
            f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in shown
    ]
    lines += [f"{row.what}: {row.reason}" for row in rows if row.reason is not None]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    verdict = {True: "ok", False: "over", None: ""}[row.ok]
    spread = ""
    if row.low is not None and row.high is not None and row.low != row.high:
        spread = f"{_figure(row, row.low)} … {_figure(row, row.high)}"
    budget = "" if row.budget is None else f"≤ {_figure(row, row.budget)}"
    bare, wf = (_plain(row, value) for value in (row.bare, row.wf))
    return row.what, bare, wf, _figure(row, row.figure), spread, budget, verdict


def _figure(row: Row, value: float | None) -> str:
    if value is None:
        return ""
    if row.unit == "1":
        return f"{value:.1e}"
    if row.kind == "ratio":
        return f"{value:.2f} x"
    if row.kind == "difference":
        return f"{value:+.3f} s"
    return _plain(row, value)


def _plain(row: Row, value: float | None) -> str:
    if value is None:
        return ""
    if row.unit == "B":
        return f"{value / 1e6:.1f} MB"
    if row.unit == "1":
        return f"{value:.5f}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
