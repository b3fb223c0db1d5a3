"""The index cannot be reached, or does not answer as an index should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.uv.failed.cause import Cause

if TYPE_CHECKING:
    from runner.environments.uv.failed.cause import Asked
    from runner.environments.uv.failed.said import Said

_URL = re.compile(r"(?:https?|git\+\w+|ssh)://(?:[^/\s@]*@)?([^/\s)'\"`]+)")
_STATUS = re.compile(r"\((\d{3}) ([A-Za-z -]+)\)|returned an? (\d{3}) ([A-Za-z -]+?) error")
_SECRET = frozenset({"401", "403"})
# the first of uv's words that is found (reqwest, hyper, rustls and the system's own)
_CAUSES = (
    (r"dns error|failed to lookup address|Could not resolve host",
     "the host {host} cannot be found (DNS)",
     "check the address of the index and the network: getent hosts {name}"),
    (r"Connection refused|Failed to connect to",
     "{host} refuses the connection",
     "check the address and port of the index, and the proxy if there is one (HTTPS_PROXY)"),
    (r"Network is unreachable|No route to host",
     "{host} cannot be reached: no way leads there",
     "check the network of this machine: ip route get {name}"),
    (r"invalid peer certificate|certificate verify failed|UnknownIssuer",
     "the certificate of {host} is not trusted",
     "name the file with your authority's certificate: SSL_CERT_FILE=…, or `cert` in pip.conf"),
    (r"timed out|[Tt]imeout",
     "{host} did not answer in time",
     "try again, or wait longer: UV_HTTP_TIMEOUT=300 (seconds)"),
    ((r"connection closed|[Cc]onnection reset|unexpected[- ][Ee][Oo][Ff]|end of file before"
      r"|peer closed|decoding response|IncompleteMessage|Empty reply|broken pipe"),
     "the connection to {host} broke off",
     "try again; if it breaks off each time, ask whoever keeps the index or the proxy"),
    (r"received corrupt message|InvalidContentType|tls handshake|TLS",
     "{host} does not speak TLS",
     "check the address of the index: http or https, and the port"),
)  # fmt: skip
_WANTED = re.compile(
    r"[Ff]ailed to download(?: and build)? `([^`]+)`|/simple/([^/\s]+)/?(?:[)\s]|$)"
)
_FETCHING = re.compile(
    r"[Ff]ailed to (?:fetch|download)|error sending request|Request failed|An index"
    r"|unable to access"
)


def unreachable(said: Said, asked: Asked) -> Cause | None:
    """Which host is at fault, how, and what was to be had from it."""
    if not _FETCHING.search(said.all + " ".join(said.build)):
        return None
    words = said.all + " ".join(said.build)
    url = _URL.search(words)
    if url is None:
        return None
    host = url[1]
    cause = _cause(host, words)
    wanted = _WANTED.search(words)
    if cause is None or wanted is None:
        return cause
    return cause._replace(
        message=f"{asked.who(wanted[1] or wanted[2])} cannot be fetched: {cause.message}"
    )


def _cause(host: str, words: str) -> Cause | None:
    status = _STATUS.search(words)
    if status:
        return _refused(host, status[1] or status[3], (status[2] or status[4]).strip())
    for pattern, message, hint in _CAUSES:
        if re.search(pattern, words):
            name = host.rpartition(":")[0] or host
            return Cause(message.format(host=f"`{host}`"), hint.format(name=name))
    return None


def _refused(host: str, status: str, phrase: str) -> Cause:
    message = f"`{host}` answers {status} {phrase}"
    if status in _SECRET:
        hint = "check the user and password of the index: in its address, or in ~/.netrc"
    elif status == "407":
        hint = "the proxy wants a user and password: HTTPS_PROXY=http://user:password@host:port"
    elif status.startswith("5"):
        hint = "the fault is the index's: try again later"
    else:
        hint = "check the address of the index"
    return Cause(message, hint)
