"""Named points of a run at which a test can make wf fail. Imports nothing of wf.

They are there for tests of what a crash leaves behind, and do nothing unless ``WF_FAILPOINTS`` is
set: ``NAME=ACTION``, several with ``;`` between them. An action is ``kill`` (SIGKILL to this very
process), ``stop`` (SIGSTOP), ``delay(MILLISECONDS)`` or ``error(NAME)``, an :class:`OSError` of
that name (``ENOSPC``).
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "WF_FAILPOINTS"
POINTS = (
    "made",  # its folder is complete, and has no name yet
    "created",  # its folder, locks and state are there
    "code-placed",  # the workspace is there
    "inputs-placed",  # and what other runs left behind is in it
    "laid",  # its workspace lies over large inputs
    "environment-ready",
    "leased",  # it holds its devices
    "before-start",  # the record says that it runs, but no process does
    "container-asked-for",  # its daemon is making a container
    "container-made",  # it is there, and the record does not say which it is
    "started",  # its first process does
    "ended",  # no process of it lives, and nothing says so yet
    "verdict-written",  # how its job ended is on the disk
    "collecting",  # nothing has been collected yet
    "settling",  # it is known how to make a plain folder of such a workspace
    "settled",  # and it is one
    "opened",  # a file is about to be read, to be copied or to be listed
    "collected",  # files have been moved, and nothing says which
    "noted",  # what some files were is written down, and they are about to change
    "staged",  # an equal file has a name beside the one that it is to replace
    "sharing",  # a run is over, and some of its many files are not one with their equals yet
    "locked",  # one of them is read-only by now, and not one with its equals
    "listed",  # all of them are listed, and the notes of it are still there
    "manifest-written",
    "cleared",  # what it needed only meanwhile is gone
    "end-written",  # the end is on the disk, and not in the index
    "released",  # its devices are free again
    "orphans-ended",  # of a run that lost its supervisor no process lives
    "recollected",  # what such a run left behind is in its place
    "out-of-sight",  # a run that is being removed has no name any more
    "artifacts-removed",  # its artifacts are gone, and still have names in the pool
)


def reach(name: str) -> None:
    """This point is reached.

    Raises:
        OSError: a test wants it.
    """
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return
    for one in asked.split(";"):
        point, _, action = one.strip().partition("=")
        if point == name:
            _do(action)


def often(name: str) -> Callable[[], None]:
    """:func:`reach` for a point that is reached many times; who asks is looked up once, now."""
    return partial(reach, name) if VARIABLE in os.environ else _nobody_asks


def _nobody_asks() -> None:
    pass


def _do(action: str) -> None:
    verb, _, argument = action.rstrip(")").partition("(")
    if verb in {"kill", "stop"}:
        import signal

        os.kill(os.getpid(), signal.SIGKILL if verb == "kill" else signal.SIGSTOP)
    elif verb == "delay":
        import time

        time.sleep(int(argument) / 1000)
    elif verb == "error":
        import errno

        number = getattr(errno, argument)
        raise OSError(number, os.strerror(number))
