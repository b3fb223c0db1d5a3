"""What signals are answered with waits until what is under way has been done."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def endings_deferred() -> Iterator[None]:
    """Who is asked to end meanwhile, and has a handler for that, is asked when the block is left.

    A handler may raise wherever the program is. At the second Ctrl-C it does: a person insists.

    To hold back the signals themselves (:func:`signal.pthread_sigmask`) would do where there is but
    one thread: another one takes them, and the handlers run in the first thread all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no handler raises here
        return
    arrived: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    own: dict[int, Callable[..., object]] = {
        number: handler for number, handler in handlers.items() if callable(handler)
    }

    def heard(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in arrived:
            own[number](number, frame)
        arrived.append(number)

    with ExitStack() as stack:
        stack.callback(_answer, arrived, own)  # last of all
        for number, handler in own.items():
            stack.callback(signal.signal, number, handler)
            signal.signal(number, heard)
        yield


def _answer(arrived: list[int], handlers: Mapping[int, Callable[..., object]]) -> None:
    for number in arrived:
        handlers[number](number, None)
