"""The variables that uv is started with inside an image. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# those that say where uv keeps things on this machine, and which interpreters there are here
_OF_THIS_MACHINE = re.compile(r"UV_(?:CACHE_DIR|PYTHON.*|TOOL_.*|LINK_MODE|WORKING_DIR(?:ECTORY)?)")
_PASSED = re.compile(
    r"UV_.*|PIP_NO_BINARY|PIP_ONLY_BINARY|SSL_.*|NETRC|HTTP_TIMEOUT"
    r"|(?i:https?_proxy|all_proxy|no_proxy)|TERM|NO_COLOR|TZ|LANG|LC_ALL"
)
_USER = re.compile(r"://[^/\s?#\"']*@")


def given(variables: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of the caller's that say where packages come from, and ``names``.

    All others are about this machine, which the image is not.
    """
    wanted = frozenset((*names, envvars.WF_RUN, envvars.WF_NOTES))
    return {
        name: value
        for name, value in variables.items()
        if name in wanted or (_PASSED.fullmatch(name) and not _OF_THIS_MACHINE.fullmatch(name))
    }


def split(
    variables: Mapping[str, str], names: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """What may be seen by whoever looks at the container, and what may hold a password."""
    asked = frozenset(names)
    hidden = {
        name: value
        for name, value in variables.items()
        if name in asked or _USER.search(value) or "PASSWORD" in name or "TOKEN" in name
    }
    shown = {name: value for name, value in variables.items() if name not in hidden}
    return shown, hidden


def written(variables: Mapping[str, str]) -> bytes:
    """The variables as a text that a shell reads."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    return "".join(lines).encode(errors="surrogateescape")
