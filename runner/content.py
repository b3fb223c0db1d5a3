"""What is in a file, copied into another one: by reference where the file system can (a reflink).

The copy is always a file of its own: whoever writes to one never changes the other. Holes stay
holes, and are not read. Imports nothing of wf.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FICLONE = 0x40049409  # ioctl_ficlonerange(2)
_CHUNK = 1 << 24
_BUFFER = 1 << 20
_BLOCK = 512  # of st_blocks, stat(2)


class Range(NamedTuple):
    """Bytes of a file that are there, and no hole."""

    begin: int
    length: int


def pour(reading: int, writing: int) -> int:
    """Copy everything into an empty file; its size, in bytes.

    Of one that becomes shorter meanwhile that is copied which was still there.

    Raises:
        OSError: it cannot be read or written.
    """
    found = os.fstat(reading)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return _by_hand(reading, writing)  # files of /proc have no size
    if clone(reading, writing):
        return found.st_size
    end = 0
    for part in ranges(reading, found):
        done = pour_range(reading, writing, part)
        end = part.begin + done if done else end
        if done < part.length:
            return end
    # what follows is a hole, as far as it is still there
    size = max(end, min(found.st_size, os.fstat(reading).st_size))
    if end < size:
        os.ftruncate(writing, size)
    return size


def allocated(found: os.stat_result) -> int:
    """The bytes that a file takes on the disk: fewer than its size, if it has holes."""
    return found.st_blocks * _BLOCK


def clone(reading: int, writing: int) -> bool:
    """Have a file share the other one's blocks until one is written to; whether that can be."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:  # the file system cannot, or they are on two; what is wrong else comes up again
        return False
    return True


def ranges(reading: int, found: os.stat_result) -> Iterator[Range]:
    """What is there of a file, in order."""
    if allocated(found) >= found.st_size or not hasattr(os, "SEEK_DATA"):
        yield Range(0, found.st_size)
        return
    end = 0
    while end < found.st_size:
        try:
            begin = os.lseek(reading, end, os.SEEK_DATA)
            hole = os.lseek(reading, begin, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # this file system does not tell
                yield Range(end, found.st_size - end)
            return  # lseek(2): there is nothing but a hole any more
        end = min(hole, found.st_size)
        if begin < end:
            yield Range(begin, end - begin)


def pour_range(reading: int, writing: int, part: Range) -> int:
    """Copy a part to the same place; how many bytes there were of it.

    Raises:
        OSError: it cannot be read or written.
    """
    done = _in_the_kernel(reading, writing, part)
    while done < part.length:
        length = min(_BUFFER, part.length - done)
        chunk = os.pread(reading, length, part.begin + done)
        if not chunk:
            break
        view = memoryview(chunk)
        while view:
            written = os.pwrite(writing, view, part.begin + done)
            view, done = view[written:], done + written
    return done


def _in_the_kernel(reading: int, writing: int, part: Range) -> int:
    done = 0
    if hasattr(os, "copy_file_range"):
        try:
            while done < part.length:
                length, at = min(_CHUNK, part.length - done), part.begin + done
                copied = os.copy_file_range(reading, writing, length, at, at)
                if not copied:
                    break
                done += copied
        except OSError:
            if done:
                raise
            # between some file systems it cannot be done
    return done


def _by_hand(reading: int, writing: int) -> int:
    total = 0
    while chunk := os.read(reading, _BUFFER):
        view = memoryview(chunk)
        while view:
            view = view[os.write(writing, view) :]
        total += len(chunk)
    return total
