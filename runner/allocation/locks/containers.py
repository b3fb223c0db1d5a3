"""Whether a container runs, as its engine says."""

from __future__ import annotations

import os
import stat

from runner.containers import wire
from runner.containers.address import SOCKET, Endpoint
from runner.containers.faults import Gone, Refused, Unreachable

_ANSWER_SECONDS = 1.0


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
    question = wire.Question("GET", f"/containers/{container}/json")
    try:
        said = wire.exchange(Endpoint(SOCKET + where), question, _ANSWER_SECONDS).document()
        return bool(said["State"]["Running"])
    except Gone:
        return False
    except (Unreachable, Refused, KeyError, TypeError):
        return True
