"""A remote that is a folder on another machine, reached by the user's own ``ssh``.

``ssh`` brings the user's configuration along: keys, agents, jump hosts, known hosts, and questions
at the terminal. Nothing has to be installed on the other machine but its SSH server.
"""

from __future__ import annotations

import posixpath
import secrets
import stat
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from runner.artifacts.remote import sftp_session as sftp
from runner.artifacts.remote.interface import Absent, Found
from runner.artifacts.remote.sftp_session import Lost, Refused, Session, string
from runner.errors import UNSATISFIABLE, WfError
from runner.process.piped import Piped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from runner.artifacts.remote.address import Address

T = TypeVar("T")

# what every server takes (draft-ietf-secsh-filexfer-02, section 3)
_BLOCK = 32 * 1024
_AT_ONCE = 64
_OPEN_READ = 1
_OPEN_NEW = 0x02 | 0x08 | 0x20  # write, create, exclusively
_NO_ATTRIBUTES = struct.pack(">I", 0)
_RENAME = b"posix-rename@openssh.com"
_SYNC = b"fsync@openssh.com"
_HOME = "/~"


class SftpRemote:
    """Keeps bytes in files below a folder of another machine."""

    def __init__(self, address: Address, variables: Mapping[str, str]) -> None:
        self._address = address
        self._variables = variables
        path = address.path
        # a relative path starts in the home folder there
        inside = path == _HOME or path.startswith(f"{_HOME}/")
        self._root = path[len(_HOME) :].lstrip("/") or "." if inside else path
        self._turn = threading.Lock()
        self._opened: tuple[Piped, Session] | None = None
        self._made: set[str] = set()

    @property
    def shown(self) -> str:
        """The machine and the folder."""
        return self._address.shown

    def look(self, folder: str) -> Found:
        """What lies there; links and what else is neither file nor folder is left out."""
        try:
            return self._asked(lambda session: self._listed(session, folder))
        except Absent:
            return Found({}, [])

    def read(self, name: str, most: int) -> bytes:
        """The content of a file, many blocks at once."""
        return self._asked(lambda session: self._content(session, name, most))

    def write(self, name: str, content: bytes) -> None:
        """On that machine's disk, where its server can say so, and only then under its name."""
        try:
            self._asked(lambda session: self._put(session, name, content))
        except Absent:
            message = f"{self.shown} cannot be written: a folder is missing"
            raise WfError(UNSATISFIABLE, message, hint=self._try()) from None

    def close(self) -> None:
        """End the connection."""
        with self._turn:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].end()

    def _session(self) -> tuple[Piped, Session]:
        with self._turn:
            if self._opened is None:
                self._opened = self._connect()
            return self._opened

    def _connect(self) -> tuple[Piped, Session]:
        at = self._address
        user = ("-l", at.user) if at.user else ()
        port = ("-p", str(at.port)) if at.port else ()
        patience = ("-oConnectTimeout=15", "-oServerAliveInterval=15", "-oServerAliveCountMax=4")
        try:
            ssh = Piped(
                ["ssh", *patience, "-x", *user, *port, "-s", "--", at.host, "sftp"],
                self._variables,
            )
        except OSError as error:
            message = f"{self.shown} needs the program `ssh`: {error.strerror}"
            hint = "install OpenSSH's client (openssh-client)"
            raise WfError(UNSATISFIABLE, message, hint=hint) from error
        try:
            return ssh, Session(ssh.input, ssh.output)
        except Lost:
            raise self._unreachable(ssh) from None
        except BaseException:
            ssh.end()
            raise

    def _asked(self, question: Callable[[Session], T]) -> T:
        """The answer, or the error as it can be shown."""
        ssh, session = self._session()
        try:
            return question(session)
        except Lost:
            raise self._unreachable(ssh) from None
        except Refused as refused:
            if refused.code == sftp.NO_SUCH_FILE:
                raise Absent from None
            why = "permission denied" if refused.code == sftp.DENIED else refused.said.lower()
            message = (
                f"{self.shown} does not do what it is asked to: {why or 'it does not say why'}"
            )
            raise WfError(UNSATISFIABLE, message, hint=self._try()) from None

    def _unreachable(self, ssh: Piped) -> WfError:
        lines = [line.strip() for line in ssh.said().splitlines()]
        ssh.kill()
        why = next((line for line in reversed(lines) if line), "the connection ended")
        message = f"{self.shown} cannot be reached: {why.rstrip('.')}"
        return WfError(UNSATISFIABLE, message, hint=self._try())

    def _try(self) -> str:
        at = self._address
        user = f"{at.user}@" if at.user else ""
        port = f"-P {at.port} " if at.port else ""
        return f"look at it by hand: sftp {port}{user}{at.host}; then repeat the command"

    def _path(self, name: str) -> bytes:
        return string(posixpath.join(self._root, name).encode(errors="surrogateescape"))

    def _listed(self, session: Session, folder: str) -> Found:
        files: dict[str, int] = {}
        folders: list[str] = []
        opened = session.ask(sftp.OPENDIR, self._path(folder)).result()
        handle = string(opened.expect(sftp.HANDLE).text())
        try:
            for name, known in _entries(session, handle):
                kind = stat.S_IFMT(known.mode or 0)
                if kind == stat.S_IFREG and known.size is not None:
                    files[name] = known.size
                elif kind == stat.S_IFDIR and name not in {".", ".."}:
                    folders.append(name)
        finally:
            session.ask(sftp.CLOSE, handle)
        return Found(files, folders)

    def _content(self, session: Session, name: str, most: int) -> bytes:
        flags = struct.pack(">I", _OPEN_READ) + _NO_ATTRIBUTES
        opened = session.ask(sftp.OPEN, self._path(name) + flags).result()
        handle = string(opened.expect(sftp.HANDLE).text())
        try:
            known = session.ask(sftp.FSTAT, handle).result().expect(sftp.ATTRIBUTES).attributes()
            if stat.S_IFMT(known.mode or stat.S_IFREG) != stat.S_IFREG:
                raise Absent(name)
            return _read(session, handle, min(most, known.size or 0))
        finally:
            session.ask(sftp.CLOSE, handle)

    def _put(self, session: Session, name: str, content: bytes) -> None:
        folder, own = posixpath.split(name)
        self._make(session, folder)
        staged = self._path(f"{folder}/.{own}.{secrets.token_hex(4)}")
        flags = struct.pack(">I", _OPEN_NEW) + _NO_ATTRIBUTES
        handle = string(session.ask(sftp.OPEN, staged + flags).result().expect(sftp.HANDLE).text())
        try:
            try:
                _write(session, handle, content)
                if _SYNC in session.extensions:
                    asked = session.ask(sftp.EXTENDED, string(_SYNC) + handle)
                    asked.result().expect(sftp.STATUS)
            finally:
                closed = session.ask(sftp.CLOSE, handle)
            closed.result().expect(sftp.STATUS)
            self._rename(session, staged, self._path(name))
        except Refused:
            session.ask(sftp.REMOVE, staged).result()
            raise

    def _rename(self, session: Session, staged: bytes, target: bytes) -> None:
        if _RENAME in session.extensions:
            asked = session.ask(sftp.EXTENDED, string(_RENAME) + staged + target)
            asked.result().expect(sftp.STATUS)
            return
        # the protocol's own does not replace anything
        with suppress(Refused):
            session.ask(sftp.REMOVE, target).result().expect(sftp.STATUS)
        session.ask(sftp.RENAME, staged + target).result().expect(sftp.STATUS)

    def _make(self, session: Session, folder: str) -> None:
        """The folder and those above it; somebody else may make them as well."""
        if folder in self._made:
            return
        whole = posixpath.join(self._root, folder)
        for path in _upwards(whole):
            encoded = string(path.encode(errors="surrogateescape"))
            with suppress(Refused):
                session.ask(sftp.STAT, encoded).result().expect(sftp.ATTRIBUTES)
                continue
            try:
                session.ask(sftp.MKDIR, encoded + _NO_ATTRIBUTES).result().expect(sftp.STATUS)
            except Refused:
                session.ask(sftp.STAT, encoded).result().expect(sftp.ATTRIBUTES)
        self._made.add(folder)


def _upwards(path: str) -> list[str]:
    """A folder and those above it, from the top."""
    found: list[str] = []
    while path and path not in {"/", "."}:
        found.append(path)
        path = posixpath.dirname(path)
    return found[::-1]


def _entries(session: Session, handle: bytes) -> Iterator[tuple[str, sftp.Attributes]]:
    while True:
        try:
            answer = session.ask(sftp.READDIR, handle).result().expect(sftp.NAME)
        except Refused as refused:
            if refused.code == sftp.END:
                return
            raise
        for _ in range(answer.number()):
            name = answer.text().decode(errors="surrogateescape")
            answer.text()  # as `ls -l` has it
            yield name, answer.attributes()


def _read(session: Session, handle: bytes, size: int) -> bytes:
    """Up to ``size`` bytes: blocks that came short are asked for again."""
    content = bytearray(size)
    asked: list[tuple[int, int, Future[sftp.Answer]]] = []
    left = [(start, min(_BLOCK, size - start)) for start in range(0, size, _BLOCK)][::-1]
    end = size
    while left or asked:
        while left and len(asked) < _AT_ONCE:
            start, length = left.pop()
            block = handle + struct.pack(">QI", start, length)
            asked.append((start, length, session.ask(sftp.READ, block)))
        start, length, future = asked.pop(0)
        try:
            data = future.result().expect(sftp.DATA).text()
        except Refused as refused:
            if refused.code != sftp.END:
                raise
            end = min(end, start)  # it has become shorter meanwhile
            continue
        if not 0 < len(data) <= length:
            raise Lost
        content[start : start + len(data)] = data
        if len(data) < length:
            left.append((start + len(data), length - len(data)))
    return bytes(content[:end])


def _write(session: Session, handle: bytes, content: bytes) -> None:
    view = memoryview(content)
    asked: list[Future[sftp.Answer]] = []
    for start in range(0, len(content), _BLOCK):
        block = string(view[start : start + _BLOCK])
        asked.append(session.ask(sftp.WRITE, handle + struct.pack(">Q", start) + block))
        if len(asked) >= _AT_ONCE:
            asked.pop(0).result().expect(sftp.STATUS)
    for answer in asked:
        answer.result().expect(sftp.STATUS)
