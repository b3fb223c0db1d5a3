"""Reading requirement files as pip reads them, and saying them again for uv.

The form is pip's (pip.pypa.io, "Requirements File Format"). What cannot be installed whatever the
index holds is refused before anything starts, with its place.
"""

from __future__ import annotations

from runner.plan.requirements.lines import Line, lines, numbered
from runner.plan.requirements.reader import Include, Links, Local, Requirements, read

__all__ = ["Include", "Line", "Links", "Local", "Requirements", "lines", "numbered", "read"]
