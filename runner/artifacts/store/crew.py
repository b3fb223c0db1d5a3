"""Several processes that share work on many small things, where there is enough of it.

Hashing ten thousand small files is mostly system calls, one after the other, and threads of one
interpreter get in each other's way with these.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
from collections import deque
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.fork import Nursery, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

# so few tasks are done before others could be called, which takes some milliseconds
_ALONE = 4
_MOST = 4
_AT_ONCE = 3  # tasks of one worker: it need not wait for us
_LENGTH = 8


class _Busy(NamedTuple):
    """One of them, and what it is at."""

    worker: Worker
    task: Any


class _Left:
    """The tasks that nobody is at yet, in their order."""

    def __init__(self, tasks: Iterator[Any]) -> None:
        self._tasks = tasks
        self._back: list[Any] = []

    def take(self) -> Any:  # noqa: ANN401 - whatever is to be done
        """The next one, or ``None``."""
        return self._back.pop() if self._back else next(self._tasks, None)

    def put_back(self, task: Any) -> None:  # noqa: ANN401 - the same
        """Have the one that was taken last as the next one again."""
        self._back.append(task)


class Crew:
    """``with Crew(make) as crew:`` does tasks, in this process and in others.

    ``make`` answers the function that does one; it is called once in each process, and once more
    in this one when another has died. Tasks and results are tuples, lists, numbers and texts; no
    result is ``None``.
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
        following = iter(tasks)
        first = list(islice(following, _ALONE + 1))
        if len(first) > _ALONE:
            self._hire()
        left = _Left(chain(first, following))
        busy: deque[_Busy] = deque()
        for worker in self._workers * _AT_ONCE:
            self._busy(worker, left, busy)
        while busy:
            worker, task = busy.popleft()
            result = _told(worker.child.output) if worker in self._workers else None
            if result is None:
                self._lose(worker)
                # anew: it may have left something that whoever does its task has to know
                self._work = self._make()
                result = self._work(task)
            else:
                self._busy(worker, left, busy)  # while we look at what it said
            yield result
        while (task := left.take()) is not None:
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
        # by which the kernel tells that somebody waits for a file; nobody starts from here who
        # would inherit that
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        work = self._make()
        while (task := _told(orders)) is not None:
            _tell(answers, work(task))

    def _busy(self, worker: Worker, left: _Left, busy: deque[_Busy]) -> None:
        """Give it something to do, after what it is at.

        None of the two may wait for the other to read while that one waits as well: it is told
        what finds room, or when it has answered everything, and so reads before it writes.
        """
        task = left.take()
        if task is None:
            return
        message = _message(task)
        idle = all(one.worker != worker for one in busy)
        if idle or (len(message) <= select.PIPE_BUF and _has_room(worker.orders)):
            worker.tell(message)  # that it is not there shows when its answer is waited for
            busy.append(_Busy(worker, task))
        else:
            left.put_back(task)

    def _lose(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            self._nursery.dismiss(worker)


def _has_room(descriptor: int) -> bool:
    """Whether a pipe takes so much as ``PIPE_BUF`` without waiting, or nobody reads from it."""
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    return bool(poller.poll(0))


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
