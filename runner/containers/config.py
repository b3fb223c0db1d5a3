"""What the user has set for the ``docker`` program (Docker 24, "Configuration files")."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "config.json"
# what a container is told, in both cases, by the name in `proxies`
_PROXIES = {
    "httpProxy": "http_proxy",
    "httpsProxy": "https_proxy",
    "ftpProxy": "ftp_proxy",
    "noProxy": "no_proxy",
}


def folder(variables: Mapping[str, str]) -> str:
    """The folder it is kept in."""
    home = variables.get("HOME") or os.path.expanduser("~")
    return variables.get(envvars.DOCKER_CONFIG) or os.path.join(home, ".docker")


def mapping(*parts: str) -> dict[str, Any]:
    """A mapping in a file; an empty one where there is none that can be read."""
    from json import loads

    with suppress(OSError, ValueError), open(os.path.join(*parts), encoding="utf-8") as file:
        found = loads(file.read())
        return found if isinstance(found, dict) else {}
    return {}


def proxies(variables: Mapping[str, str], address: str) -> dict[str, str]:
    """The variables that containers of the daemon at ``address`` find the network with.

    ``docker run`` and the SDK give them to every container, where ``proxies`` has them.
    """
    found = mapping(folder(variables), FILE).get("proxies")
    if not isinstance(found, dict):
        return {}
    own = found.get(address, found.get("default"))
    if not isinstance(own, dict):
        return {}
    named = {name: own[key] for key, name in _PROXIES.items() if own.get(key)}
    return {spelt: str(url) for name, url in named.items() for spelt in (name, name.upper())}
