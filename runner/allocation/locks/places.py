"""Places in the queue: a file for everybody that waits, held as long as they do.

Its name tells its number, and what it asks for: a digest of the request, which stands in the file.
So requests that are alike are read once. A place whose content is not what its name says asks for
nothing.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.allocation.locks.claims import now, number, word
from runner.allocation.locks.folder import sealed
from runner.spec.workflow import GpuRequest, Resources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.allocation.interface import Claim
    from runner.allocation.locks.folder import LockFolder

PREFIX = "wf-wait-"
_NAME = re.compile(PREFIX + r"([0-9]{12})-([0-9a-f]{16})-[0-9a-f]{8}")
_LAST = 10**12 - 1
_MOST = 1 << 62
_MOST_NAMES = 64
_LONGEST_NAME = 200


class Place(NamedTuple):
    """A place, as its name tells; ``shape`` is the digest of what it asks for."""

    number: int
    name: str
    shape: str


class Content(NamedTuple):
    """What stands in a place, in the words of who waits there; ``since`` is of ``claims.now``."""

    uid: int
    run: str
    asked: Resources | None
    since: float | None
    usual: float | None
    limit: float | None


def places(names: Iterable[str]) -> list[Place]:
    """The places among names of files, in the order of the queue."""
    found = (_NAME.fullmatch(name) for name in names)
    return sorted(Place(int(one[1]), one[0], one[2]) for one in found if one)


def next_number(line: Iterable[Place]) -> int:
    """The number of a place behind all of ``line``."""
    return min(_LAST, 1 + max((place.number for place in line), default=0))


class Places:
    """What stands in the places of a folder; what was read once is known for good."""

    def __init__(self, folder: LockFolder) -> None:
        self._folder = folder
        self._shapes: dict[str, Resources] = {}

    def names(self) -> list[str]:
        """The names of all files that may be places.

        Raises:
            WfError: kind ``STORAGE``: the folder cannot be read.
        """
        return self._folder.names(PREFIX)

    def line(self) -> list[Place]:
        """Every place, of the living and of the dead.

        Raises:
            WfError: kind ``STORAGE``: the folder cannot be read.
        """
        return places(self.names())

    def is_live(self, place: Place) -> bool:
        """Whether somebody waits there; the place of one who does not is removed if it can be."""
        if self._folder.is_held(place.name):
            return True
        self._folder.sweep(place.name)
        return False

    def asked(self, place: Place) -> Resources:
        """What is asked for there; nothing if that cannot be told."""
        if place.shape not in self._shapes:
            content = self.content(place)
            if content is None or content.asked is None:
                return Resources()
        return self._shapes[place.shape]

    def content(self, place: Place) -> Content | None:
        """What stands there; ``None`` if it is gone, or nobody's."""
        seen = self._folder.seen(place.name)
        if seen is None:
            return None
        said = seen.said
        asked = None
        request = said.get("asked")
        if isinstance(request, dict) and _shape(request) == place.shape:
            asked = _request(request)
        if asked is not None:
            self._shapes[place.shape] = asked
        return Content(
            uid=seen.uid,
            run=word(said.get("run")),
            asked=asked,
            since=number(said.get("since")),
            usual=number(said.get("usual")),
            limit=number(said.get("limit")),
        )


class OwnPlace:
    """A place of this process."""

    def __init__(
        self, folder: LockFolder, line: Iterable[Place], asked: Resources, claim: Claim
    ) -> None:
        """Stand behind all of ``line``.

        Raises:
            WfError: kind ``STORAGE``: the place cannot be made.
        """
        self._folder = folder
        self.number = next_number(line)
        request = _document(asked)
        said = {
            "asked": request,
            "run": claim.run,
            "since": now(),
            "usual": claim.usual,
            "limit": claim.limit,
        }
        prefix = f"{PREFIX}{self.number:012}-{_shape(request)}-"
        self.name, self._descriptor = folder.own(prefix, sealed(said))

    def leave(self) -> None:
        """Make room for those behind. Safe to repeat."""
        if self._descriptor >= 0:
            self._folder.remove(self.name)
            os.close(self._descriptor)
            self._descriptor = -1


def _shape(request: dict[str, Any]) -> str:
    """A digest that nobody finds a second request for."""
    from blake3 import blake3

    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return blake3(text.encode(errors="surrogatepass")).hexdigest(length=8)


def _document(asked: Resources) -> dict[str, Any]:
    """A request as JSON, without what is not asked for."""
    said = {key: value for key, value in asdict(asked).items() if value is not None}
    if asked.gpu is not None:
        said["gpu"] = {key: value for key, value in asdict(asked.gpu).items() if value}
    return said


def _request(said: dict[str, Any]) -> Resources | None:
    """What :func:`_document` wrote; ``None`` if it is something else.

    What a later version asks for besides is not known here, and left out.
    """
    try:
        gpu = said.get("gpu")
        return Resources(
            cpu=_amount(said.get("cpu")),
            memory=_amount(said.get("memory")),
            gpu=None if gpu is None else _gpus(gpu),
            shm_size=_amount(said.get("shm_size")),
        )
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _gpus(said: dict[str, Any]) -> GpuRequest:
    return GpuRequest(
        count=_amount(said["count"]) or 0,
        name=None if said.get("name") is None else _called(said["name"]),
        memory=_amount(said.get("memory")),
        most_memory=_amount(said.get("most_memory")),
        alternatives=tuple(map(_called, said.get("alternatives", ())[:_MOST_NAMES])),
        among=tuple(map(_called, said.get("among", ())[:_MOST_NAMES])),
    )


def _amount(said: object) -> int | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < _MOST:
        raise ValueError
    return said


def _called(said: object) -> str:
    if not isinstance(said, str) or len(said) > _LONGEST_NAME:
        raise TypeError
    return said
