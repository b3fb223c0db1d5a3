"""Claims: a file of its own for every live lease, that says what is held.

A device counts as taken when its byte of the table is held *or* a live claim names it. So the
owner of the table, who may remove it, cannot make two others collide; and who waits can be told
who holds what. A claim lives as long as a process that inherited its descriptor, or one of its
keepers. Nothing private stands in it: no workflow, no path, no command.
"""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.allocation.locks import keepers, ranges
from runner.allocation.locks.devices import Devices
from runner.allocation.locks.folder import sealed, write
from runner.process.boot import boot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.allocation.interface import Claim
    from runner.allocation.locks.folder import LockFolder, Seen

PREFIX = "wf-run-"
# after this long a keeper is asked again
_ANSWER_HOLDS_SECONDS = 1.0
# so long in all may the keepers that one user named take to answer
_PATIENCE_SECONDS = 1.0
_LONGEST_WORD = 200
_MOST_WORDS = 256


class Held(NamedTuple):
    """A live claim. Times are of :func:`now`, in seconds."""

    name: str
    uid: int
    run: str
    devices: Devices
    since: float | None = None
    likely: float | None = None
    at_most: float | None = None
    keepers: tuple[str, ...] = ()


def now() -> float:
    """Seconds since the machine was started; whoever sets the clock changes nothing."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class OwnClaim:
    """The claim of a lease of this process."""

    def __init__(self, folder: LockFolder, claim: Claim, devices: Devices) -> None:
        """Make it, which is not seen to hold anything before it is complete.

        Raises:
            WfError: kind ``STORAGE``: it cannot be made.
            OverflowError: it would be too long.
        """
        since = now()
        self._folder = folder
        self._said: dict[str, Any] = {
            "run": claim.run,
            "cores": ranges.text(devices.cores),
            "gpus": sorted(devices.gpus),
            "memory": ranges.text(devices.memory),
            "since": since,
            "likely": None if claim.usual is None else since + claim.usual,
            "at_most": None if claim.limit is None else since + claim.limit,
            "keepers": [],
            "boot": boot(),
        }
        self.name, self.descriptor = folder.own(PREFIX, sealed(self._said))

    def tell(self, left: float | None) -> None:
        """Say when the job probably ends.

        Raises:
            OSError: it cannot be written.
        """
        self._said["likely"] = None if left is None else now() + left
        write(self.descriptor, sealed(self._said))

    def keep(self, keeper: str) -> None:
        """Say that the lease lasts as long as that, too.

        Raises:
            OSError: it cannot be written.
        """
        self._said["keepers"] = sorted({*self._said["keepers"], keeper})
        write(self.descriptor, sealed(self._said))

    def close(self) -> None:
        """Let go, unless the descriptor was inherited or something else keeps it."""
        os.close(self.descriptor)
        self.descriptor = -1
        claims = Claims(self._folder)
        claims.look([self.name])
        if claims.ask():
            claims.look([self.name])


class Claims:
    """All claims in a folder.

    What keeps a claim is asked for by :meth:`ask` alone, as an answer may take a while.
    """

    def __init__(self, folder: LockFolder) -> None:
        self._folder = folder
        self._answers: dict[str, tuple[float, bool]] = {}
        self._unasked: list[Seen] = []

    def look(self, names: Iterable[str] | None = None) -> list[Held]:
        """Every live claim, or those with these names; the oldest first.

        Dead ones of this user are removed.

        Raises:
            WfError: kind ``STORAGE``: the folder cannot be read.
        """
        found = []
        self._unasked = []
        for name in self._folder.names(PREFIX) if names is None else names:
            seen = self._folder.seen(name)
            if seen is None:
                continue
            if seen.held or self._is_kept(seen):
                found.append(_held(seen))
            else:
                self._folder.sweep(name)
        return sorted(found, key=lambda one: (one.since or 0.0, one.name))

    def ask(self) -> bool:
        """Ask after what keeps the claims that were last seen; whether one is not kept any more.

        Of a user whose keepers take too long nothing more is asked: what may be kept is.
        """
        lost = False
        left: dict[int, float] = {}
        for seen in self._unasked:
            named = _words(seen.said.get("keepers"))
            kept = any(_lives(one, seen.uid, left) for one in named)
            self._answers[seen.name] = (time.monotonic(), kept)
            lost = lost or not kept
        self._unasked = []
        return lost

    def _is_kept(self, seen: Seen) -> bool:
        """Whether something that holds no descriptor keeps a claim of this start of the machine."""
        if not _words(seen.said.get("keepers")) or seen.said.get("boot") != boot():
            return False
        asked, kept = self._answers.get(seen.name, (0.0, True))
        if seen.name not in self._answers or time.monotonic() - asked > _ANSWER_HOLDS_SECONDS:
            self._unasked.append(seen)
        return kept


def _lives(keeper: str, uid: int, left: dict[int, float]) -> bool:
    """Whether a keeper still keeps; ``left`` is for how long each user's are still waited for."""
    seconds = left.get(uid, _PATIENCE_SECONDS)
    if seconds <= 0:
        return True
    began = time.monotonic()
    lives = keepers.lives(keeper, uid)
    left[uid] = seconds - (time.monotonic() - began)
    return lives


def number(said: object) -> float | None:
    """A number that somebody wrote."""
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        return None
    try:
        return float(said) if math.isfinite(said) else None
    except OverflowError:
        return None


def word(said: object) -> str:
    """A short text that somebody wrote, without what a terminal would obey."""
    if not isinstance(said, str):
        return "?"
    return "".join(char for char in said[:_LONGEST_WORD] if char.isprintable()) or "?"


def _held(seen: Seen) -> Held:
    said = seen.said
    return Held(
        name=seen.name,
        uid=seen.uid,
        run=word(said.get("run")),
        devices=Devices(
            cores=ranges.parsed(said.get("cores")),
            gpus=frozenset(_words(said.get("gpus"))),
            memory=ranges.parsed(said.get("memory")),
        ),
        since=number(said.get("since")),
        likely=number(said.get("likely")),
        at_most=number(said.get("at_most")),
        keepers=_words(said.get("keepers")),
    )


def _words(said: object) -> tuple[str, ...]:
    if not isinstance(said, list):
        return ()
    return tuple(one for one in said[:_MOST_WORDS] if isinstance(one, str))
