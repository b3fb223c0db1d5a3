"""What pytest says of the first test that failed (docs.pytest.org, "Managing pytest's output").

Its tracebacks are not Python's: lines of code with ``>``, and of the error with ``E`` in front.
"""

from __future__ import annotations

import re

from runner.engine.failing.failure import Place

_SESSION = re.compile(r"^=+ (?:FAILURES|ERRORS) =+$")
_ERROR = re.compile(r"^E\s{2,}(?P<said>\S.*)$")
_PLACE = re.compile(r"^(?P<path>[^\s:]{1,300}\.py):(?P<line>\d{1,7}): (?P<frame>in )?")


def read(lines: list[str]) -> tuple[Place | None, tuple[str, ...]] | None:
    """Where the first of them failed, and with which words; ``None``: none did."""
    begun = False
    place: Place | None = None
    error: list[str] = []
    for line in lines:
        begun = begun or _SESSION.match(line) is not None
        if not begun:
            continue
        if said := _ERROR.match(line):
            error.append(said["said"])
        elif found := _PLACE.match(line):
            if not found["path"].startswith("/"):
                place = Place(found["path"], int(found["line"]))
            if error and not found["frame"]:
                break
        elif error and line.startswith("="):
            break
    return (place, tuple(error)) if error else None
