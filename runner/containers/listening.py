"""Which process listens for what a daemon is asked: another one has been started since."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_SOCKET = "unix://"
_SECONDS = 5.0
# the ids of the process, its user and its group (unix(7), SO_PEERCRED)
_CREDENTIALS = struct.Struct("3i")
_INIT = 1
# where Docker writes which one it is, when a service manager listens for it
_PID_FILE = Path("/run/docker.pid")


def listener(address: str) -> str:
    """What names that process; ``""`` where it cannot be told.

    Raises:
        OSError: nobody listens.
    """
    if not address.startswith(_SOCKET) or not hasattr(socket, "SO_PEERCRED"):
        return ""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_SECONDS)
        asking.connect(address.removeprefix(_SOCKET))
        known = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid = _CREDENTIALS.unpack(known)[0]
    return _written() if pid == _INIT else str(pid)


def _written() -> str:
    try:
        return f"{_PID_FILE.read_text('ascii').strip()}:{os.stat(_PID_FILE).st_mtime_ns}"
    except OSError:
        return ""
