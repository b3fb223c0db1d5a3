"""The report of a bug in wf, shaped so that it can be sent as it is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


# `secrets add NAME`
_BEFORE_VALUES = 3


class ReportedError(Exception):
    """A bug in wf in another process of it, which has written the report.

    ``said`` names the bug; ``report`` is the report's path, if it could be written.
    """

    def __init__(self, said: str, report: Path | None) -> None:
        super().__init__(said)
        self.said = said
        self.report = report


def write_report(
    bug: Exception, words: Sequence[str], variables: Mapping[str, str], *, name: str | None = None
) -> Path | None:
    """Write the report into the state folder; its path, or ``None`` if that is impossible.

    Of a ``name`` there is one report, the first.

    It holds the command line and the traceback, and no variables: they may be secret. A value of a
    secret stands in neither: :meth:`runner.engine.masking.Masking.errors` sees to it.
    """
    import traceback
    from datetime import datetime, timezone

    from runner import __version__
    from runner.settings import resolve

    now = datetime.now(timezone.utc)
    # behind the name somebody may have typed the value
    typed = words[:_BEFORE_VALUES] if words[:1] == ["secrets"] else words
    text = "\n".join(
        [
            f"wf {__version__}, Python {sys.version.split()[0]}, {' '.join(os.uname()[::2])}",
            f"at {now.isoformat(timespec='seconds')}",
            f"typed: wf {' '.join(typed)}",
            "",
            *traceback.format_exception(bug),
        ]
    )
    try:
        folder = resolve(variables).home.crash_reports
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name or f'{now:%Y%m%d-%H%M%S}-{os.getpid()}'}.txt"
        if name is not None and path.exists():
            return path
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except OSError:
        sys.stderr.write(text)
        return None
    return path
