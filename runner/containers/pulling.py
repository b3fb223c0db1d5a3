"""How far the fetching of an image is, and why it failed: what a daemon reports, in wf's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.errors import UNSATISFIABLE, WfError
from runner.units import amount, share

if TYPE_CHECKING:
    from collections.abc import Mapping

# what a layer can be said to be (moby, "distribution/pull_v2.go"); it is there after the last ones
_ANNOUNCED = frozenset({"Pulling fs layer", "Waiting", "Retrying"})
_FETCHED = frozenset({"Verifying Checksum", "Download complete", "Extracting"})
_THERE = frozenset({"Pull complete", "Already exists"})
_DOWNLOADING = "Downloading"
_RETRYING = "Retrying in"
_SPEED_SECONDS = 1.0


class Pull:
    """One image on its way. ``text`` tells how far it is."""

    def __init__(self, reference: str, now: float) -> None:
        self._reference = reference
        self._there: dict[str, bool] = {}
        self._had: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._began = now
        self.error: str | None = None

    def take(self, report: Mapping[str, Any]) -> None:
        """Hear one report."""
        if "error" in report:
            detail = report.get("errorDetail") or {}
            self.error = str(detail.get("message") or report["error"])
            return
        layer, status = str(report.get("id") or ""), str(report.get("status") or "")
        if status in _ANNOUNCED or status.startswith(_RETRYING):
            self._there.setdefault(layer, False)
        elif status == _DOWNLOADING:
            detail = report.get("progressDetail") or {}
            self._there.setdefault(layer, False)
            self._had[layer] = int(detail.get("current") or 0)
            self._whole[layer] = max(int(detail.get("total") or 0), self._had[layer])
        elif status in _FETCHED:
            self._there.setdefault(layer, False)
            self._had[layer] = self._whole.get(layer, 0)
        elif status in _THERE:
            self._there[layer] = True
            self._had[layer] = self._whole.get(layer, 0)

    def text(self, now: float) -> str:
        """Such as ``pulling python:3.11-slim · 3 of 7 layers · 41 of 120 MB · 8 MB/s``.

        A layer's size is known once the first of it has come, so that the sum grows at first.
        """
        said = [f"pulling {self._reference}"]
        if self._there:
            said.append(f"{sum(self._there.values())} of {len(self._there)} layers")
        had, whole = sum(self._had.values()), sum(self._whole.values())
        if whole:
            said.append(share(had, whole) if had < whole else f"{amount(whole)}, unpacking")
        seconds = now - self._began
        if 0 < had < whole and seconds >= _SPEED_SECONDS:
            said.append(f"{amount(int(had / seconds))}/s")
        return " · ".join(said)


_LOGIN = r"denied|unauthorized|authentication required|no basic auth|incorrect username"
_CUT = (
    r"dial tcp|no such host|connection re(fused|set)|i/o timeout|deadline exceeded|tls handshake"
    r"|\beof|server gave http response|x509|pinging container registry"
)
# what daemons say, in small letters, why that is, and what helps; the first that fits
_CAUSES = (
    (
        r"toomanyrequests|too many requests|rate limit",
        "the image {image} cannot be fetched: its registry has had too many requests",
        "log in, which allows more: `{login}`; or wait",
    ),
    (
        r"no space left",
        "the image {image} cannot be fetched: the daemon's disk is full",
        "`docker system df` shows what lies there, `docker system prune` makes room",
    ),
    (
        r"no matching manifest|no image found in .* for architecture",
        "the image {image} is not made for this kind of machine",
        "choose another image",
    ),
    (
        r"invalid reference|invalid repository|repository name must",
        "`{image}` is no name of an image",
        "write it as NAME:TAG, or HOST/NAME:TAG, in small letters",
    ),
    (
        _LOGIN,
        "the image {image} cannot be fetched: there is none, or it takes a login",
        "check the name; if it is private, {as_whom}",
    ),
    (
        r"manifest unknown|not found|name unknown|no such image",
        "there is no image {image}",
        "check the name, and the tag behind the colon",
    ),
    (
        _CUT,
        "the image {image} cannot be fetched: {registry} cannot be reached",
        "check the network; an image that is on this machine is used without it",
    ),
)
_OTHERWISE = ("the image {image} cannot be fetched", "try `docker pull {image}`")


def failure(reference: str, said: str, *, with_login: bool) -> WfError:
    """The error for an image that cannot be fetched; ``said`` is what the daemon says of it.

    ``with_login``: the workflow names who fetches it.
    """
    lowered = said.lower()
    found = ((why, hint) for pattern, why, hint in _CAUSES if re.search(pattern, lowered))
    why, hint = next(found, _OTHERWISE)
    host = registry(reference)
    login = f"docker login {host}".strip()
    own = "check `username` and `password` of `registry_auth`"
    words = {
        "image": reference,
        "registry": host or "Docker Hub",
        "login": login,
        "as_whom": own if with_login else f"`{login}`, or name `registry_auth`",
    }
    return WfError(
        UNSATISFIABLE,
        why.format_map(words),
        hint=hint.format_map(words),
        details=said.strip() or None,
    )


def registry(reference: str) -> str:
    """The host that an image comes from; ``""`` for Docker Hub.

    What stands before the first slash is a host when it has a dot or a port, or is ``localhost``
    (distribution/reference, ``splitDockerDomain``).
    """
    host, slash, _ = reference.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return host
    return ""
