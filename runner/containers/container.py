"""One container: started, asked, sent signals, and removed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.containers.faults import Gone, spoken
from runner.containers.following import Following
from runner.containers.values import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.containers.attached import Attached
    from runner.containers.connection import Connection

_PIECE = 1 << 20
_CHUNK = 1 << 16
# with its volumes, and whether it runs or not
_ALL_OF_IT = {"v": 1, "force": 1}
# one that is busy answers in milliseconds
_SECONDS = 5.0


class Container:
    """A container of a daemon, by its id.

    What it is asked raises ``Unreachable`` when the daemon does not answer, ``Gone`` when there is
    no such container, and ``Refused`` when it cannot be done.
    """

    def __init__(self, way: Connection, identity: str) -> None:
        self._way = way
        self.id = identity
        self._path = f"/containers/{identity}"

    def start(self) -> None:
        """Have it run."""
        self.starting()()

    def starting(self) -> Callable[[], Any]:
        """As :meth:`start`, but not waited for until what is returned is called."""
        return self._way.begin("POST", f"{self._path}/start")

    def attach(self) -> Attached | Following:
        """The stream of what it writes from now on, as the API has it."""
        return self._way.stream("POST", f"{self._path}/attach", stdout=1, stderr=1, stream=1)

    def follow(self) -> Following:
        """All that it wrote so far, and what it writes from now on.

        A daemon keeps whole lines: the end of one that goes on comes with the rest of it.
        """
        asked = {"stdout": 1, "stderr": 1, "follow": 1, "tail": "all"}
        # it may be silent for hours
        response = self._streamed("get", "logs", asked, timeout=None)
        return Following(response.raw.stream(_CHUNK, decode_content=False), response.close)

    def ending(self) -> Callable[[], int]:
        """To be called before it starts: what then waits for its end, and gives its exit code.

        It does so for one that is removed at its end, too.
        """
        # the daemon answers when it has begun to wait
        response = self._streamed("post", "wait", {"condition": "next-exit"})

        def code() -> int:
            with spoken(self._way.address):
                return int(response.json()["StatusCode"])

        return code

    def _streamed(self, method: str, what: str, asked: Mapping[str, Any], **how: Any) -> Any:  # noqa: ANN401 - the SDK has no types
        """An answer of the daemon that is read as it comes, in a way the SDK has no call for."""
        client = self._way.client
        url = f"{client.base_url}/v{client.api_version}{self._path}/{what}"
        with spoken(self._way.address):
            response = getattr(client, method)(url, params=asked, stream=True, **how)
            client._raise_for_status(response)  # noqa: SLF001 - what its own calls do
        return response

    def state(self) -> State:
        """What it is now; who does not answer within seconds is not waited for."""
        found = self._way.ask(f"{self._path}/json", _SECONDS)["State"]
        return State(
            found["Status"],
            found.get("Pid") or 0,
            found.get("ExitCode") or 0,
            bool(found.get("OOMKilled")),
            found.get("Error") or "",
        )

    def archive(self, path: str) -> Iterator[bytes]:
        """What lies at an absolute path of it, as a tar stream; also when it has ended.

        Links on the way are followed within the container. Of a file the name in the stream is its
        own, and of a folder that of the folder comes first in all names. Raises ``Gone`` when
        there is nothing.
        """
        with spoken(self._way.address):
            pieces, _ = self._way.client.get_archive(self.id, path, chunk_size=_PIECE)
            yield from pieces

    def has(self, path: str) -> bool:
        """Whether there is something at ``path``; it need not run for that."""
        try:
            self._way.tell("HEAD", f"{self._path}/archive", path=path)
        except Gone:
            return False
        return True

    def unpack(self, stream: Iterator[bytes]) -> None:
        """Put what a tar stream has below its root; it need not run for that."""
        with spoken(self._way.address):
            self._way.client.put_archive(self.id, "/", stream)

    def send(self, number: int) -> None:
        """Send its first process a signal."""
        self._way.tell("POST", f"{self._path}/kill", signal=number)

    def resize(self, rows: int, columns: int) -> None:
        """Tell its terminal how large it is."""
        self._way.tell("POST", f"{self._path}/resize", h=rows, w=columns)

    def removing(self) -> Callable[[], Any]:
        """As :meth:`remove`, but not waited for until what is returned is called."""
        return self._way.begin("DELETE", self._path, **_ALL_OF_IT)

    def remove(self) -> None:
        """End it, and remove all that is left of it; safe to repeat."""
        with suppress(Gone):
            self._way.tell("DELETE", self._path, **_ALL_OF_IT)
