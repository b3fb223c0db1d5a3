"""Whether a container runs, as its engine says."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat

_ANSWER_SECONDS = 1.0
_LONGEST_ANSWER = 1 << 20
_NOT_FOUND = 404


def runs(where: str, container: str, uid: int) -> bool:
    """Whether a container runs, which a user named: the engine behind a socket is asked.

    See "Inspect a container" in the Docker Engine API. What gives no answer counts as running. A
    socket that is neither root's nor that user's is not asked.
    """
    try:
        found = os.stat(where)
    except FileNotFoundError:
        return True  # the engine is being started anew, perhaps: its containers may live on
    except OSError:
        return True
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid not in {0, uid}:
        return False
    connection = _Local(where)
    try:
        connection.request("GET", f"/containers/{container}/json")
        response = connection.getresponse()
        if response.status == _NOT_FOUND:
            return False
        said = json.loads(response.read(_LONGEST_ANSWER))
        return bool(said["State"]["Running"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return True
    finally:
        connection.close()


class _Local(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
