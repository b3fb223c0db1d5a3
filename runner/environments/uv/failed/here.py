"""What is wrong on this machine or with a file: no right to write, another hash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.uv.failed.cause import Cause

if TYPE_CHECKING:
    from runner.environments.uv.failed.cause import Asked
    from runner.environments.uv.failed.said import Said

_PATH = re.compile(r"(?<![\w:/])(/[^\s`'\":]+)")
_FORBIDDEN = re.compile(r"(Permission denied|Read-only file system|Operation not permitted) \(os")
_HASH = re.compile(r"[Hh]ash mismatch for `([^`]+)`")


def here(said: Said, asked: Asked) -> Cause | None:
    """What does not depend on versions or the network. A full disk is the cache's to tell."""
    return _forbidden(said) or _other_hash(said, asked)


def _forbidden(said: Said) -> Cause | None:
    found = _FORBIDDEN.search(said.error)
    if found is None:
        return None
    paths = _PATH.findall(said.error[: found.start()]) or _PATH.findall(said.error)
    where = f"{paths[-1]} cannot be written" if paths else "a folder cannot be written"
    return Cause(
        f"{where}: {found[1][:1].lower()}{found[1][1:]}",
        "see who may write there (ls -ld), or set WF_CACHE and UV_CACHE_DIR to folders of yours",
    )


def _other_hash(said: Said, asked: Asked) -> Cause | None:
    found = _HASH.search(said.error)
    if found is None:
        return None
    return Cause(
        f"the file of {asked.who(found[1])} does not have the hash that is asked for",
        "do not install it until you know why: compare its hash with the one the index publishes, "
        "and correct --hash if the index is right",
    )
