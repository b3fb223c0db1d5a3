"""Users and processes in words."""

from __future__ import annotations

import os


def user(uid: int) -> str:
    """The name of a user, or the number of one that has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def process(pid: int) -> str:
    """``python (process 8812 of bob)``, as far as it can be told."""
    try:
        owner = user(os.stat(f"/proc/{pid}").st_uid)
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            name = "".join(char for char in file.read() if char.isprintable())
    except OSError:  # it has ended, or cannot be seen from here
        return f"process {pid}"
    return f"{name} (process {pid} of {owner})"
