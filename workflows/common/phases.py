"""How long the parts of a script take, for the record of the run.

Each part is one line in the file that WF_NOTES names: ``phase: fit 3.214 s, 27500 samples``. Parts
of one name add up. `wf compare` puts them side by side.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.notes import first_process, record

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Measured:
    """What is known of a part when it ends: how many samples it went through, 0 for none."""

    samples: int = 0


@contextmanager
def phase(name: str) -> Iterator[Measured]:
    """Measure a part, such as ``data``, ``fit`` or ``test``; also one that fails.

    The name is of lower-case letters, digits and ``-``. Where there are several processes only
    the first one reports: its samples are those of all of them.
    """
    measured = Measured()
    begun = time.perf_counter()
    try:
        yield measured
    finally:
        report(name, time.perf_counter() - begun, measured.samples)


def imported() -> None:
    """Report the time since the process began as ``import``: call it below the imports."""
    report("import", _age())


def report(name: str, seconds: float, samples: int = 0) -> None:
    """Report a part that was measured in another way."""
    if first_process():
        counted = f", {samples} samples" if samples else ""
        record(f"phase: {name} {seconds:.3f} s{counted}")


def _age() -> float:
    """Seconds since this process began, as Linux counts them (proc(5)), else its processor time."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # the 22nd of all, from the boot on
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()
