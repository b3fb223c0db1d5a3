"""Several at once, in order, and never more at hand than fits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
# small ones wait for answers rather than for bytes, so that many may be under way
_MOST_ITEMS = 64
_MOST_BYTES = 48 << 20


def ahead(
    work: Callable[[T], R], items: Iterable[T], size: Callable[[T], int]
) -> Iterator[tuple[T, R]]:
    """``work`` on items, eight at a time, and each with what it came to, in their order.

    ``items`` is asked for the next ones in this thread, a few steps ahead of what is yielded; not
    more of them are at hand than ``size`` says fit into 48 MiB (one fits always). What goes wrong
    comes up when it is the item's turn, and ends the rest.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="remote")
    waiting: deque[tuple[T, Future[R]]] = deque()
    held = 0
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            held += size(item)
            while len(waiting) >= _MOST_ITEMS or (held > _MOST_BYTES and waiting):
                first, future = waiting.popleft()
                result = future.result()
                held -= size(first)
                yield first, result
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        # who is interrupted does not wait for a network that is gone
        pool.shutdown(wait=False, cancel_futures=True)
