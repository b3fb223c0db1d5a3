"""Several processes that share work on many small things, where there is enough of it.

Hashing ten thousand small files is mostly system calls, one after the other, and threads of one
interpreter get in each other's way with these.
"""

from __future__ import annotations

import marshal
import os
from collections import deque
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.fork import Nursery, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

# so many tasks are done before others are called, which takes some milliseconds
_ALONE = 4
_MOST = 4
_LENGTH = 8


class _Busy(NamedTuple):
    """One of them, and what it is at."""

    worker: Worker
    task: Any


class Crew:
    """``with Crew(make) as crew:`` does tasks, in this process and in others.

    ``make`` answers the function that does one; it is called once in each process. Tasks and
    results are tuples, lists, numbers and texts; no result is ``None``.
    """

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self._make = make
        self._work = make()
        self._nursery = Nursery()
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """None of them lives on, and none waits for what it was at."""
        self._nursery.close()
        while self._workers:
            self._workers.pop().child.collect()

    def each(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """The results of all tasks, in their order.

        What somebody died of is done once more, here.
        """
        left = iter(tasks)
        for task in islice(left, _ALONE):
            yield self._work(task)
        following = next(left, None)
        if following is None:
            return
        self._hire()
        left = chain((following,), left)
        busy: deque[_Busy] = deque()
        for worker in tuple(self._workers):
            self._busy(worker, left, busy)
        while busy:
            worker, task = busy.popleft()
            result = _told(worker.child.output)
            if result is None:
                self._lose(worker)
                result = self._work(task)
            else:
                self._busy(worker, left, busy)  # while we look at what it said
            yield result
        for task in left:
            yield self._work(task)

    def _hire(self) -> None:
        if self._workers or _cores() == 1:
            return
        for _ in range(min(_cores(), _MOST)):
            try:
                self._workers.append(self._nursery.make(self._serve))
            except OSError:  # no more processes for this user, or no memory
                return

    def _serve(self, orders: int, answers: int) -> None:
        work = self._make()
        while (task := _told(orders)) is not None:
            _tell(answers, work(task))

    def _busy(self, worker: Worker, left: Iterator[Any], busy: deque[_Busy]) -> None:
        """Give it something to do; it has answered, and so reads all of that before it writes."""
        task = next(left, None)
        if task is not None:
            worker.tell(_message(task))  # that it is not there shows when its answer is waited for
            busy.append(_Busy(worker, task))

    def _lose(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._nursery.dismiss(worker)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _message(said: Any) -> bytes:  # noqa: ANN401 - whatever is to be said
    data = marshal.dumps(said)
    return len(data).to_bytes(_LENGTH, "big") + data


def _tell(descriptor: int, said: Any) -> None:  # noqa: ANN401 - the same
    view = memoryview(_message(said))
    while view:
        view = view[os.write(descriptor, view) :]


def _told(descriptor: int) -> Any:  # noqa: ANN401 - whatever was said
    """What was said, or ``None`` when nothing follows."""
    length = _read(descriptor, _LENGTH)
    data = length and _read(descriptor, int.from_bytes(length, "big"))
    # it comes from a process of our own, and has not been on a disk
    return marshal.loads(data) if data else None  # noqa: S302


def _read(descriptor: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = os.read(descriptor, size - len(data))
        if not part:
            return None
        data += part
    return bytes(data)
