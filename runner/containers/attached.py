"""What a container writes from now on, through a connection that serves nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


class Attached:
    """That connection, whose bytes are those of the API's stream."""

    def __init__(self, way: socket.socket) -> None:
        """Nobody else closes ``way`` any more. It may be silent for hours."""
        way.settimeout(None)
        self._way = way

    def fileno(self) -> int:
        """Readable when something has come, or nothing will any more."""
        return self._way.fileno()

    def close(self) -> None:
        """Read no more."""
        self._way.close()
