"""A container for one command: made, followed to its end, and removed."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.containers.faults import Gone, Refused, Unreachable
from runner.deferred import endings_deferred
from runner.frames import STDERR, Frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.containers.attached import Attached
    from runner.containers.container import Container
    from runner.containers.daemon import Daemon
    from runner.containers.following import Following
    from runner.containers.values import ContainerSpec

_CHUNK = 1 << 16


def errand(daemon: Daemon, spec: ContainerSpec, on_output: Callable[[bytes, bool], None]) -> int:
    """Run the container to its end, handing over what it says as it says it; its exit code.

    ``on_output`` is also told whether it was said on stderr; with a terminal all is one. The
    container does not outlive the call, however that ends.

    Raises:
        Refused: the daemon will not, or could not start its program.
        Unreachable: it does not answer.
        Gone: somebody else has removed the container meanwhile.
    """
    # nor does it where there is nobody left to remove it
    spec = replace(spec, passing=True)
    with ExitStack() as stack:
        with endings_deferred():  # while it is being made nobody knows what to remove
            container = daemon.create(spec)
            stack.callback(_remove, container)
        return _followed(container, spec, on_output)


def _followed(
    container: Container, spec: ContainerSpec, on_output: Callable[[bytes, bool], None]
) -> int:
    code = container.ending()
    source = container.attach()
    try:
        container.start()
        if spec.terminal is not None:
            with suppress(Refused, Gone):  # it has ended already
                container.resize(*spec.terminal)
        _carry(source, on_output, framed=spec.terminal is None)
    finally:
        source.close()
    return code()


def _remove(container: Container) -> None:
    with suppress(Refused, Unreachable):
        container.remove()


def _carry(
    source: Attached | Following, on_output: Callable[[bytes, bool], None], *, framed: bool
) -> None:
    frames = Frames() if framed else None
    while chunk := os.read(source.fileno(), _CHUNK):
        if frames is None:
            on_output(chunk, False)  # noqa: FBT003 - positional by its type
            continue
        for stream, start, end in frames.pieces(chunk, len(chunk)):
            on_output(chunk[start:end], stream == STDERR)
