"""Children of a command: what they say, how they end, and that they do not stay."""

from __future__ import annotations

import os
import select
import signal
import time

from runner.fork import Child, Nursery, detached
from tests.conftest import PATIENCE_SECONDS


def said(child: Child) -> bytes:
    """All that a child says, until it ends."""
    heard = b""
    while select.select([child.output], [], [], PATIENCE_SECONDS)[0]:
        chunk = os.read(child.output, 1 << 16)
        if not chunk:
            return heard
        heard += chunk
    raise AssertionError(heard)


def sleep(_orders: int, descriptor: int) -> None:
    os.write(descriptor, b"begun")
    time.sleep(PATIENCE_SECONDS)


def test_a_child_says_something_and_ends() -> None:
    nursery = Nursery()
    worker = nursery.make(lambda _, descriptor: _say(descriptor, b"hello"))
    assert said(worker.child) == b"hello"
    assert nursery.dismiss(worker) == 0
    nursery.close()


def _say(descriptor: int, text: bytes) -> None:
    os.write(descriptor, text)


def test_a_child_has_its_own_group_and_signals() -> None:
    nursery = Nursery()
    worker = nursery.make(lambda _, descriptor: _say(descriptor, str(os.getpgrp()).encode()))
    assert int(said(worker.child)) == worker.child.pid
    nursery.dismiss(worker)
    worker.child.signal(signal.SIGTERM)  # after its end that means nothing
    nursery.close()


def test_children_are_asked_to_end_when_nobody_is_left_to_wait_for_them() -> None:
    nursery = Nursery()
    children = [nursery.make(sleep).child for _ in range(2)]
    for child in children:
        assert os.read(child.output, 5) == b"begun"
    nursery.close()
    for child in children:
        assert said(child) == b""
        assert child.collect() == -signal.SIGTERM


def echo(orders: int, descriptor: int) -> None:
    """Say what one is told, until there is nothing more to be told."""
    signal.signal(signal.SIGTERM, nothing)
    while order := os.read(orders, 1 << 16):
        os.write(descriptor, order)


def test_children_take_orders_until_there_are_no_more() -> None:
    nursery = Nursery()
    workers = [nursery.make(echo) for _ in range(2)]
    for order in (b"one", b"two"):
        for worker in workers:
            assert worker.tell(order)
            assert os.read(worker.child.output, 3) == order
    # the second one was made while the first one had its orders: that must not keep it from ending
    assert nursery.dismiss(workers[0]) == 0
    nursery.close()
    assert nursery.dismiss(workers[1]) == 0


def test_a_child_that_has_ended_takes_no_order() -> None:
    nursery = Nursery()
    worker = nursery.make(lambda _orders, _: None)
    assert said(worker.child) == b""
    assert not worker.tell(b"one")
    assert nursery.dismiss(worker) == 0
    nursery.close()


def nothing(_number: int, _frame: object) -> None:
    pass


def test_a_detached_child_has_a_session_and_streams_of_its_own() -> None:
    def tell(descriptor: int) -> None:
        files = {os.readlink(f"/proc/self/fd/{number}") for number in range(3)}
        terminal = os.path.exists("/dev/tty") and _opens("/dev/tty")
        _say(descriptor, repr((os.getsid(0) == os.getpid(), files, terminal)).encode())

    child = detached(tell, nothing)
    assert said(child).decode() == repr((True, {"/dev/null"}, False))
    assert child.collect() == 0


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        return False
    return True


def test_a_detached_child_keeps_nothing_open_that_was_handed_to_its_parent() -> None:
    """Who reads from such a pipe waits for its end."""
    reading, handed = os.pipe()
    os.set_inheritable(handed, True)  # noqa: FBT003 - it takes no names
    stop, stopping = os.pipe()
    child = detached(lambda _: _wait_for(stop), nothing)
    os.close(handed)
    assert select.select([reading], [], [], PATIENCE_SECONDS)[0]
    assert os.read(reading, 1) == b""
    os.write(stopping, b"x")
    assert child.collect() == 0
    for descriptor in (reading, stop, stopping):
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    os.read(descriptor, 1)


def test_a_detached_child_hears_requests_from_its_first_moment_and_no_hangup() -> None:
    heard: list[int] = []

    def arrived(number: int, _frame: object) -> None:
        heard.append(number)

    def tell(descriptor: int) -> None:
        _say(descriptor, b"begun\n")
        while signal.SIGTERM not in heard:
            time.sleep(0.01)
        _say(descriptor, repr(heard).encode())

    child = detached(tell, arrived)
    assert os.read(child.output, 6) == b"begun\n"
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        child.signal(number)
        time.sleep(0.05)  # signals that arrive together have no order
    assert said(child).decode() == repr([2, 15])
    assert child.collect() == 0


def test_a_detached_child_stays_when_its_parent_is_gone() -> None:
    parents, own = os.pipe()
    between = os.fork()
    if between == 0:

        def outlive(_: int) -> None:
            while os.getppid() == middle:
                time.sleep(0.01)
            os.write(own, b"still here")

        middle = os.getpid()
        detached(outlive, nothing)
        os._exit(0)
    os.close(own)
    os.waitpid(between, 0)
    assert os.read(parents, 10) == b"still here"
    os.close(parents)


def test_writing_to_who_reads_nothing_does_not_hold_a_detached_child_up() -> None:
    def tell(descriptor: int) -> None:
        try:
            while True:
                os.write(descriptor, b"x" * 4096)
        except BlockingIOError:
            os.kill(os.getpid(), signal.SIGKILL)

    child = detached(tell, nothing)
    _, status = os.waitpid(child.pid, 0)
    os.close(child.output)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
