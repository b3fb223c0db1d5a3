"""Data sets are fetched as a whole or not at all."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from common import download

if TYPE_CHECKING:
    from collections.abc import Iterator


class HalfWay(BaseHTTPRequestHandler):
    """Promises more than it sends, as a connection does that is lost."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def lost() -> Iterator[str]:
    """The address of a server whose answers end half-way."""
    with HTTPServer(("127.0.0.1", 0), HalfWay) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def write(folder: str) -> None:
    """A download that succeeds."""
    Path(folder, "SET").mkdir()
    Path(folder, "SET", "images").write_text("new")


def test_what_was_downloaded_is_there(tmp_path: Path) -> None:
    root = tmp_path / "data"
    assert download.fetch(root, "SET", write) is None
    assert (root / "SET" / "images").read_text() == "new"
    assert [path.name for path in root.iterdir()] == ["SET"]


def test_it_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "SET").mkdir()
    (tmp_path / "SET" / "damaged").touch()
    assert download.fetch(tmp_path, "SET", write) is None
    assert [path.name for path in (tmp_path / "SET").iterdir()] == ["images"]


def test_a_file_can_be_fetched_too(tmp_path: Path) -> None:
    (tmp_path / "set.npz").write_text("damaged")

    def write_file(folder: str) -> None:
        Path(folder, "set.npz").write_text("new")

    assert download.fetch(tmp_path, "set.npz", write_file) is None
    assert (tmp_path / "set.npz").read_text() == "new"


def test_a_download_that_stops_half_way_leaves_nothing(tmp_path: Path, lost: str) -> None:
    def stopping(folder: str) -> None:
        urllib.request.urlretrieve(lost, Path(folder, "SET"))

    why = download.fetch(tmp_path, "SET", stopping)
    assert why == "retrieval incomplete: got only 4 out of 1000 bytes"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: str) -> None:
        Path(folder, "SET").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetch(tmp_path, "SET", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_one_that_fails_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "SET").write_text("old")

    def refused(folder: str) -> None:
        Path(folder, "SET").write_text("half")
        raise ConnectionRefusedError(111, "Connection refused")

    assert download.fetch(tmp_path, "SET", refused) == "connection refused"
    assert (tmp_path / "SET").read_text() == "old"


def test_a_mistake_of_the_script_is_not_taken_for_the_network(tmp_path: Path) -> None:
    def mistaken(_: str) -> None:
        raise TypeError

    with pytest.raises(TypeError):
        download.fetch(tmp_path, "SET", mistaken)


def test_a_silent_server_is_waited_for_not_long(tmp_path: Path) -> None:
    before = socket.getdefaulttimeout()
    during: list[float | None] = []

    def ask(folder: str) -> None:
        during.append(socket.getdefaulttimeout())
        write(folder)

    download.fetch(tmp_path, "SET", ask)
    assert during == [download.NETWORK_TIMEOUT_S]
    assert socket.getdefaulttimeout() == before


@pytest.mark.parametrize(
    ("error", "brief"),
    [
        (urllib.error.URLError(OSError(-2, "Name not known")), "name not known"),
        (RuntimeError("Error downloading x:\nTried https://x\nNot found."), "not found"),
        (RuntimeError("HTTP Error 404: Not Found"), "HTTP Error 404: Not Found"),
        (EOFError(), "EOFError"),
    ],
)
def test_the_reason_is_brief(error: Exception, brief: str) -> None:
    assert download.brief_reason(error) == brief
