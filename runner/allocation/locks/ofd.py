"""Locks of open file descriptions: ranges of a file, held until the last descriptor is closed.

``F_OFD_SETLK`` of fcntl(2), Linux 3.15 and later. Such a lock belongs to what ``open`` returned
and is inherited with it, as one of ``flock`` is; but it covers a range, it needs a descriptor that
may write (so nobody can hold a file of somebody else that he may only read), and it can be looked
at without taking anything. The older record locks of the same call are dropped by any ``close`` in
the process, which is why they are not used.

Where the system has none (macOS, some sandboxes), whole files are held by ``flock``, and ranges
are not: :func:`has_ranges` tells.
"""

from __future__ import annotations

import errno
import fcntl
import struct

from runner.allocation.locks.ranges import Stretch

# struct flock of fcntl(2), in the machine's own layout
_LAYOUT = "hhqqi0q"
_THERE = hasattr(fcntl, "F_OFD_SETLK")
_TO_THE_END = 0
_TAKEN = (errno.EAGAIN, errno.EACCES)


def has_ranges(descriptor: int) -> bool:
    """Whether ranges of this file can be held."""
    try:
        first_held(descriptor, Stretch(0, 1))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


def take(descriptor: int, stretch: Stretch) -> bool:
    """Hold a range alone, if nobody else has any of it."""
    try:
        _call("F_OFD_SETLK", descriptor, fcntl.F_WRLCK, stretch)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def let_go(descriptor: int) -> None:
    """Let go of every range."""
    _call("F_OFD_SETLK", descriptor, fcntl.F_UNLCK, Stretch(0, _TO_THE_END))


def first_held(descriptor: int, stretch: Stretch, unlike: int = fcntl.F_WRLCK) -> Stretch | None:
    """Any range in the stretch that is held through another open file description.

    ``unlike`` is the kind of lock that it would keep from being had.
    """
    kind, start, length = _call("F_OFD_GETLK", descriptor, unlike, stretch)
    return None if kind == fcntl.F_UNLCK else Stretch(start, length)


def held(descriptor: int, stretch: Stretch) -> list[Stretch]:
    """All that is held of the stretch through other open file descriptions, in no order.

    The kernel names one range of those that are in the way; the rest is asked for beside it.
    """
    found: list[Stretch] = []
    left = [stretch]
    while left:
        asked = left.pop()
        if asked.length <= 0 or (one := first_held(descriptor, asked)) is None:
            continue
        start = max(one.start, asked.start)
        end = asked.end if one.length == _TO_THE_END else min(one.end, asked.end)
        found.append(Stretch(start, end - start))
        left += [Stretch(asked.start, start - asked.start), Stretch(end, asked.end - end)]
    return found


def hold_file(descriptor: int) -> bool:
    """Hold a whole file alone, if nobody else does."""
    try:
        return take(descriptor, Stretch(0, _TO_THE_END))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_file_held(descriptor: int) -> bool:
    """Whether the whole file is held through another open file description.

    Who may only read the file can do no more than share a lock, and does not count.
    """
    try:
        return first_held(descriptor, Stretch(0, _TO_THE_END), fcntl.F_RDLCK) is not None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    if not _flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def wait_for_file(descriptor: int) -> None:
    """Sleep until nobody holds the whole file."""
    try:
        _call("F_OFD_SETLKW", descriptor, fcntl.F_RDLCK, Stretch(0, _TO_THE_END))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _call(name: str, descriptor: int, kind: int, stretch: Stretch) -> tuple[int, int, int]:
    if not _THERE:
        raise OSError(errno.EINVAL, "no locks of open file descriptions")
    asked = struct.pack(_LAYOUT, kind, 0, stretch.start, stretch.length, 0)
    answer = fcntl.fcntl(descriptor, getattr(fcntl, name), asked)
    found, _, start, length, _ = struct.unpack(_LAYOUT, answer)
    return int(found), int(start), int(length)


def _flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True
