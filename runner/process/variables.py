"""The variables that a process was started with, as the kernel tells its own user (proc(5))."""

from __future__ import annotations

import os

from runner.process import tree


def of(pid: int) -> dict[str, str]:
    """All of them; none where it has ended, or is another user's."""
    try:
        said = tree.contents(f"/proc/{pid}/environ")
    except OSError:
        return {}
    pairs = (os.fsdecode(word).partition("=") for word in said.split(b"\0"))
    return {name: value for name, equals, value in pairs if equals}
