"""Compiles files to bytecode. Started by path, by the interpreter that will import them.

That can be one as old as Python 3.6, and this file uses nothing newer. Each line of the input names
some files, with a NUL between them; each is answered with the number of those that are compiled,
or with why there is no point in going on, behind an exclamation mark. A file is replaced
by one rename, whatever happens meanwhile.
"""

import errno
import os
import py_compile
import struct
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source

# the disk is full, or must not be written: so it will be for the next file
HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# PEP 552 put four more bytes in front of the source's time
HAS_FLAGS = sys.version_info >= (3, 7)


def is_current(source: str, compiled: str) -> bool:
    """Whether there is bytecode made from the source as it is, by its time and size (PEP 3147)."""
    stat = os.stat(source)
    flags = b"\0\0\0\0" if HAS_FLAGS else b""
    made_from = struct.pack("<LL", int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF)
    expected = MAGIC_NUMBER + flags + made_from
    try:
        with open(compiled, "rb") as file:
            return file.read(len(expected)) == expected
    except FileNotFoundError:
        return False


def compile_file(source: str) -> bool:
    """Compile one file; whether that can be done.

    Raises:
        OSError: it can for no file.
    """
    try:
        compiled = cache_from_source(source, optimization="")
        if is_current(source, compiled):
            return True
        if HAS_FLAGS:
            # else SOURCE_DATE_EPOCH would decide how changes are noticed
            by_time = py_compile.PycInvalidationMode.TIMESTAMP
            py_compile.compile(source, compiled, doraise=True, invalidation_mode=by_time)
        else:
            py_compile.compile(source, compiled, doraise=True)
    except OSError as error:
        if error.errno in HOPELESS:
            raise
        return False
    except (py_compile.PyCompileError, ValueError, RecursionError, MemoryError):
        return False
    return True


def main() -> None:
    """Compile what is asked for until nothing more is."""
    for line in sys.stdin.buffer:
        try:
            files = [os.fsdecode(name) for name in line[:-1].split(b"\0")]
            answer = str(sum(compile_file(file) for file in files))
        except OSError as error:
            answer = f"!{error.strerror}: {error.filename}"
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
