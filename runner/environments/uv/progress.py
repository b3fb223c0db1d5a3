"""What uv is doing, told from what it says."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def plain(said: bytes) -> str:
    """What was said, without colours."""
    return _ESCAPES.sub("", said.decode(errors="replace"))


def progress(said: str) -> str:
    """What uv is doing, from all it has said so far without a terminal.

    It announces each large download, and its end; what comes after the last end is short.
    """
    lines = [_ESCAPES.sub("", line).strip() for line in said.splitlines()]
    begun = [line.removeprefix("Downloading ") for line in lines if line.startswith("Downloading ")]
    ended = {line.removeprefix("Downloaded ") for line in lines if line.startswith("Downloaded ")}
    going = [package for package in begun if package.split(" ")[0] not in ended]
    if going:
        return f"downloading, {len(ended)} of {len(begun)} done: {', '.join(going)}"
    told = [line for line in lines if line.startswith(("Resolved", "Prepared", "Installed"))]
    return told[-1].lower() if told else ""
