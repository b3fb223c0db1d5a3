"""The SSH File Transfer Protocol, version 3, as far as a remote needs it.

The protocol is draft-ietf-secsh-filexfer-02, with OpenSSH's extensions (its file PROTOCOL, section
4). Requests carry a number, and answers come in any order: many are under way at once.
"""

from __future__ import annotations

import struct
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import IO

VERSION = 3
INIT, VERSIONED, OPEN, CLOSE, READ, WRITE, FSTAT = 1, 2, 3, 4, 5, 6, 8
OPENDIR, READDIR, REMOVE, MKDIR, STAT, RENAME = 11, 12, 13, 14, 17, 18
STATUS, HANDLE, DATA, NAME, ATTRIBUTES, EXTENDED = 101, 102, 103, 104, 105, 200
OK, END, NO_SUCH_FILE, DENIED = 0, 1, 2, 3

_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">BI")
# OpenSSH's own limit (sftp-common.h): whoever sends more does not speak the protocol
_MOST = 256 * 1024
_SIZE, _OWNERS, _MODE, _TIMES, _MORE = 1, 2, 4, 8, 0x80000000


class Lost(Exception):  # noqa: N818 - a state, whose reason is known elsewhere
    """The other side has gone, or says what cannot be understood."""


class Refused(Exception):  # noqa: N818 - an answer
    """A request failed; ``code`` is one of the protocol's."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


class Attributes(NamedTuple):
    """Of a file, as far as the server tells."""

    size: int | None
    mode: int | None


class Session:
    """Speaks with a server over a pair of pipes; any thread may ask.

    Raises:
        Lost: there is no such server at their other end.
    """

    def __init__(self, to_server: IO[bytes], from_server: IO[bytes]) -> None:
        self._to, self._from = to_server, from_server
        self._turn = threading.Lock()
        self._waiting: dict[int, Future[Answer]] = {}
        self._number = 0
        self._gone = False
        self._send(bytes([INIT]) + _LENGTH.pack(VERSION))
        answer = self._packet()
        if answer[0] != VERSIONED or len(answer) < _HEAD.size:
            raise Lost
        self.extensions = _extensions(Answer(VERSIONED, answer[_HEAD.size :]))
        threading.Thread(target=self._listen, name="sftp", daemon=True).start()

    def ask(self, kind: int, body: bytes) -> Future[Answer]:
        """Send a request; the answer comes when it comes.

        Raises:
            Lost: there is nobody to send it to; the answer may raise it as well.
        """
        answer: Future[Answer] = Future()
        with self._turn:
            if self._gone:
                raise Lost
            self._number = (self._number + 1) & 0xFFFFFFFF
            self._waiting[self._number] = answer
            self._send(_HEAD.pack(kind, self._number) + body)
        return answer

    def _send(self, packet: bytes) -> None:
        left = memoryview(_LENGTH.pack(len(packet)) + packet)
        try:
            while left:
                left = left[self._to.write(left) :]
        except (OSError, ValueError):
            raise Lost from None

    def _listen(self) -> None:
        try:
            while True:
                packet = self._packet()
                if len(packet) < _HEAD.size:
                    raise Lost  # noqa: TRY301 - the one way out of here
                kind, number = _HEAD.unpack_from(packet)
                waiting = self._waiting.pop(number, None)
                if waiting is None:
                    raise Lost  # noqa: TRY301 - the same
                waiting.set_result(Answer(kind, packet[_HEAD.size :]))
        except Lost:
            with self._turn:
                self._gone = True
            while self._waiting:
                self._waiting.popitem()[1].set_exception(Lost())

    def _packet(self) -> bytes:
        length = _LENGTH.unpack(self._bytes(_LENGTH.size))[0]
        if not 0 < length <= _MOST:
            raise Lost
        return self._bytes(length)

    def _bytes(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            try:
                part = self._from.read(size)
            except (OSError, ValueError):
                part = b""
            if not part:
                raise Lost
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Answer:
    """What a server has answered, read from its beginning to its end.

    Every method raises :class:`Lost` where the answer is not as the protocol has it, and
    :class:`Refused` where it is a failure.
    """

    def __init__(self, kind: int, body: bytes) -> None:
        self._kind = kind
        self._body = body
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether all of it has been read."""
        return self._at >= len(self._body)

    def expect(self, kind: int) -> Answer:
        """It is of that kind."""
        if self._kind == STATUS:
            code = self.number()
            if kind == STATUS and code == OK:
                return self
            raise Refused(code, self.text().decode(errors="replace") if not self.at_end else "")
        if self._kind != kind:
            raise Lost
        return self

    def number(self) -> int:
        """The next number."""
        return int.from_bytes(self._take(4), "big")

    def text(self) -> bytes:
        """The next string."""
        return self._take(self.number())

    def attributes(self) -> Attributes:
        """The next attributes of a file."""
        flags = self.number()
        size = int.from_bytes(self._take(8), "big") if flags & _SIZE else None
        if flags & _OWNERS:
            self._take(8)
        mode = self.number() if flags & _MODE else None
        if flags & _TIMES:
            self._take(8)
        if flags & _MORE:
            for _ in range(2 * min(self.number(), _MOST)):
                self.text()
        return Attributes(size, mode)

    def _take(self, size: int) -> bytes:
        part = self._body[self._at : self._at + size]
        if len(part) < size:
            raise Lost
        self._at += size
        return part


def _extensions(answer: Answer) -> frozenset[bytes]:
    """The names of what the server can besides."""
    found: set[bytes] = set()
    while not answer.at_end:
        found.add(answer.text())
        answer.text()
    return frozenset(found)


def string(content: bytes | memoryview) -> bytes:
    """A string as the protocol has it."""
    return _LENGTH.pack(len(content)) + content
