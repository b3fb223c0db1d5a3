"""Somebody who listens on a socket in the place of a daemon."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.containers.address import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def listener(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """Takes one connection, and has ``answer`` speak on it; waits for that at the end."""

    def serve() -> None:
        way, _ = server.accept()
        with way:
            answer(way)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Endpoint(f"unix://{path}")
        finally:
            thread.join()
