"""HTTP by a socket, as far as a daemon needs it."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from runner.containers.faults import Gone, Refused, Unreachable
from runner.containers.wire import Answer, Head, Question, exchange, sent, streamed
from tests.fakes.listener import listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.containers.address import Endpoint

SECONDS = 5.0
# so long, in so many drops, is far more than is waited for
LITTLE, DROPS = 0.1, 200


@contextmanager
def answering(path: Path, *pieces: bytes) -> Iterator[tuple[Endpoint, list[bytes]]]:
    """Somebody who says this to one question, piece by piece, and what he was asked."""
    asked: list[bytes] = []

    def speak(way: socket.socket) -> None:
        asked.append(way.recv(1 << 16))
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                way.sendall(piece)

    with listener(path, speak) as endpoint:
        yield endpoint, asked


def test_what_is_asked(tmp_path: Path) -> None:
    with answering(tmp_path / "s", b"HTTP/1.1 204 No Content\r\n\r\n") as (endpoint, asked):
        answer = exchange(endpoint, Question("POST", "/v1.41/a?b=c", {"d": "ü"}), SECONDS)
    head, _, said = asked[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /v1.41/a?b=c HTTP/1.0"
    assert f"Content-Length: {len(said)}" in headers
    assert "Content-Type: application/json" in headers
    assert json.loads(said) == {"d": "ü"}
    assert answer.document() is None


@pytest.mark.parametrize(
    "pieces",
    [
        # to the end of the connection
        [b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n", b'{"c"', b": 1}"],
        # who does not end it says how long it is
        [b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 8\r\n\r\n", b'{"c": 1}more'],
        [b"HTTP/1.1 200 OK\r\na:b\r\n\r", b'\n{"c": 1}'],
    ],
)
def test_an_answer(tmp_path: Path, pieces: list[bytes]) -> None:
    with answering(tmp_path / "s", *pieces) as (endpoint, _):
        answer = exchange(endpoint, Question("GET", "/"), SECONDS)
    assert answer.head.headers["a"] == "b"
    assert answer.document() == {"c": 1}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"x" * (1 << 17),
    ],
)
def test_what_is_no_answer(tmp_path: Path, said: bytes) -> None:
    with answering(tmp_path / "s", said) as (endpoint, _), pytest.raises(Unreachable):
        exchange(endpoint, Question("GET", "/"), SECONDS)


def answer(status: int, said: Any = None) -> Answer:
    return Answer(Head(status, "Why", {}), b"" if said is None else json.dumps(said).encode())


@pytest.mark.parametrize(
    ("found", "error", "words"),
    [
        (answer(404, {"message": "no such image"}), Gone, "no such image"),
        (answer(409, {"message": "is in use"}), Refused, "is in use"),
        (answer(500, {"message": "no GPU driver"}), Refused, "no GPU driver"),
        (answer(502), Unreachable, "502 Why"),
        (answer(403), Refused, "403 Why"),
        (Answer(Head(200, "OK", {}), b"<html>"), Refused, "200 OK"),
    ],
)
def test_what_went_wrong(found: Answer, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        found.document()


def test_an_answer_without_an_end(tmp_path: Path) -> None:
    pieces = [b"HTTP/1.0 200 OK\r\n\r\n", *[b" " * (1 << 20)] * 20]
    with (
        answering(tmp_path / "s", *pieces) as (endpoint, _),
        pytest.raises(Unreachable, match="the answer has no end"),
    ):
        exchange(endpoint, Question("GET", "/"), SECONDS)


def test_a_stream_begins_where_its_head_ends(tmp_path: Path) -> None:
    said = (b"HTTP/1.1 200 OK\r\n\r\n\0first", b"second")
    with (
        answering(tmp_path / "s", *said) as (endpoint, _),
        streamed(endpoint, Question("POST", "/attach"), SECONDS) as way,
    ):
        assert b"".join(iter(lambda: way.recv(4), b"")) == b"\0firstsecond"


def test_a_stream_of_what_is_gone(tmp_path: Path) -> None:
    said = b'HTTP/1.1 404 Not Found\r\n\r\n{"message": "no such container"}'
    with (
        answering(tmp_path / "s", said) as (endpoint, _),
        pytest.raises(Gone, match="no such container"),
    ):
        streamed(endpoint, Question("POST", "/attach"), SECONDS)


def test_an_answer_can_be_taken_later(tmp_path: Path) -> None:
    said = b'HTTP/1.1 409 Conflict\r\n\r\n{"message": "is being removed"}'
    with answering(tmp_path / "s", said) as (endpoint, asked):
        taken = sent(endpoint, Question("DELETE", "/containers/a"), SECONDS)
        with pytest.raises(Refused, match="is being removed"):
            taken().document()
    assert asked[0].startswith(b"DELETE /containers/a HTTP/1.0\r\n")


@contextmanager
def trickling(path: Path, first: bytes) -> Iterator[Endpoint]:
    """Somebody who says a bit more again and again, and soon enough for every wait."""

    def speak(way: socket.socket) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            way.recv(1 << 16)
            way.sendall(first)
            for _ in range(DROPS):
                way.sendall(b"x")
                time.sleep(LITTLE / 10)

    with listener(path, speak) as endpoint:
        yield endpoint


@pytest.mark.parametrize("first", [b"", b"HTTP/1.0 200 OK\r\n\r\n"], ids=["head", "rest"])
@pytest.mark.parametrize("ask", [exchange, lambda *asked: sent(*asked)()], ids=["now", "later"])
def test_who_says_little_at_a_time_is_not_waited_for_longer(
    tmp_path: Path, first: bytes, ask: Callable[..., Answer]
) -> None:
    with trickling(tmp_path / "s", first) as endpoint:
        with pytest.raises(Unreachable, match="no answer within") as caught:
            ask(endpoint, Question("GET", "/"), LITTLE)
        assert caught.value.why == "silent"
