"""What a remote store has to be able to do: four calls, small enough for every protocol.

Whatever is kept is cut into pieces of 8 MiB at most (:mod:`runner.artifacts.remote.layout`), so
that a piece is written and read whole: what was interrupted goes on at the next piece, whatever
the protocol can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Absent(Exception):  # noqa: N818 - an answer rather than a mistake
    """There is nothing of this name. Whoever asked says what that means."""


class Found(NamedTuple):
    """What lies directly in a folder of the remote: files with their sizes in bytes, and folders.

    A remote decides what it says here: the names are to be compared, never to be joined.
    """

    files: Mapping[str, int]
    folders: Sequence[str]


class Remote(Protocol):
    """A place that keeps bytes under names such as ``objects/ab/cdef``.

    ``look``, ``read`` and ``write`` may be called in any order, from several threads at once, and
    again after they failed; ``close`` comes last. Each raises a :class:`~runner.errors.WfError` of
    the kind ``UNSATISFIABLE`` when the remote cannot be reached or refuses, in a sentence without
    anything secret.
    """

    @property
    def shown(self) -> str:
        """Its address, as it can be shown to everybody."""

    def look(self, folder: str) -> Found:
        """What is in a folder; a folder that is not there has nothing in it."""

    def read(self, name: str, most: int) -> bytes:
        """The bytes kept under a name, or the first ``most`` of them.

        Raises:
            Absent: there are none.
        """

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, all of them or none, in place of what was there."""

    def close(self) -> None:
        """Let go of connections. Safe to repeat, and while another thread waits for an answer."""


class Progress(Protocol):
    """Whoever shows how far it is."""

    def expect(self, files: int | None, size: int | None, /) -> None:
        """How many files and bytes there will be in all."""

    def __call__(self, files: int, size: int, /) -> None:
        """How many are done."""
