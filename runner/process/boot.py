"""Which start of the machine this is."""

from __future__ import annotations


def boot() -> str:
    """What tells this start of the machine from others; empty where nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:  # not Linux
        return ""
