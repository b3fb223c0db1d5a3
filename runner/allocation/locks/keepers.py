"""What keeps a lease though it inherits no descriptor: a control group, or a container.

Keepers are named in files that their user wrote, so nothing is done for them but harmless
questions: a group is looked for below ``/sys/fs/cgroup`` only, and a socket is asked only if it
belongs to root or to that user.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import stat
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_CONTAINER = re.compile(r"container:(/[^#]+)#([0-9a-f]{12,64})")
_ANSWER_SECONDS = 1.0
_LONGEST_ANSWER = 1 << 20
_NOT_FOUND = 404


def lives(keeper: str, uid: int) -> bool:
    """Whether a keeper that a user named still keeps.

    What gives no answer does; what is no keeper does not.
    """
    kind, _, where = keeper.partition(":")
    if kind == "cgroup":
        return _is_populated(where)
    found = _CONTAINER.fullmatch(keeper)
    return found is not None and _runs(found[1], found[2], uid)


def _is_populated(where: str) -> bool:
    """Whether there is a process in a control group, or in one below it."""
    path = Path(where)
    if ".." in path.parts or _GROUPS not in path.parents:
        return False
    try:
        events = (path / "cgroup.events").read_text("ascii")
    except FileNotFoundError:  # version 1, or gone
        return _has_processes(path)
    except OSError:
        return True
    return "populated 1" in events.splitlines()


def _has_processes(path: Path) -> bool:
    for folder, _, files in os.walk(path):
        if "cgroup.procs" not in files:
            continue
        try:
            with open(os.path.join(folder, "cgroup.procs"), "rb") as file:
                if file.read(1):
                    return True
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return False


def _runs(where: str, container: str, uid: int) -> bool:
    """Ask the container engine (Docker Engine API, "Inspect a container")."""
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
