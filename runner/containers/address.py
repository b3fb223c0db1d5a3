"""Where the daemon listens. Imports nothing that takes time: every run asks.

As the ``docker`` program finds it (Docker 24, "Docker contexts"): ``DOCKER_HOST``, else the context
of ``DOCKER_CONTEXT`` or of ``currentContext`` in its ``config.json``, else the usual socket.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner import envvars
from runner.containers import config
from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "unix:///var/run/docker.sock"
SOCKET = "unix://"
_OF_NETWORKS = ("tcp", "http", "https")
# encrypted, whoever the daemon is
_UNVERIFIED = "DOCKER_TLS"
# the context that is none: what the variables say, or the usual socket
_NO_CONTEXT = "default"


class Tls(NamedTuple):
    """What an encrypted connection takes: paths of PEM files, and whether the daemon is checked."""

    authority: str
    certificate: str
    key: str
    verify: bool = True


class Endpoint(NamedTuple):
    """One daemon's ``address``. ``said_by`` is what named it, ``""`` where nothing did."""

    address: str
    said_by: str = ""
    tls: Tls | None = None

    @property
    def socket(self) -> str | None:
        """The path of its socket, if it is one of this machine's file system."""
        return self.address.removeprefix(SOCKET) if self.address.startswith(SOCKET) else None

    @property
    def encrypted(self) -> bool:
        """Whether what is said on the way is not what goes over it."""
        return self.tls is not None or self.address.startswith("https:")

    @property
    def variables(self) -> dict[str, str]:
        """Those by which :func:`endpoint` finds it again, whoever asks, and from where."""
        found = {envvars.DOCKER_HOST: self.address}
        if self.tls is not None:
            found[envvars.DOCKER_CERT_PATH] = os.path.dirname(self.tls.certificate)
            found[envvars.DOCKER_TLS_VERIFY if self.tls.verify else _UNVERIFIED] = "1"
        return found

    @property
    def is_here(self) -> bool:
        """Whether it is a daemon of this machine, as far as its address tells."""
        from urllib.parse import urlsplit

        if self.socket is not None:
            return True
        parts = urlsplit(self.address)
        if parts.scheme not in _OF_NETWORKS:
            return False
        host = parts.hostname or ""
        return host in ("localhost", "::1", os.uname().nodename) or host.startswith("127.")


def endpoint(variables: Mapping[str, str]) -> Endpoint:
    """Where the daemon of whoever has these variables listens.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when a context is chosen that is not there.
    """
    given = variables.get(envvars.DOCKER_HOST)
    if given:
        return Endpoint(_complete(given), envvars.DOCKER_HOST, _tls_of(variables))
    folder = config.folder(variables)
    name = variables.get(envvars.DOCKER_CONTEXT) or config.mapping(folder, config.FILE).get(
        "currentContext"
    )
    if not name or name == _NO_CONTEXT:
        return Endpoint(DEFAULT)
    return _context(folder, str(name))


def is_there(variables: Mapping[str, str]) -> bool:
    """Whether a daemon is set up on this machine, as far as can be told without asking it."""
    try:
        found = endpoint(variables)
    except WfError:
        return False
    return found.is_here and (found.socket is None or os.path.exists(found.socket))


def others(variables: Mapping[str, str]) -> list[str]:
    """Sockets that are here, and that nothing names: those of a rootless Docker, and of Podman."""
    own = variables.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    usual = (DEFAULT.removeprefix(SOCKET), f"{own}/docker.sock", f"{own}/podman/podman.sock",
             "/run/podman/podman.sock")  # fmt: skip
    return [SOCKET + path for path in usual if os.access(path, os.R_OK | os.W_OK)]


def _complete(address: str) -> str:
    """With the scheme that ``docker`` supposes: a path is a socket's, all else a host's."""
    if "://" in address:
        return address
    return SOCKET + address if address.startswith("/") else f"tcp://{address}"


def _tls_of(variables: Mapping[str, str]) -> Tls | None:
    verify = bool(variables.get(envvars.DOCKER_TLS_VERIFY))
    if not verify and not variables.get(_UNVERIFIED):
        return None
    folder = variables.get(envvars.DOCKER_CERT_PATH) or config.folder(variables)
    return _certificates(folder, verify=verify)


def _certificates(folder: str, *, verify: bool) -> Tls:
    # who asks later may stand in another folder
    folder = os.path.abspath(folder)
    authority, certificate, key = (f"{folder}/{name}.pem" for name in ("ca", "cert", "key"))
    return Tls(authority, certificate, key, verify)


def _context(folder: str, name: str) -> Endpoint:
    """A context's folders are called by the digest of its name (docker/cli, ``cli/context``)."""
    from hashlib import sha256

    own = sha256(name.encode()).hexdigest()
    contexts = os.path.join(folder, "contexts")
    found = config.mapping(contexts, "meta", own, "meta.json").get("Endpoints")
    docker = found.get("docker") if isinstance(found, dict) else None
    if not isinstance(docker, dict) or not docker.get("Host"):
        raise WfError(
            UNSATISFIABLE,
            f"no container can be started: there is no Docker context `{name}`",
            hint="`docker context ls` lists them; `docker context use default` is this machine's",
        )
    certificates = os.path.join(contexts, "tls", own, "docker")
    tls = None
    if os.path.isdir(certificates):
        tls = _certificates(certificates, verify=not docker.get("SkipTLSVerify"))
    return Endpoint(_complete(str(docker["Host"])), f"the Docker context `{name}`", tls)
