"""A package index on loopback: the simple repository API over a folder of wheels and sources.

Wheels come with their metadata apart (PEP 658), so that resolving downloads none of them, and can
be handed out slowly: a piece for each permission that a test gives.
"""

from __future__ import annotations

import hashlib
import html
import http.server
import json
import re
import ssl
import threading
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tests.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

PIECE = 100_000


class PackageIndex:
    """``with PackageIndex(folder) as index:`` serves it at ``index.url``.

    With ``gate`` the first half of a file is sent at once, and the rest only when the gate opens.
    ``refusal`` is a status that everything is answered with. ``certificate`` is a file with a
    certificate and its key. ``dates`` says when each file was published (ISO 8601), if the index
    says such a thing at all. ``more`` are folders below other beginnings of an address. ``asked``
    lists what was asked for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        gate: threading.Event | None = None,
        refusal: int | None = None,
        certificate: Path | None = None,
        dates: Mapping[str, str] | None = None,
        port: int = 0,
        more: Mapping[str, Path] | None = None,
    ) -> None:
        self.asked: list[str] = []
        index = self

        class Handler(_Handler):
            def _answer(self) -> tuple[int, str, bytes]:
                index.asked.append(self.path)
                if refusal is not None:
                    return refusal, "text/plain", b""
                for prefix, other in (more or {}).items():
                    if self.path.startswith(prefix):
                        return _answer(other, self.path, dates, prefix)
                if more is not None and not self.path.startswith(("/simple/", "/files/")):
                    return 404, "text/plain", b""
                return _answer(folder, self.path, dates)

            def _wait(self) -> None:
                if gate is not None:
                    gate.wait(PATIENCE_SECONDS)

        self._server = _Server(("127.0.0.1", port), Handler)
        self._scheme = "http"
        if certificate is not None:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """What an index is called in a configuration."""
        return f"{self._scheme}://{self.host}/simple"

    def url_for(self, user: str, password: str) -> str:
        """The same, with credentials (which are asked of nobody)."""
        return f"{self._scheme}://{user}:{password}@{self.host}/simple"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up says nothing of the test."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> tuple[int, str, bytes]:
        raise NotImplementedError

    def _wait(self) -> None:
        raise NotImplementedError

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._send(body=False)

    def do_GET(self) -> None:
        self._send(body=True)

    def _send(self, *, body: bool) -> None:
        status, kind, content = self._answer()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body:
            return
        half = len(content) // 2 if len(content) > PIECE else 0
        self.wfile.write(content[:half])
        self.wfile.flush()
        if half:
            self._wait()
        self.wfile.write(content[half:])


def _answer(
    folder: Path, path: str, dates: Mapping[str, str] | None, prefix: str = "/"
) -> tuple[int, str, bytes]:
    parts = [unquote(part) for part in path.split("/") if part]
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if "files" in parts:
        return _file(folder, parts[-1])
    found = [file for file in files if _project(file.name) == parts[-1]]
    if not found:
        return 404, "text/plain", b""
    if dates is not None:
        return 200, "application/vnd.pypi.simple.v1+json", _dated(parts[-1], found, dates)
    links = "".join(_link(file, prefix) for file in found)
    return 200, "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


def _link(file: Path, prefix: str) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told = ""
    if zipfile.is_zipfile(file):
        told = ' data-core-metadata="true"'
        python = re.search(r"^Requires-Python: (.*)$", _metadata(file), re.MULTILINE)
        told += f' data-requires-python="{html.escape(python[1])}"' if python else ""
    return f'<a href="{prefix}files/{quote(file.name)}#sha256={digest}"{told}>{file.name}</a>\n'


def _dated(name: str, files: list[Path], dates: Mapping[str, str]) -> bytes:
    """The page of a project in JSON, the only form with times (PEP 700)."""
    said = [
        {
            "filename": file.name,
            "url": f"/files/{quote(file.name)}",
            "hashes": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
            "core-metadata": True,
            "size": file.stat().st_size,
            **({"upload-time": dates[file.name]} if file.name in dates else {}),
        }
        for file in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": said}).encode()


def _file(folder: Path, name: str) -> tuple[int, str, bytes]:
    wheel = folder / name.removesuffix(".metadata")
    if not wheel.is_file():
        return 404, "text/plain", b""
    if wheel.name == name:
        return 200, "application/octet-stream", wheel.read_bytes()
    return 200, "text/plain", _metadata(wheel).encode()


def _metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        member = next(m for m in archive.namelist() if m.endswith(".dist-info/METADATA"))
        return archive.read(member).decode()


def _project(filename: str) -> str:
    name = filename.removesuffix(".tar.gz").split("-")[0]
    return re.sub(r"[-_.]+", "-", name).lower()
