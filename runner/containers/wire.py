"""A daemon's HTTP, as far as one question and one answer need it.

In version 1.0 (RFC 1945): a connection serves one request, and what is said ends with it, so that
it is never sent in pieces. The standard library's client takes longer to import than a daemon
takes to answer, and the SDK's five times as long.
"""

from __future__ import annotations

import errno
import json
import socket
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.containers.faults import Gone, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.containers.address import Endpoint, Tls
    from runner.containers.faults import Why

_PORT = 2375
_CHUNK = 1 << 16
# of what comes before what is said
_LONGEST = 1 << 16
# of what is said: none of a daemon's answers comes near it, and another user's may be meant to harm
_LONGEST_SAID = 1 << 24
_EMPTY_LINE = b"\r\n\r\n"
_FIRST_ERROR = 400
_SERVER_ERROR = 500
_NOT_FOUND = 404
_WHYS: dict[int, Why] = {
    errno.ENOENT: "absent",
    errno.ENOTDIR: "absent",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ECONNREFUSED: "closed",
}


class Question(NamedTuple):
    """What is asked; ``document`` goes with it as JSON. ``path`` has the version and the query."""

    method: str
    path: str
    document: Mapping[str, Any] | None = None

    def text(self, host: str) -> bytes:
        """As it is sent to a ``host``."""
        said = b"" if self.document is None else json.dumps(self.document).encode()
        lines = [f"{self.method} {self.path} HTTP/1.0", f"Host: {host}", "User-Agent: wf"]
        if self.document is not None:
            lines.append("Content-Type: application/json")
        if self.method != "GET":
            lines.append(f"Content-Length: {len(said)}")
        return "\r\n".join(lines).encode("latin-1") + _EMPTY_LINE + said


class Head(NamedTuple):
    """What comes first of an answer; the names of ``headers`` are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """An answer: what comes first, and what is ``said``."""

    head: Head
    said: bytes

    def document(self) -> Any:  # noqa: ANN401 - whatever JSON it is
        """The JSON that is said, ``None`` where nothing is.

        Raises:
            Unreachable: the daemon cannot answer.
            Gone: there is no such thing.
            Refused: it will not, or says something else than JSON.
        """
        try:
            found = json.loads(self.said) if self.said.strip() else None
        except ValueError:
            found, readable = None, False
        else:
            readable = True
        head = self.head
        if head.status < _FIRST_ERROR and readable:
            return found
        reason = str(found.get("message") or "") if isinstance(found, dict) else ""
        if head.status == _NOT_FOUND:
            raise Gone(reason or "there is no such thing")
        if head.status >= _SERVER_ERROR and not reason:
            raise Unreachable(f"{head.status} {head.reason}")
        raise Refused(reason or f"{head.status} {head.reason}")


class _Turn:
    """What is said and heard on one ``way`` until so many seconds from now, however little a time.

    A daemon may be another user's, who means to hold up whoever asks.
    """

    def __init__(self, way: socket.socket, seconds: float) -> None:
        self.way = way
        self._until = time.monotonic() + seconds

    def say(self, said: bytes) -> None:
        """All of it."""
        self._limit()
        self.way.sendall(said)

    def hear(self, most: int, flags: int = 0) -> bytes:
        """What has come, as recv(2) has it."""
        self._limit()
        return self.way.recv(most, flags)

    def _limit(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.way.settimeout(left)


def exchange(endpoint: Endpoint, question: Question, seconds: float) -> Answer:
    """Ask, and take the answer; all of it within so many seconds, once there is a connection.

    Raises:
        Unreachable: nobody answers there, or not as a daemon does.
    """
    with _speaking(endpoint, seconds), _connected(endpoint, seconds) as way:
        turn = _Turn(way, seconds)
        _ask(turn, endpoint, question)
        return _answer(turn, question, _head(turn))


def sent(endpoint: Endpoint, question: Question, seconds: float) -> Callable[[], Answer]:
    """Ask, and return at once; what is returned takes the answer, once.

    Raises:
        Unreachable: as :func:`exchange`, then or now.
    """
    with _speaking(endpoint, seconds), ExitStack() as opened:
        way = opened.enter_context(_connected(endpoint, seconds))
        _ask(_Turn(way, seconds), endpoint, question)
        opened.pop_all()

    def answer() -> Answer:
        with _speaking(endpoint, seconds), way:
            turn = _Turn(way, seconds)
            return _answer(turn, question, _head(turn))

    return answer


def streamed(endpoint: Endpoint, question: Question, seconds: float) -> socket.socket:
    """Ask, and leave what is said to be read from the connection that is returned.

    Raises:
        Unreachable: as :func:`exchange`.
        Gone: there is no such thing.
        Refused: the daemon will not.
    """
    with _speaking(endpoint, seconds), ExitStack() as opened:
        way = opened.enter_context(_connected(endpoint, seconds))
        turn = _Turn(way, seconds)
        _ask(turn, endpoint, question)
        head = _head(turn)
        if head.status >= _FIRST_ERROR:
            _answer(turn, question, head).document()
        way.settimeout(seconds)
        opened.pop_all()
    return way


@contextmanager
def _speaking(endpoint: Endpoint, seconds: float) -> Iterator[None]:
    """Say what goes wrong with a connection as what it means."""
    try:
        yield
    except TimeoutError as error:
        said = f"{endpoint.address}: no answer within {seconds:g} seconds"
        raise Unreachable(said, "silent") from error
    except OSError as error:
        why = _WHYS.get(error.errno or 0, "unknown")
        raise Unreachable(f"{endpoint.address}: {error}", why) from error


def _ask(turn: _Turn, endpoint: Endpoint, question: Question) -> None:
    host = "localhost" if endpoint.socket is not None else _host(endpoint)[0]
    turn.say(question.text(host))


def _answer(turn: _Turn, question: Question, head: Head) -> Answer:
    return Answer(head, b"" if question.method == "HEAD" else _rest(turn, head))


def _host(endpoint: Endpoint) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(endpoint.address)
    return parts.hostname or "localhost", parts.port or _PORT


def _connected(endpoint: Endpoint, seconds: float) -> socket.socket:
    with ExitStack() as opened:
        if endpoint.socket is not None:
            way = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            way.settimeout(seconds)
            way.connect(endpoint.socket)
        else:
            host, port = _host(endpoint)
            way = opened.enter_context(socket.create_connection((host, port), seconds))
            if endpoint.encrypted:
                way = _encrypted(way, host, endpoint.tls)
        opened.pop_all()
    return way


def _encrypted(way: socket.socket, host: str, tls: Tls | None) -> socket.socket:
    import ssl

    context = ssl.create_default_context()
    try:
        if tls is not None:
            if not tls.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            else:
                context.load_verify_locations(tls.authority)
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise Unreachable(f"the certificates cannot be read: {error}") from error
    return context.wrap_socket(way, server_hostname=host)


def _head(turn: _Turn) -> Head:
    """All before what is said, and not a byte more: who reads the rest may do so by descriptor."""
    text = bytearray()
    while not text.endswith(_EMPTY_LINE):
        piece = _up_to_its_end(turn, text)
        if not piece or len(text) > _LONGEST:
            raise OSError(errno.EPROTO, "it does not speak HTTP")
        text += piece
    first, *lines = text.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, _, status = first.partition(" ")
    code, _, reason = status.partition(" ")
    if not version.startswith("HTTP/") or not code.isdigit():
        raise OSError(errno.EPROTO, "it does not speak HTTP")
    named = (line.partition(":") for line in lines)
    return Head(int(code), reason, {name.strip().lower(): text.strip() for name, _, text in named})


def _up_to_its_end(turn: _Turn, known: bytes | bytearray) -> bytes:
    """What comes next, behind what is ``known``, unless that is behind the empty line."""
    if type(turn.way) is not socket.socket:
        return turn.hear(1)  # one that is encrypted does not show what it has
    seen = turn.hear(_LONGEST, socket.MSG_PEEK)
    end = bytes(known + seen).find(_EMPTY_LINE)
    return turn.hear(len(seen) if end < 0 else end + len(_EMPTY_LINE) - len(known))


def _rest(turn: _Turn, head: Head) -> bytes:
    """What is said: as long as is told, else all that comes."""
    length = head.headers.get("content-length", "")
    left = int(length) if length.isdigit() else None
    said = bytearray()
    while left is None or len(said) < left:
        chunk = turn.hear(_CHUNK if left is None else min(_CHUNK, left - len(said)))
        if not chunk:
            break
        said += chunk
        if len(said) > _LONGEST_SAID:
            raise OSError(errno.EMSGSIZE, "the answer has no end")
    if left is not None and len(said) < left:
        raise OSError(errno.EPIPE, "the answer was cut short")
    return bytes(said)
