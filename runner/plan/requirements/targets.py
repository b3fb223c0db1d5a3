"""Requirements that are places: folders, archives and addresses, as pip tells them from names."""

from __future__ import annotations

import re
from typing import NamedTuple

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^\]]*)\])?\s*@(?P<target>.+)")
_ARCHIVE = re.compile(r".*\.(whl|zip|tar|tgz|tbz|txz|tlz|tar\.(gz|bz2|xz|lz|lzma))", re.IGNORECASE)
_EXTRAS = re.compile(r"(?P<path>.+?)\s*\[(?P<extras>[^\[\]]*)\]")
_EGG = re.compile(r"egg=(?P<name>[\w.-]+)(?:\[(?P<extras>[^\]]*)\])?")
_SUBDIRECTORY = re.compile(r"subdirectory=([^&]+)")
_FILE = re.compile(r"file:(?://(?:localhost)?(?=[/$]))?", re.IGNORECASE)


class Target(NamedTuple):
    """What a requirement points at.

    ``at`` is an address, or a path as it was written (that of a ``file:`` address). ``name`` is
    the package's where it stands there, ``marker`` what comes behind the ``;``.
    """

    at: str
    is_local: bool
    name: str | None = None
    extras: tuple[str, ...] = ()
    marker: str = ""

    @property
    def text(self) -> str:
        """An address as uv reads it."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        plain = f"{self.name}{extras} @ {self.at}" if self.name else self.at
        return f"{plain} ; {self.marker}" if self.marker else plain


def target(written: str, *, editable: bool = False) -> Target | None:
    """The place that a requirement names; ``None`` if it is a package by name.

    An editable requirement is always a place.
    """
    named = _NAMED.fullmatch(written)
    place = named["target"].strip() if named else written
    name = named["name"] if named else None
    extras = _listed(named["extras"]) if named else ()
    if _FILE.match(place):
        at, marker = _divided(place, r"\s;|;\s")
        return _local(_path(at), name, extras, marker)
    if _SCHEME.match(place) and not _is_windows(place):
        at, marker = _divided(place, r"\s;|;\s")
        return _address(at, name, extras, marker)
    at, marker = _divided(place, ";")
    bare = _EXTRAS.fullmatch(at)
    path = bare["path"] if bare else at
    if named or editable or _looks_like_path(path):
        return _local(path, name, (*extras, *_listed(bare["extras"] if bare else None)), marker)
    return None


def is_archive(path: str) -> bool:
    """Whether a file's name is that of a package: a wheel, or an archive with sources."""
    return bool(_ARCHIVE.fullmatch(path))


def _local(at: str, name: str | None, extras: tuple[str, ...], marker: str) -> Target:
    """A path, without the fragment that names the package or a folder below."""
    path, _, fragment = at.partition("#")
    egg, sub = _EGG.search(fragment), _SUBDIRECTORY.search(fragment)
    found = _EXTRAS.fullmatch(path)
    if found:
        path, extras = found["path"], (*extras, *_listed(found["extras"]))
    if egg:
        name, extras = name or egg["name"], (*extras, *_listed(egg["extras"]))
    at = f"{path}/{sub[1]}" if sub else path
    return Target(at, is_local=True, name=name, extras=extras, marker=marker)


def _address(at: str, name: str | None, extras: tuple[str, ...], marker: str) -> Target:
    """An address; the package that a VCS address names behind `#egg=` stands before it, for uv."""
    egg = _EGG.search(at.partition("#")[2])
    if egg and name is None:
        name, extras = egg["name"], _listed(egg["extras"])
        kept = [part for part in at.partition("#")[2].split("&") if not part.startswith("egg=")]
        at = at.partition("#")[0] + ("#" + "&".join(kept) if kept else "")
    return Target(at, is_local=False, name=name, extras=extras, marker=marker)


def _divided(text: str, separator: str) -> tuple[str, str]:
    """What stands before and behind the ``;`` of a marker."""
    before, *behind = re.split(separator, text, maxsplit=1)
    return before.strip(), behind[0].strip() if behind else ""


def _listed(extras: str | None) -> tuple[str, ...]:
    return tuple(extra.strip() for extra in (extras or "").split(",") if extra.strip())


def _looks_like_path(text: str) -> bool:
    if re.search(r"\s|[<>=!~]=", text) and not text.startswith(("./", "../")):
        return False
    return text.startswith((".", "/", "~")) or "/" in text or is_archive(text)


def _path(address: str) -> str:
    """The path of a ``file:`` address (RFC 8089); a relative one is uv's and pip's own."""
    from urllib.parse import unquote

    path, hash_, fragment = _FILE.sub("", address, count=1).partition("#")
    whole = unquote(path)
    # `file:///${PROJECT_ROOT}/lib` is written, too
    return (whole.lstrip("/") if whole.startswith("/${") else whole) + hash_ + fragment


def _is_windows(place: str) -> bool:
    return bool(re.match(r"[A-Za-z]:[\\/]", place))
