"""Who a process is: those that compute on a GPU are known to its driver by number only."""

from __future__ import annotations

from runner.allocation.inventory import Occupant
from runner.allocation.reading.roots import line


def occupant(pid: int, memory: int | None, proc: str) -> Occupant:
    """A process on a GPU, with its user and program where ``proc`` knows it.

    A driver outside a container tells of processes that cannot be seen from within.
    """
    said = line(f"{proc}/{pid}/status") if pid > 0 else None
    found = dict(row.split(":\t", 1) for row in (said or "").splitlines() if ":\t" in row)
    program = "".join(letter for letter in found.get("Name", "") if letter.isprintable())
    return Occupant(pid, _user(found.get("Uid", "")), program or None, memory)


def _user(uids: str) -> str | None:
    """The name of a user; the first number is the real one (proc_pid_status(5))."""
    number = uids.split("\t", 1)[0]
    if not number.isdigit():
        return None
    import pwd

    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, OverflowError):  # nobody has that number
        return number
