"""Whether what is found of a container tells how its job ended."""

from __future__ import annotations

from typing import Any

import pytest

from runner.containers.values import State
from runner.engine.ending.by_itself import Found, by_itself

ENDED = State("exited", 0, 7, out_of_memory=False, error="")
# nobody has told a daemon that was away how this one ended
UNKNOWN = ENDED._replace(code=255)
FOUND = Found(ENDED, "812", "812", kept=False, restarted=False, cut_short=False)
# a daemon that was started anew since, or of which that cannot be told, as by TCP
OTHER: dict[str, Any] = {"listens": "4711"}
UNTOLD: dict[str, Any] = {"began_with": "", "listens": ""}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"state": UNKNOWN}, True),
        ({"state": ENDED._replace(status="running")}, False),
        ({"state": ENDED._replace(status="created")}, False),
        ({"cut_short": True}, False),
        ({"cut_short": True, "kept": True}, False),
        # the daemon may have ended it, and it may have taken that for a request
        (OTHER, False),
        (UNTOLD, False),
        ({"began_with": ""}, False),
        # it lets its containers go on
        ({**OTHER, "kept": True}, True),
        ({**UNTOLD, "kept": True}, True),
        ({**OTHER, "kept": True, "state": UNKNOWN}, False),
        ({**UNTOLD, "kept": True, "state": UNKNOWN}, False),
        # a machine ends all of them; process ids are used again
        ({"restarted": True}, False),
        ({"restarted": True, "kept": True}, False),
        ({**OTHER, "restarted": True, "kept": True}, False),
    ],
)
def test_whether_it_ended_by_itself(facts: dict[str, Any], *, expected: bool) -> None:
    assert by_itself(FOUND._replace(**facts)) is expected
