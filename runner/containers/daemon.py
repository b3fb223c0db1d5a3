"""One daemon: its images, and the containers it is asked for."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from json import dumps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner.containers.address import endpoint
from runner.containers.connection import Connection
from runner.containers.container import Container
from runner.containers.faults import Gone, Refused, Unreachable, spoken
from runner.containers.values import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.containers.facts import Facts
    from runner.containers.values import Auth, ContainerSpec
    from runner.errors import WfError

_TOLD_SECONDS = 0.2
_SECONDS = 60.0
# how Docker and Podman say it (moby, `daemon/names.go`)
_NAME_TAKEN = "is already in use"


class Daemon:
    """The daemon that the caller's ``variables`` name; nothing is asked before it is needed."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Find out where it listens.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when a Docker context is chosen that is not there.
        """
        self._variables = variables
        self._way = Connection(endpoint(variables))
        self._begun: list[Callable[[], Any]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return self._way.address

    @property
    def found_by(self) -> dict[str, str]:
        """The variables by which anybody finds it again: nothing else is in them."""
        return self._way.endpoint.variables

    def forget(self) -> None:
        """Open new connections from here on: those there are belong to another process."""
        self._way.forget()

    def check(self) -> None:
        """See whether it can be used; nothing that takes long is loaded for that.

        Raises:
            WfError: kind ``UNSATISFIABLE``: why not, and what helps, within seconds.
        """
        try:
            _ = self._way.greeting
        except Unreachable as error:
            raise self.missing(error) from error

    @property
    def podman(self) -> bool:
        """Whether it is Podman, which :meth:`check` has found to be there.

        Raises:
            Unreachable: it does not answer.
        """
        return self._way.greeting.podman

    @cached_property
    def facts(self) -> Facts:
        """What it can do.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when it does not answer.
        """
        from runner.containers.facts import facts

        try:
            return facts(self._info(), podman=self._way.greeting.podman)
        except (Unreachable, Refused) as error:
            raise self.missing(error) from error

    def _info(self) -> dict[str, Any]:
        # it counts its containers and images for that
        return dict(self._way.ask("/info", _SECONDS))

    @cached_property
    def rootless(self) -> bool:
        """Whether root in its containers is whoever runs it.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when it does not answer; root is not asked about.
        """
        return bool(os.getuid()) and self.facts.rootless

    def caller(self) -> str:
        """Who writes in a container what the caller is to own, as ``UID:GID``.

        Raises:
            WfError: as :attr:`rootless`.
        """
        return "0:0" if self.rootless else f"{os.getuid()}:{os.getgid()}"

    @property
    def proxies(self) -> dict[str, str]:
        """The variables by which its user has containers find the network; passwords included."""
        from runner.containers.config import proxies

        return proxies(self._variables, self.address)

    def listener(self) -> str:
        """Which process listens there now; ``""`` where that cannot be told.

        Raises:
            Unreachable: nobody does.
        """
        from runner.containers.listening import listener

        try:
            return listener(self.address)
        except OSError as error:
            raise Unreachable(f"{self.address}: {error.strerror or error}") from error

    def keeps_containers(self) -> bool:
        """Whether its containers go on while it is away (live restore; Podman, always).

        Raises:
            Unreachable: it does not answer.
            Refused: it will not say.
        """
        said = self._info()
        return bool(said.get("LiveRestoreEnabled")) or "BuildahVersion" in said

    def image(self, reference: str) -> Image | None:
        """An image that is there.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when the daemon does not answer.
        """
        try:
            return _image(reference, self._way.ask(f"/images/{quote(reference)}/json"))
        except Gone:
            return None
        except Refused as error:
            from runner.containers.pulling import failure

            raise failure(reference, str(error), with_login=False) from error
        except Unreachable as error:
            raise self.missing(error) from error

    def pull(self, reference: str, auth: Auth | None, progress: Callable[[str], None]) -> Image:
        """Fetch an image; ``progress`` is told how far that is, some times a second.

        With ``auth`` of ``None`` whoever the user's own ``docker login`` says fetches it.

        Raises:
            WfError: kind ``UNSATISFIABLE`` when it cannot be had.
        """
        said = self._pull(reference, auth, progress)
        found = None if said else self.image(reference)
        if found is None:
            from runner.containers.pulling import failure

            raise failure(reference, said, with_login=auth is not None)
        return found

    def _pull(self, reference: str, auth: Auth | None, progress: Callable[[str], None]) -> str:
        """Fetch it; returns why it failed, ``""`` if it did not."""
        from runner.containers.logins import find_keeper
        from runner.containers.pulling import Pull

        told = time.monotonic()
        pull = Pull(reference, told)
        given = auth and {"username": auth.username, "password": auth.password}
        try:
            with spoken(self.address):
                client = self._way.client
                if auth is None:
                    find_keeper(client, reference, self._variables)
                reports = client.pull(reference, stream=True, decode=True, auth_config=given)
                for report in reports:
                    pull.take(report)
                    now = time.monotonic()
                    if now - told >= _TOLD_SECONDS:
                        told = now
                        progress(pull.text(now))
        except (Gone, Refused) as error:
            return str(error) or "refused"
        except Unreachable as error:
            raise self.missing(error) from error
        return pull.error or ""

    def discard(self, container: Container) -> None:
        """Have a container end and be removed; :meth:`settle` waits until it is.

        Raises:
            Unreachable: it does not answer.
        """
        self._begun.append(container.removing())

    def settle(self) -> None:
        """Wait until all containers that were discarded are gone, or cannot be removed."""
        while self._begun:
            with suppress(Refused, Unreachable, Gone):
                self._begun.pop()()

    def create(self, spec: ContainerSpec) -> Container:
        """Make a container, which is not started; see :meth:`creating`.

        Raises:
            Refused: the daemon will not.
            Unreachable: it does not answer.
        """
        return self.creating(spec)()

    def creating(self, spec: ContainerSpec) -> Callable[[], Container]:
        """Have a container made, and return at once; what is returned waits for it, once.

        Another user's run may have its name: then the daemon chooses one, as it is found by its
        labels.

        Raises:
            Refused: the daemon will not; then or now, as what follows.
            Unreachable: it does not answer.
        """
        self.settle()  # one that was discarded may have the name
        asked = self._creating(spec)

        def created() -> Container:
            try:
                made = asked()
            except Refused as error:
                if not spec.name or _NAME_TAKEN not in str(error):
                    raise
                made = self._creating(replace(spec, name=""))()
            return Container(self._way, made["Id"])

        return created

    def _creating(self, spec: ContainerSpec) -> Callable[[], Any]:
        from runner.containers.creating import body

        asked = body(spec, podman=self._way.greeting.podman)
        named = {"name": spec.name} if spec.name else {}
        return self._way.begin("POST", "/containers/create", asked, **named)

    def is_making(self, spec: ContainerSpec, turn: float) -> bool:
        """Whether it has a container of this name, or is about to have it, which it does not tell.

        It takes a name before it does anything else (moby, ``daemon/create.go``). So one is made
        that has it, and removed ``turn`` seconds later: what somebody asked before has had its turn
        by then, as requests are not served in order, and was refused.

        Raises:
            Refused: the daemon will not.
            Unreachable: it does not answer.
            Gone: there is no such image.
        """
        try:
            made = self._creating(spec)()
        except Refused as error:
            if _NAME_TAKEN not in str(error):
                raise
            return True
        time.sleep(turn)
        Container(self._way, made["Id"]).remove()
        return False

    def labelled(self, labels: Mapping[str, str]) -> list[Container]:
        """The containers that have all these labels, whether they run or not.

        Raises:
            Unreachable: it does not answer.
            Refused: it will not say.
        """
        wanted = [f"{name}={value}" for name, value in labels.items()]
        filters = dumps({"label": wanted})
        found = self._way.ask("/containers/json", _SECONDS, all=1, filters=filters)
        return [Container(self._way, one["Id"]) for one in found]

    def container(self, identity: str) -> Container:
        """One that was made before; whether it is there shows when it is asked."""
        return Container(self._way, identity)

    def missing(self, error: Unreachable | Refused) -> WfError:
        """What to tell a user for whom it does not answer, or not as asked."""
        from runner.containers.reaching import no_daemon

        found = error if isinstance(error, Unreachable) else Unreachable(str(error))
        return no_daemon(self._way.endpoint, found, self._variables)


def _image(reference: str, found: Mapping[str, Any]) -> Image:
    config = found.get("Config") or {}
    pairs = (written.partition("=") for written in config.get("Env") or ())
    identity = str(found["Id"])
    return Image(
        reference,
        # Podman leaves out which digest it is
        identity if ":" in identity else f"sha256:{identity}",
        tuple((name, value) for name, _, value in pairs),
        config.get("User") or "",
        config.get("WorkingDir") or "",
        tuple(config.get("Entrypoint") or ()),
        tuple(config.get("Cmd") or ()),
    )
