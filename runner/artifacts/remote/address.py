"""The address of a remote store, read from what a person types. Pure.

``s3://BUCKET/FOLDER``, ``gs://BUCKET/FOLDER``, ``az://CONTAINER/FOLDER``,
``sftp://[USER@]HOST[:PORT]/FOLDER`` (``ssh://`` is the same; ``/~/FOLDER`` lies in the home folder
there), ``file:///FOLDER``, or the path of a folder.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from runner.errors import USAGE, WfError

BUCKETS = ("s3", "gs", "az")
_SHELLS = ("sftp", "ssh")
_FOLDER = "file"
# neither may be taken for an option by ssh, or for several words by anything
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+")
_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._$-]*")
_EXAMPLE = "such as s3://bucket/folder, gs://, az://, sftp://host/folder, or the path of a folder"


class Address(NamedTuple):
    """``scheme`` is one of ``s3``, ``gs``, ``az``, ``sftp`` and ``file``; ``host`` a bucket too."""

    scheme: str
    path: str
    host: str = ""
    user: str | None = None
    port: int | None = None

    @property
    def shown(self) -> str:
        """As it can be shown to everybody."""
        if self.scheme == _FOLDER:
            return self.path
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}/{self.path.lstrip('/')}".rstrip("/")


def read(text: str) -> Address:
    """Read one.

    Raises:
        WfError: kind ``USAGE`` when it is none, or has a password or parameters in it. The
            message does not repeat those.
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        if not text or "\0" in text:
            raise WfError(USAGE, "the remote's address is empty", hint=_EXAMPLE)
        return Address(_FOLDER, text)
    scheme = scheme.lower()
    if scheme not in {*BUCKETS, *_SHELLS, _FOLDER}:
        hint = "wf knows s3://, gs://, az://, sftp://, and the path of a folder"
        raise WfError(USAGE, f"there is no kind of remote `{scheme}://`", hint=hint)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise WfError(USAGE, "the remote's address cannot be read", hint=_EXAMPLE) from None
    if parts.query or parts.fragment or parts.password is not None:
        raise WfError(
            USAGE,
            f"there is more in the address of this {scheme}:// remote than a place",
            hint="keys and passwords belong into variables or files, where nobody looks over "
            "your shoulder: see `share artifacts` in the docs",
        )
    path = unquote(parts.path)
    if "\0" in path or ".." in path.split("/"):
        raise WfError(USAGE, "the folder in the remote's address cannot be", hint=_EXAMPLE)
    if scheme == _FOLDER:
        return Address(_FOLDER, path or "/")
    if scheme in _SHELLS:
        return Address("sftp", path or "/~", _host(host, _HOST), _user(parts.username), port)
    # names of buckets keep their letters as they are, unlike those of hosts
    return Address(scheme, path.strip("/"), _host(parts.netloc, _BUCKET))


def _host(host: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(host) is None:
        what = "bucket" if form is _BUCKET else "host"
        raise WfError(USAGE, f"the remote's address names no {what}", hint=_EXAMPLE)
    return host


def _user(user: str | None) -> str | None:
    if user is not None and _USER.fullmatch(unquote(user)) is None:
        raise WfError(USAGE, "the user in the remote's address cannot be", hint=_EXAMPLE)
    return None if user is None else unquote(user)
