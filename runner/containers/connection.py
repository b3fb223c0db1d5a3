"""The way to one daemon: by plain questions, and by the SDK for what is more than that.

What every run asks is a question with an answer: a container made, started, looked at, removed. The
SDK takes a tenth of a second to import, as long as the daemon takes to start a container; so it is
imported for what is worth it: fetching an image, with the user's logins, and streams of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.containers.attached import Attached

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.containers.address import Endpoint
    from runner.containers.following import Following
    from runner.containers.reaching import Greeting
    from runner.containers.wire import Question

# a disk that is busy makes containers wait
_SECONDS = 60.0
_CHUNK = 1 << 16


class Connection:
    """The way to the daemon at an ``endpoint``."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._greeting: Greeting | None = None
        self._client: Any = None

    @property
    def address(self) -> str:
        """Where it leads."""
        return self.endpoint.address

    @property
    def greeting(self) -> Greeting:
        """What the daemon says of itself.

        Raises:
            Unreachable: it cannot be asked, or is none that wf can use.
        """
        if self._greeting is None:
            from runner.containers.reaching import greet

            self._greeting = greet(self.endpoint)
        return self._greeting

    def ask(self, path: str, seconds: float | None = None, /, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """What it says, as JSON, to a question that changes nothing.

        It is expected to answer at once; ``seconds`` is how long to wait otherwise.

        Raises:
            Unreachable: it does not answer, or is none that wf can use.
            Gone: there is no such thing.
            Refused: it will not say.
        """
        from runner.containers.reaching import AT_ONCE_SECONDS
        from runner.containers.wire import exchange

        question = self._question("GET", path, query)
        return exchange(self.endpoint, question, seconds or AT_ONCE_SECONDS).document()

    def tell(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        /,
        **query: str | int,
    ) -> Any:  # noqa: ANN401 - JSON
        """Have it do something; what it says to that, as JSON.

        Raises:
            Unreachable, Gone, Refused: as :meth:`ask`.
        """
        from runner.containers.wire import exchange

        question = self._question(method, path, query, document)
        return exchange(self.endpoint, question, _SECONDS).document()

    def begin(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        /,
        **query: str | int,
    ) -> Callable[[], Any]:
        """Have it do something, and return at once; what is returned waits until that is done.

        It is called once, and returns what :meth:`tell` does.

        Raises:
            Unreachable, Gone, Refused: as :meth:`ask`, then or now.
        """
        from runner.containers.wire import sent

        answer = sent(self.endpoint, self._question(method, path, query, document), _SECONDS)
        return lambda: answer().document()

    def stream(self, method: str, path: str, /, **query: str | int) -> Attached | Following:
        """Have it say something that goes on, from now on.

        Raises:
            Unreachable, Gone, Refused: as :meth:`ask`.
        """
        from runner.containers.wire import streamed

        question = self._question(method, path, query)
        way = streamed(self.endpoint, question, _SECONDS)
        if self.endpoint.encrypted:
            from runner.containers.following import Following

            return Following(iter(lambda: way.recv(_CHUNK), b""), way.close)
        return Attached(way)

    def _question(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        document: Mapping[str, Any] | None = None,
    ) -> Question:
        from urllib.parse import urlencode

        from runner.containers.wire import Question

        asked = f"?{urlencode(query)}" if query else ""
        return Question(method, f"/v{self.greeting.api}{path}{asked}", document)

    @property
    def client(self) -> Any:  # noqa: ANN401 - the SDK has no types
        """The SDK's own client; what it raises is turned by :func:`faults.spoken`.

        Raises:
            Unreachable: as :attr:`greeting`.
        """
        if self._client is None:
            api = self.greeting.api
            from docker.api.client import APIClient

            self._client = APIClient(self.address, version=api, timeout=_SECONDS, tls=self._tls())
            # else it looks for proxies and for a login in ~/.netrc at every question
            self._client.trust_env = False
        return self._client

    def _tls(self) -> Any:  # noqa: ANN401 - as above
        tls = self.endpoint.tls
        if tls is None:
            return False
        from docker.tls import TLSConfig

        return TLSConfig(
            client_cert=(tls.certificate, tls.key),
            ca_cert=tls.authority if tls.verify else None,
            verify=tls.verify,
        )

    def forget(self) -> None:
        """Open new connections from here on: those there are belong to another process."""
        self._greeting = None
        self._client = None
